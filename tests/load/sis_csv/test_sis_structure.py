"""accounts.csv, terms.csv, courses.csv, sections.csv and xlists.csv (data_sources.md, 3.2)."""

from __future__ import annotations

from datetime import UTC, datetime

from load.sis_csv.school import (
    ANA,
    ART,
    ART_1,
    ART_AND_BIO,
    COURSES,
    IN_ART,
    NEW_YEAR,
    SECTIONS,
    School,
)

ACCOUNTS = "account_id,parent_account_id,name,status\n"
TERMS = "term_id,name,status,start_date,end_date\n"
XLIST = "xlist_course_id,section_id,status\n"
A_MONTH_LATER = datetime(2026, 2, 1, tzinfo=UTC)


def test_what_no_file_holds_comes_from_the_options(school: School) -> None:
    """The root account, the default term and the built-in roles (3.3 steps 1 and 2)."""
    school.load({"users": ANA}, root_account_name="Uni", default_time_zone="Europe/Rome")
    assert school.rows("accounts", "id", "parent_account_id", "name", "default_time_zone") == [
        (1, None, "Uni", "Europe/Rome")
    ]
    assert school.rows("enrollment_terms", "id", "name", "sis_source_id", "sis_batch_id") == [
        (1, "Default Term", None, None)
    ]
    assert school.rows("roles", "id", "name", "workflow_state")[:3] == [
        (1, "AccountAdmin", "built_in"),
        (2, "AccountMembership", "built_in"),
        (3, "StudentEnrollment", "built_in"),
    ]


def test_accounts_form_a_tree_in_any_order(school: School) -> None:
    """A parent may come after its child: exports are sorted by name."""
    school.load({"accounts": ACCOUNTS + "child,parent,Child,active\nparent,,Parent,Active\n"})
    columns = ("id", "sis_source_id", "parent_account_id", "root_account_id", "sis_batch_id")
    assert school.rows("accounts", *columns)[1:] == [
        (2, "child", 3, 1, 1),
        (3, "parent", 1, 1, 1),
    ]


def test_an_account_below_nothing_or_itself_is_refused(school: School) -> None:
    rows = "a,ghost,A,active\nb,a,B,active\nc,d,C,active\nd,c,D,active\n"
    assert school.refused({"accounts": ACCOUNTS + rows}) == [
        ("accounts.csv", 2, "there is no account ghost"),
        ("accounts.csv", 3, "there is no account a"),
        ("accounts.csv", 4, "the account would be below itself"),
        ("accounts.csv", 5, "the account would be below itself"),
    ]


def test_a_new_account_needs_a_name_and_a_known_one_keeps_its_own(school: School) -> None:
    assert school.refused({"accounts": ACCOUNTS + "a,,,active\n"}) == [
        ("accounts.csv", 2, "name is missing")
    ]
    school.load({"accounts": ACCOUNTS + "a,,Arts,active\n"})
    school.load({"accounts": ACCOUNTS + "a,,,deleted\n"})
    assert school.rows("accounts", "name", "workflow_state")[1:] == [("Arts", "deleted")]


def test_dates_of_a_term_are_utc_and_blank_clears_them(school: School) -> None:
    school.load(
        {"terms": TERMS + "t,Fall,active,2026-09-01 00:00:00-06:00,2026-12-31T10:00Z\n"},
    )
    assert school.rows("enrollment_terms", "start_at", "end_at")[1:] == [
        (datetime(2026, 9, 1, 6), datetime(2026, 12, 31, 10))
    ]
    school.load({"terms": "term_id,name,status\nt,Fall!,active\n"})
    assert school.rows("enrollment_terms", "name", "start_at")[1:] == [
        ("Fall!", datetime(2026, 9, 1, 6))  # no such column: not mentioned
    ]
    school.load({"terms": TERMS + "t,Fall,active,,\n"})
    assert school.rows("enrollment_terms", "start_at", "end_at")[1:] == [(None, None)]


def test_a_bad_date_is_none_with_a_warning(school: School) -> None:
    summary = school.load({"terms": TERMS + "t,Fall,active,soon,2026-02-30\n"})
    assert school.rows("enrollment_terms", "start_at", "end_at")[1:] == [(None, None)]
    assert summary.warnings == (
        "1 row: the start_date of terms cannot be read and counts as none (first: terms.csv, line 2).",
        "1 row: the end_date of terms cannot be read and counts as none (first: terms.csv, line 2).",
    )


OVERRIDES = "term_id,name,status,start_date,end_date,date_override_enrollment_type\n"


def test_a_term_row_with_a_type_sets_only_the_dates_of_that_type(school: School) -> None:
    school.load(
        {"terms": OVERRIDES + "t,Fall,active,,,\nt,,active,2026-09-02,,TeacherEnrollment\n"}
    )
    columns = ("enrollment_term_id", "enrollment_type", "start_at", "context_type", "context_id")
    assert school.rows("enrollment_dates_overrides", *columns) == [
        (2, "TeacherEnrollment", datetime(2026, 9, 2), "Account", 1)
    ]
    school.load({"terms": OVERRIDES + "t,,deleted,,,TeacherEnrollment\n"})
    assert school.rows("enrollment_dates_overrides", "id") == []
    assert school.values("enrollment_terms", "name") == ["Default Term", "Fall"]


def test_a_term_row_with_an_unknown_type_or_term_is_refused(school: School) -> None:
    rows = "t,,active,,,TeacherEnrollment\nt,,active,,,Guest\n"
    assert school.refused({"terms": OVERRIDES + rows}) == [
        ("terms.csv", 2, "there is no term t"),
        ("terms.csv", 3, "there is no term t; unknown date_override_enrollment_type Guest"),
    ]


def test_a_course_lies_in_its_account_and_term(school: School) -> None:
    files = {
        "accounts": ACCOUNTS + "arts,,Arts,active\n",
        "terms": TERMS + "t,Fall,active,,\n",
        "courses": COURSES + "art,ART,Art,arts,t,active\n",
    }
    school.load(files)
    columns = ("sis_source_id", "course_code", "name", "account_id", "enrollment_term_id")
    assert school.rows("courses", *columns) == [("art", "ART", "Art", 2, 2)]


def test_a_course_of_no_account_or_term_goes_to_the_root_and_the_default(school: School) -> None:
    """Blank says so; unknown ones are warned of (3.2)."""
    summary = school.load({"courses": COURSES + "art,ART,Art,,,active\nbio,BIO,Bio,x,y,active\n"})
    assert school.rows("courses", "account_id", "enrollment_term_id") == [(1, 1), (1, 1)]
    assert summary.warnings == (
        (
            "1 row: the course's account is not there, so it goes to the root account "
            "(first: courses.csv, line 3)."
        ),
        (
            "1 row: the course's term is not there, so it gets the default term "
            "(first: courses.csv, line 3)."
        ),
    )


def test_the_state_of_a_course_follows_from_its_status(school: School) -> None:
    states = {
        (None, "active"): "claimed",
        (None, "published"): "available",
        ("published", "Active"): "available",
        ("completed", "active"): "available",
        ("deleted", "active"): "claimed",
        ("published", "completed"): "completed",
        ("published", "DELETED"): "deleted",
    }
    rows = "".join(
        f"art-{n},ART,Art,,,{word}\n" for n, words in enumerate(states) for word in words if word
    )
    school.load({"courses": COURSES + rows})
    found = zip(states, school.values("courses", "workflow_state"), strict=True)
    assert dict(found) == states


def test_dates_of_a_course_restrict_it(school: School) -> None:
    header = "course_id,short_name,long_name,status,start_date,end_date\n"
    columns = ("start_at", "conclude_at", "restrict_enrollments_to_course_dates")
    school.load({"courses": header + "art,ART,Art,active,2026-03-01,\n"})
    start = datetime(2026, 3, 1)
    assert school.rows("courses", *columns) == [(start, None, True)]
    school.load({"courses": header + "art,ART,Art,active,<delete>,\n"})
    assert school.rows("courses", *columns) == [(None, None, False)]


def test_settings_of_a_course_are_kept_until_they_change(school: School) -> None:
    header = "course_id,short_name,long_name,status,course_format,friendly_name,homeroom_course\n"
    school.load({"courses": header + "art,ART,Art,active,Online,Arty,true\n"})
    school.load({"courses": header + "art,ART,Art,active,,<delete>,\n"})
    assert school.rows("courses", "settings", "homeroom_course") == [
        ('{"course_format":"online"}', True)
    ]


def test_a_course_is_tied_to_its_blueprint_until_dissociated(school: School) -> None:
    header = "course_id,short_name,long_name,status,blueprint_course_id\n"
    school.load({"courses": header + "art,ART,Art,active,blue\nblue,BLUE,Blue,active,\n"})
    assert school.rows("master_courses_master_templates", "course_id", "full_course") == [(2, True)]
    columns = ("child_course_id", "master_template_id", "workflow_state")
    assert school.rows("master_courses_child_subscriptions", *columns) == [(1, 1, "active")]
    school.load({"courses": header + "art,ART,Art,active,dissociate\n"})
    assert school.values("master_courses_child_subscriptions", "workflow_state") == ["deleted"]


def test_a_course_of_an_unknown_blueprint_is_refused(school: School) -> None:
    header = "course_id,short_name,long_name,status,blueprint_course_id\n"
    assert school.refused({"courses": header + "art,ART,Art,active,ghost\n"}) == [
        ("courses.csv", 2, "there is no blueprint course ghost")
    ]


def test_a_section_lies_in_a_course(school: School) -> None:
    school.load({"courses": ART, "sections": ART_1})
    columns = ("sis_source_id", "course_id", "name", "workflow_state", "default_section")
    assert school.rows("course_sections", *columns) == [("art-1", 1, "Art One", "active", False)]
    rows = "art-2,,Two,active\nart-3,ghost,Three,active\nart-4,art,,active\n"
    assert school.refused({"sections": SECTIONS + rows}) == [
        ("sections.csv", 2, "course_id is missing"),
        ("sections.csv", 3, "there is no course ghost"),
        ("sections.csv", 4, "name is missing"),
    ]


def test_a_section_that_moves_takes_its_enrollments_along(school: School) -> None:
    school.load({"users": ANA, "courses": ART_AND_BIO, "sections": ART_1, "enrollments": IN_ART})
    school.load({"sections": SECTIONS + "art-1,bio,Art One,active\n"})
    assert school.rows("course_sections", "course_id", "nonxlist_course_id") == [(2, None)]
    assert school.values("enrollments", "course_id") == [2]


def test_dates_of_a_section_restrict_it(school: School) -> None:
    header = "section_id,course_id,name,status,start_date,end_date\n"
    school.load({"courses": ART, "sections": header + "s,art,S,active,,2026-03-01\n"})
    assert school.values("course_sections", "restrict_enrollments_to_section_dates") == [True]


def test_a_cross_listed_section_remembers_its_course_and_goes_back(school: School) -> None:
    columns = ("course_id", "nonxlist_course_id")
    files = {"courses": ART_AND_BIO, "sections": ART_1, "xlists": XLIST + "bio,art-1,active\n"}
    school.load(files)
    assert school.rows("course_sections", *columns) == [(2, 1)]
    school.load({"sections": ART_1})
    assert school.rows("course_sections", *columns) == [(2, 1)]
    school.load({"xlists": XLIST + "bio,art-1,deleted\n"})
    assert school.rows("course_sections", *columns) == [(1, None)]


def test_a_cross_listed_section_named_elsewhere_is_cross_listed_no_longer(school: School) -> None:
    courses = ART_AND_BIO + "che,CHE,Chemistry,,,active\n"
    school.load({"courses": courses, "sections": ART_1, "xlists": XLIST + "bio,art-1,active\n"})
    school.load({"sections": SECTIONS + "art-1,che,Art One,active\n"})
    assert school.rows("course_sections", "course_id", "nonxlist_course_id") == [(3, None)]


def test_an_unknown_cross_list_course_is_made_from_the_sections_course(school: School) -> None:
    school.load({"courses": ART, "sections": ART_1, "xlists": XLIST + "new,art-1,active\n"})
    columns = ("sis_source_id", "name", "workflow_state", "template_course_id")
    assert school.rows("courses", *columns)[1:] == [("new", "Art", "claimed", 1)]
    assert school.rows("course_sections", "course_id", "nonxlist_course_id") == [(2, 1)]


def test_an_unknown_section_cannot_be_cross_listed(school: School) -> None:
    assert school.refused({"xlists": XLIST + "bio,ghost,active\n"}) == [
        ("xlists.csv", 2, "there is no section ghost")
    ]


def test_exported_cross_listings_can_be_kept(school: School) -> None:
    """In an export the section is in its current course already (3.4)."""
    files = {"courses": ART, "sections": ART_1, "xlist": XLIST + "art,art-1,active\n"}
    school.load(files)
    assert school.values("course_sections", "nonxlist_course_id") == [None]
    school.load(files, keep_exported_xlists=True)
    assert school.values("course_sections", "nonxlist_course_id") == [2]
    assert school.rows("courses", "name", "sis_source_id", "workflow_state")[1:] == [
        ("Original course unknown", None, "deleted")
    ]


def test_ids_are_remembered_and_rows_keep_their_times_until_they_change(school: School) -> None:
    """3.3 steps 3 and 5."""
    school.load({"courses": ART_AND_BIO})
    school.load(
        {"courses": COURSES + "new,N,New,,,active\nbio,BIO,Bio!,,,active\nart,ART,Art,,,active\n"},
        now=A_MONTH_LATER,
    )
    first, later = NEW_YEAR.replace(tzinfo=None), A_MONTH_LATER.replace(tzinfo=None)
    assert school.rows("courses", "id", "sis_source_id", "created_at", "updated_at") == [
        (1, "art", first, first),
        (2, "bio", first, later),
        (3, "new", later, later),
    ]


def test_accounts_of_courses_and_users_are_derived_anew(school: School) -> None:
    """3.3 steps 7 and 8."""
    files = {
        "accounts": ACCOUNTS + "arts,,Arts,active\nsci,,Science,active\n",
        "courses": COURSES + "art,ART,Art,arts,,active\n",
    }
    school.load(files)
    school.load({"courses": COURSES + "art,ART,Art,sci,,active\n"})
    assert sorted(school.values("course_account_associations", "account_id")) == [1, 3]
