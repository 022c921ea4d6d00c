"""enrollments.csv, roles and the states of enrollments (data_sources.md, 3.2 and 3.3)."""

from __future__ import annotations

from datetime import datetime

import pytest
from load.sis_csv.school import (
    ANA,
    ANA_AND_BEN,
    ART,
    ART_1,
    ART_AND_BIO,
    ENROLLMENTS,
    IN_ART,
    SECTIONS,
    USERS,
    School,
)

from rollbook.errors import ConfigurationError
from rollbook.load.sis_csv import BUILT_IN_ROLE_IDS, CustomRole

CLASS = {"users": ANA_AND_BEN, "courses": ART_AND_BIO, "sections": ART_1}


def class_of_one_each(seats: list[str]) -> dict[str, str]:
    """A course in which each seat (role and status) is that of another person."""
    users = "".join(f"u{n},u{n}@x,Una Una,active\n" for n, _ in enumerate(seats))
    rows = "".join(f"art,,u{n},{seat}\n" for n, seat in enumerate(seats))
    return {"users": USERS + users, "courses": ART, "enrollments": ENROLLMENTS + rows}


def test_an_enrollment_is_a_user_in_a_section_with_a_role(school: School) -> None:
    school.load({**CLASS, "enrollments": IN_ART})
    columns = (
        *("user_id", "course_id", "course_section_id", "type", "role_id", "workflow_state"),
        *("sis_pseudonym_id", "limit_privileges_to_course_section", "sis_batch_id"),
    )
    assert school.rows("enrollments", *columns) == [
        (1, 1, 1, "StudentEnrollment", 3, "active", 1, False, 1)
    ]


def test_an_enrollment_in_a_course_goes_to_its_default_section(school: School) -> None:
    """Made on demand: no SIS id, no batch id, the course's name."""
    rows = "art,,ana,student,active\nart,,ben,teacher,active\n"
    school.load({**CLASS, "enrollments": ENROLLMENTS + rows})
    columns = ("sis_source_id", "name", "default_section", "sis_batch_id", "course_id")
    assert school.rows("course_sections", *columns)[1:] == [(None, "Art", True, None, 1)]
    assert school.values("enrollments", "course_section_id") == [2, 2]
    school.load({"enrollments": ENROLLMENTS + "art,,ben,ta,active\n"})
    assert len(school.rows("course_sections", "id")) == 2


def test_a_cross_listed_section_goes_with_both_of_its_courses(school: School) -> None:
    rows = "art,art-1,ana,student,active\nbio,art-1,ben,student,active\n"
    xlist = "xlist_course_id,section_id,status\nbio,art-1,active\n"
    school.load({**CLASS, "xlist": xlist, "enrollments": ENROLLMENTS + rows})
    assert school.values("enrollments", "course_id") == [2, 2]


def test_rows_that_name_what_is_not_there_are_refused(school: School) -> None:
    rows = (
        "ghost,,ana,student,active\n,ghost,ana,student,active\nbio,art-1,ana,student,active\n"
        "art,,ghost,student,active\nart,,ana,wizard,active\nart,,ana,AccountAdmin,active\n"
        ",,ana,student,active\nart,,,student,active\nart,,ana,,active\nart,,ana,student,asleep\n"
    )
    reasons = [
        "there is no course ghost",
        "there is no section ghost",
        "the section is not in the course bio",
        "there is no user ghost",
        "there is no role; add it to the custom roles if it is one: wizard",
        "this is no role for a course: AccountAdmin",
        "course_id or section_id is missing",
        "user_id or user_integration_id is missing",
        "role or role_id is missing",
        (
            "unknown status 'asleep'; possible are active, completed, concluded, inactive, "
            "deleted_last_completed, deleted"
        ),
    ]
    assert school.refused({**CLASS, "enrollments": ENROLLMENTS + rows}) == [
        ("enrollments.csv", line, reason) for line, reason in enumerate(reasons, 2)
    ]


def test_canvas_roles_are_known_by_their_words(school: School) -> None:
    kinds = {
        "STUDENT": "Student",
        "students": "Student",
        "Teacher": "Teacher",
        "ta": "Ta",
        "designer": "Designer",
        "observer": "Observer",
        "TaEnrollment": "Ta",
    }
    school.load(class_of_one_each([f"{word},active" for word in kinds]))
    found = zip(kinds, school.values("enrollments", "type"), strict=True)
    assert dict(found) == {word: f"{kind}Enrollment" for word, kind in kinds.items()}


def test_a_custom_role_is_known_by_its_exact_name_or_id(school: School) -> None:
    roles = (
        CustomRole("Student helper", "TaEnrollment", 77),
        CustomRole("Guest", "StudentEnrollment"),
    )
    header = "course_id,user_id,role,role_id,status\n"
    rows = "art,ana,Student helper,,active\nart,ben,,77,active\nart,ana,Guest,,active\n"
    school.load({**CLASS, "enrollments": header + rows}, custom_roles=roles)
    assert school.rows("enrollments", "type", "role_id") == [
        ("TaEnrollment", 77),
        ("TaEnrollment", 77),
        ("StudentEnrollment", 1_000_001),
    ]
    reason = "there is no role; add it to the custom roles if it is one: guest"
    assert school.refused({"e": header + "art,ana,guest,,active\n"}) == [("e.csv", 2, reason)]


def test_an_unknown_role_id_gives_way_to_the_role(school: School) -> None:
    header = "course_id,user_id,role,role_id,status\n"
    school.load({**CLASS, "e": header + "art,ana,student,4711,active\n"})
    assert school.values("enrollments", "role_id") == [3]


def test_a_role_id_that_contradicts_the_role_is_refused(school: School) -> None:
    header = "course_id,user_id,role,role_id,status\n"
    reason = "role_id and role mean different roles; set the ids of the built-in roles: 4, student"
    assert school.refused({**CLASS, "e": header + "art,ana,student,4,active\n"}) == [
        ("e.csv", 2, reason)
    ]


def test_built_in_roles_have_the_ids_they_are_given(school: School) -> None:
    ids = {name: number + 18 for name, number in BUILT_IN_ROLE_IDS.items()}
    school.load({**CLASS, "enrollments": IN_ART}, built_in_role_ids=ids)
    assert school.values("enrollments", "role_id") == [21]
    with pytest.raises(ConfigurationError, match="'AccountAdmin' would get the id 1"):
        school.load({"users": ANA})


def test_the_status_is_the_state(school: School) -> None:
    """`concluded` is what an export prints for completed (3.4)."""
    states = {
        "Active": "active",
        "completed": "completed",
        "concluded": "completed",
        "inactive": "inactive",
        "deleted": "deleted",
        "deleted_last_completed": "completed",
    }
    school.load(class_of_one_each([f"student,{status}" for status in states]))
    found = zip(states, school.values("enrollments", "workflow_state"), strict=True)
    assert dict(found) == states
    assert school.values("enrollment_states", "state") == list(states.values())
    ends = [moment is not None for moment in school.values("enrollments", "completed_at")]
    assert ends == [state == "completed" for state in states.values()]


def test_deleted_last_completed_keeps_the_last_one(school: School) -> None:
    """It deletes as long as another active enrollment in the course is left."""
    sections = ART_1 + "art-2,art,Art Two,active\n"
    rows = ",art-1,ana,student,active\n,art-2,ana,student,active\n"
    school.load({**CLASS, "sections": sections, "enrollments": ENROLLMENTS + rows})
    last = "deleted_last_completed"
    school.load({"enrollments": f"{ENROLLMENTS},art-1,ana,student,{last}\n"})
    assert school.values("enrollments", "workflow_state") == ["deleted", "active"]
    school.load({"enrollments": f"{ENROLLMENTS},art-2,ana,student,{last}\n"})
    assert school.values("enrollments", "workflow_state") == ["deleted", "completed"]


def test_active_is_deleted_for_a_deleted_login(school: School) -> None:
    school.load({**CLASS, "users": USERS + "ana,a,Ana,deleted\n", "enrollments": IN_ART})
    assert school.values("enrollments", "workflow_state") == ["deleted"]


def test_the_integration_id_of_a_user_wins(school: School) -> None:
    users = "user_id,login_id,integration_id,status\nana,a,int-ana,active\nben,b,,active\n"
    header = "course_id,user_id,user_integration_id,role,status\n"
    school.load({**CLASS, "users": users, "e": header + "art,ben,int-ana,student,active\n"})
    assert school.values("enrollments", "user_id") == [1]


def test_section_user_role_and_observed_user_make_an_enrollment(school: School) -> None:
    header = "course_id,user_id,role,status,associated_user_id\n"
    rows = (
        "art,ana,observer,active,\nart,ana,observer,active,ben\nart,ana,observer,inactive,ben\n"
        "art,ana,student,active,ben\n"
    )
    school.load({**CLASS, "e": header + rows})
    assert school.rows("enrollments", "type", "associated_user_id", "workflow_state") == [
        ("ObserverEnrollment", None, "active"),
        ("ObserverEnrollment", 2, "inactive"),
        ("StudentEnrollment", None, "active"),
    ]


def test_further_users_of_an_enrollment_must_be_there(school: School) -> None:
    header = (
        "course_id,user_id,role,status,associated_user_id,temporary_enrollment_source_user_id\n"
    )
    rows = "art,ana,observer,active,ghost,\nart,ana,teacher,active,,ghost\nart,ana,ta,active,,ben\n"
    assert school.refused({**CLASS, "e": header + rows}) == [
        ("e.csv", 2, "there is no user ghost"),
        ("e.csv", 3, "there is no user ghost"),
    ]
    school.load({**CLASS, "e": header + rows}, skip_bad_rows=True)
    assert school.values("enrollments", "temporary_enrollment_source_user_id") == [2]


def test_section_privileges_are_limited_and_stay_so(school: School) -> None:
    header = "course_id,user_id,role,status,limit_section_privileges\n"
    school.load({**CLASS, "e": header + "art,ana,ta,active,true\n"})
    school.load({"e": header + "art,ana,ta,active,\n"})
    assert school.values("enrollments", "limit_privileges_to_course_section") == [True]


DATED = "course_id,user_id,role,status,start_date,end_date\n"


def test_dates_of_an_enrollment_count_in_pairs(school: School) -> None:
    rows = "art,ana,student,active,2025-01-01,2027-01-01\nart,ben,student,active,2025-01-01,\n"
    summary = school.load({**CLASS, "e": DATED + rows})
    assert school.rows("enrollments", "start_at", "end_at") == [
        (datetime(2025, 1, 1), datetime(2027, 1, 1)),
        (None, None),
    ]
    assert summary.warnings == (
        "1 row: an enrollment needs both dates or none, so its date is left out (first: e.csv, line 3).",
    )


PAST, FUTURE = "2025-06-01", "2026-06-01"


@pytest.mark.parametrize(
    ("where", "role", "dates", "state"),
    [
        ("enrollment", "student", ("2025-01-01", PAST), "completed"),
        ("enrollment", "student", (FUTURE, "2026-07-01"), "pending_active"),
        ("enrollment", "teacher", (FUTURE, "2026-07-01"), "active"),
        ("section", "student", ("", PAST), "completed"),
        ("course", "student", ("", PAST), "completed"),
        ("term", "student", ("", PAST), "completed"),
        ("term", "student", (PAST, FUTURE), "active"),
        ("term", "student", (FUTURE, ""), "pending_active"),
        ("override", "teacher", ("", PAST), "completed"),
        ("override", "student", ("", PAST), "active"),
    ],
)
def test_dates_decide_what_an_active_enrollment_amounts_to(
    school: School, where: str, role: str, dates: tuple[str, str], state: str
) -> None:
    """The nearest dates that apply, seen from 1 January 2026 (3.3 step 6)."""
    given = {place: ",".join(dates) if place == where else "," for place in PLACES}
    school.load(
        {
            "users": ANA,
            "terms": "term_id,name,status,start_date,end_date,date_override_enrollment_type\n"
            f"t,T,active,{given['term']},\nt,,active,{given['override']},TeacherEnrollment\n",
            "courses": "course_id,short_name,long_name,term_id,status,start_date,end_date\n"
            f"art,ART,Art,t,active,{given['course']}\n",
            "sections": "section_id,course_id,name,status,start_date,end_date\n"
            f"art-1,art,One,active,{given['section']}\n",
            "e": "section_id,user_id,role,status,start_date,end_date\n"
            f"art-1,ana,{role},active,{given['enrollment']}\n",
        }
    )
    assert school.values("enrollment_states", "state") == [state]


PLACES = ("enrollment", "section", "course", "override", "term")


def test_an_enrollment_may_end_and_begin_again(school: School) -> None:
    school.load({**CLASS, "enrollments": IN_ART})
    for status in ("completed", "active"):
        school.load({"enrollments": f"{ENROLLMENTS},art-1,ana,student,{status}\n"})
        assert school.values("enrollments", "workflow_state") == [status]
    assert school.values("enrollments", "completed_at") == [None]


def test_batch_mode_deletes_what_a_term_no_longer_has(school: School) -> None:
    """Only in the term, only kinds of which there is a file."""
    terms = "term_id,name,status\nt,T,active\n"
    courses = (
        "course_id,short_name,long_name,term_id,status\nart,A,Art,t,active\nbio,B,Bio,,active\n"
    )
    sections = ART_1 + "bio-1,bio,B,active\n"
    rows = ",art-1,ana,student,active\n,art-1,ben,student,active\n,bio-1,ben,student,active\n"
    school.load(
        {"u": ANA_AND_BEN, "t": terms, "c": courses, "s": sections, "e": ENROLLMENTS + rows}
    )
    school.load({"e": IN_ART}, batch_mode_term="t")
    assert school.values("enrollments", "workflow_state") == ["active", "deleted", "active"]
    assert school.values("course_sections", "workflow_state") == ["active", "active"]


def test_sections_of_other_files_stay(school: School) -> None:
    """What is not mentioned stays: SIS loads are incremental."""
    school.load({"users": ANA, "courses": ART, "sections": ART_1, "enrollments": IN_ART})
    school.load({"sections": SECTIONS + "art-2,art,Art Two,active\n"})
    assert school.values("course_sections", "sis_source_id") == ["art-1", "art-2"]
    assert school.values("enrollments", "workflow_state") == ["active"]
