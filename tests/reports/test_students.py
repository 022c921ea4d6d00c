"""Rules of the student reports that no case shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from engines.filled_lake import institution_with

from rollbook.errors import BadParameter, UnknownCourse, UnknownTerm
from rollbook.institution import Institution
from rollbook.reports.execution import Product

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
NO_SUBMISSIONS = "students_with_no_submissions_csv"
ACCOUNTS = [
    {"id": 1, "root_account_id": 1, "default_time_zone": "America/New_York"},
    {"id": 2, "parent_account_id": 1, "root_account_id": 1},
    {"id": 9, "default_time_zone": "UTC"},
]
TERMS = [
    {"id": 10, "root_account_id": 1, "name": None, "workflow_state": "deleted"},
    {"id": 11, "root_account_id": 1, "name": "Spring", "workflow_state": "active"},
]


def course(id_: int, **columns: Any) -> dict[str, Any]:
    defaults = {"root_account_id": 1, "account_id": 1, "enrollment_term_id": 11}
    return {"id": id_, "workflow_state": "available", **defaults, **columns}


def student(id_: int, user: int, course: int = 1, **columns: Any) -> dict[str, Any]:
    """An enrollment in the course's section, which has the id of the course."""
    place = {"user_id": user, "course_id": course, "course_section_id": course}
    kind = {"type": "StudentEnrollment", "workflow_state": "active", "root_account_id": 1}
    return {"id": id_, **place, **kind, **columns}


def login(id_: int, user: int, name: str = "x", **columns: Any) -> dict[str, Any]:
    state = {"account_id": 1, "workflow_state": "active"}
    return {"id": id_, "user_id": user, "unique_id": name, **state, **columns}


def submission(id_: int, user: int, assignment: int, at: str | None) -> dict[str, Any]:
    state = {"workflow_state": "submitted"}
    return {"id": id_, "user_id": user, "assignment_id": assignment, "submitted_at": at, **state}


ACTIVE = {"workflow_state": "active"}
PEOPLE: dict[str, Any] = {
    "users": [{"id": id_, "sortable_name": f"Person {id_}"} for id_ in (1, 2, 3)],
    "pseudonyms": [login(id_, id_) for id_ in (1, 2, 3)],
    "courses": [course(1, sis_source_id="C1", integration_id="I1", lti_context_id="L1"), course(2)],
    "course_sections": [
        {"id": id_, "course_id": id_, "workflow_state": "active"} for id_ in (1, 2)
    ],
}


def produce(
    folder: Path,
    report: str,
    parameters: dict[str, Any] | None = None,
    *,
    account: str = "1",
    shard: int = 0,
    **tables: Any,
) -> Product:
    given = {"accounts": ACCOUNTS, "enrollment_terms": TERMS, **PEOPLE, **tables}
    with institution_with(folder / "data", given, shard=shard) as institution:
        return institution.run(report, parameters, account=account, now=NOW).produce(folder)


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Institution]:
    """Three students in one course, in three states; a second course belongs to another root."""
    enrollments = [
        student(1, 1),
        student(2, 2, workflow_state="deleted"),
        student(3, 3, workflow_state="rejected"),
    ]
    courses = [*PEOPLE["courses"], course(3, root_account_id=9)]
    given: dict[str, Any] = {
        **PEOPLE,
        "accounts": ACCOUNTS,
        "enrollment_terms": TERMS,
        "enrollments": enrollments,
        "courses": courses,
    }
    with institution_with(tmp_path_factory.mktemp("school"), given) as institution:
        yield institution


def run(
    school: Institution, folder: Path, report: str, parameters: dict[str, Any] | None = None
) -> Product:
    return school.run(report, parameters, account="1", now=NOW).produce(folder)


def lines(product: Product) -> list[str]:
    return product.file.read_text("utf-8").splitlines()[1:]


def users(product: Product) -> list[str]:
    return [line.split(",")[0] for line in lines(product)]


SINCE_MARCH = "Include Deleted/Concluded Objects; Term: ; Start At: 2026-03-02T00:00:00-05:00;"


@pytest.mark.parametrize(
    ("report", "text"),
    [
        (
            NO_SUBMISSIONS,
            (
                f"{SINCE_MARCH} End At: 2026-03-16T00:00:00-04:00; For Course: 1; "
                "Include Enrollment State: true; Enrollment States: rejected active;"
            ),
        ),
        ("zero_activity_csv", f"{SINCE_MARCH} For Course: 1;"),
        ("last_user_access_csv", "Include Deleted/Concluded Objects; Term: ; For Course: 1;"),
        (
            "last_enrollment_activity_csv",
            "Include Deleted/Concluded Objects; Term: ; For Course: 1;",
        ),
        ("user_access_tokens_csv", "Include Deleted/Concluded Objects;"),
    ],
)
def test_the_settings_are_told_in_words(
    school: Institution, tmp_path: Path, report: str, text: str
) -> None:
    """Those that the report knows, in one order; a term without a name is told, too."""
    parameters = {
        "include_deleted": "1",
        "enrollment_term_id": 10,
        "start_at": "2026-03-02",
        "course_id": "sis_course_id:C1",
        "include_enrollment_state": True,
        "enrollment_state": ["rejected", "active"],
    }
    assert run(school, tmp_path, report, parameters).extra_text == text


@pytest.mark.parametrize(
    ("states", "told", "rows"),
    [
        (None, "all", ["1", "2", "3"]),
        ("all", "all", ["1", "2", "3"]),
        (["active", "all"], "all", ["1", "2", "3"]),
        (["deleted", "rejected"], "deleted rejected", ["2", "3"]),
        ("active", "active", ["1"]),
        ("active,deleted", "active,deleted", []),
        ("Active", "Active", []),
    ],
)
def test_states_of_enrollments_are_taken_as_they_are_written(
    school: Institution, tmp_path: Path, states: Any, told: str, rows: list[str]
) -> None:
    product = run(school, tmp_path, NO_SUBMISSIONS, {"enrollment_state": states})
    assert users(product) == rows
    assert product.extra_text.endswith(f" Enrollment States: {told};")


@pytest.mark.parametrize(
    ("start", "end", "computed"),
    [
        (
            None,
            None,
            {"start_at": "2026-03-06T07:00:00-05:00", "end_at": "2026-03-20T08:00:00-04:00"},
        ),
        ("2026-03-02", None, {"end_at": "2026-03-16T00:00:00-04:00"}),
        ("soon", "2026-03-10T12:00:00Z", {"start_at": "2026-02-24T08:00:00-05:00"}),
        ("2026-03-02T00:00:00-05:00", "2026-03-16T00:00:00-04:00", {}),
        ("2026-03-02", "2026-03-16T01:00:01", {"start_at": "2026-03-02T01:00:01-05:00"}),
        ("2026-03-02", "2026-01-01", {}),
    ],
)
def test_two_weeks_have_the_same_time_of_day_across_a_clock_change(
    school: Institution,
    tmp_path: Path,
    start: str | None,
    end: str | None,
    computed: dict[str, str],
) -> None:
    """A range is too long by its seconds, of which these two weeks have 3,600 less."""
    product = run(school, tmp_path, NO_SUBMISSIONS, {"start_at": start, "end_at": end})
    assert product.computed_parameters == computed


def test_a_submission_within_the_window_hides_every_section_of_that_course_alone(
    tmp_path: Path,
) -> None:
    """Its fraction of a second counts; what belongs to no course does not."""
    product = produce(
        tmp_path,
        NO_SUBMISSIONS,
        {"start_at": "2026-03-02T00:00:00Z", "end_at": "2026-03-03T00:00:00Z"},
        enrollments=[
            *(student(1, 1), student(2, 1, course_section_id=2), student(3, 1, 2)),
            *(student(4, 2), student(5, 3)),
        ],
        assignments=[
            {"id": 1, "context_type": "Course", "context_id": 1, "workflow_state": "deleted"},
            {"id": 2, "context_type": "Account", "context_id": 1},
        ],
        submissions=[
            submission(1, 1, 1, "2026-03-02T00:00:00.000001Z"),
            submission(2, 2, 1, "2026-03-03T00:00:00Z"),
            submission(3, 3, 2, "2026-03-02T12:00:00Z"),
        ],
    )
    assert [line.split(",")[6] for line in lines(product)] == ["2", "1", "1"]
    assert users(product) == ["1", "2", "3"]


@pytest.mark.parametrize("date", ["2026-02-30", "March 32, 2026", "2026-03-02T25:00"])
@pytest.mark.parametrize("report", [NO_SUBMISSIONS, "zero_activity_csv"])
def test_an_impossible_date_fails_the_run(
    school: Institution, tmp_path: Path, report: str, date: str
) -> None:
    with pytest.raises(BadParameter, match="There is no such time"):
        run(school, tmp_path, report, {"start_at": date})


@pytest.mark.parametrize(
    "name",
    [
        *(1, " 1 ", "sis_course_id:C1", "sis_integration_id:I1", "lti_context_id:L1"),
        *("hex:sis_course_id:4331", "hex:lti_context_id:4c31"),
    ],
)
def test_a_course_is_found_in_any_of_its_forms(
    school: Institution, tmp_path: Path, name: Any
) -> None:
    """The older name of the parameter counts when the newer is blank."""
    product = run(school, tmp_path, "zero_activity_csv", {"course_id": " ", "course": name})
    assert product.extra_text == "Term: All Terms; For Course: 1;"


@pytest.mark.parametrize(
    "name", [True, [1], 3, "-1", "sis_course_id:c1", "sis_term_id:C1", "Course 1", "sis_course_id:"]
)
def test_an_unknown_course_fails_the_run(school: Institution, tmp_path: Path, name: Any) -> None:
    """One of another root account, and text of no known form, too."""
    with pytest.raises(UnknownCourse, match="has no course"):
        run(school, tmp_path, "last_user_access_csv", {"course_id": name})


def test_only_tokens_have_no_term(school: Institution, tmp_path: Path) -> None:
    parameters = {"enrollment_term_id": 99, "course_id": 99, "start_at": "2026-02-30"}
    assert run(school, tmp_path, "user_access_tokens_csv", parameters).extra_text == ""
    for report in ("last_user_access_csv", "last_enrollment_activity_csv", "zero_activity_csv"):
        with pytest.raises(UnknownTerm):
            run(school, tmp_path, report, {"enrollment_term": 99})


def test_activity_of_the_very_start_is_not_quiet_but_hides_nobody(tmp_path: Path) -> None:
    """Any other enrollment of the course hides, a deleted one of a teacher, too."""
    start = "2026-03-02T05:00:00Z"
    after = "2026-03-02T05:00:00.5Z"
    product = produce(
        tmp_path,
        "zero_activity_csv",
        {"start_at": "2026-03-02"},
        enrollments=[
            *(student(1, 1, last_activity_at=start), student(2, 1)),
            student(3, 2, last_activity_at="2026-03-01T00:00:00Z"),
            student(
                4, 2, type="TeacherEnrollment", workflow_state="deleted", last_activity_at=after
            ),
            *(student(5, 2, 2), student(6, 3, 2, last_activity_at=start)),
        ],
    )
    assert [(line.split(",")[0], line.split(",")[6]) for line in lines(product)] == [
        ("1", "1"),
        ("2", "2"),
    ]


def test_zeros_in_a_login_name_leave_the_choice_to_the_position(tmp_path: Path) -> None:
    logins = [
        login(1, 1, "kim02", sis_user_id="LAST", position=None),
        login(2, 1, "kim2", sis_user_id="SECOND", position=2),
        login(3, 1, "Kim002b", sis_user_id="LONGER", position=1),
        login(4, 1, "kim1", position=1),
    ]
    product = produce(tmp_path, "zero_activity_csv", enrollments=[student(1, 1)], pseudonyms=logins)
    assert [line.split(",")[1] for line in lines(product)] == ["SECOND"]


def test_a_course_wins_over_the_term_for_last_access(tmp_path: Path) -> None:
    """Enrollments of other root accounts and test students do not count, teachers do."""
    product = produce(
        tmp_path,
        "last_user_access_csv",
        {"course_id": 2, "enrollment_term_id": 10},
        enrollments=[
            student(1, 1, 2, type="TeacherEnrollment"),
            student(2, 2, 2, type="StudentViewEnrollment"),
            student(3, 3, 2, root_account_id=9),
        ],
    )
    assert users(product) == ["1"]
    assert product.extra_text == "Term: ; For Course: 2;"


def test_logins_of_the_vendor_have_no_access(tmp_path: Path) -> None:
    logins = [login(1, 1, current_login_ip="10.0.0.1"), login(2, 2, is_inst_id=True)]
    product = produce(tmp_path, "last_user_access_csv", pseudonyms=logins)
    assert lines(product) == ["1,,Person 1,,10.0.0.1"]


def test_a_sub_account_narrows_last_activity_beside_a_course(tmp_path: Path) -> None:
    """Unlike in the reports that print sections, where a chosen course counts wherever it is."""
    tables: dict[str, Any] = {
        "courses": [course(1), course(2, account_id=2)],
        "enrollments": [
            student(1, 1, 1, last_activity_at="2026-03-02T00:00:00Z"),
            student(2, 1, 2, last_activity_at="2026-03-01T00:00:00.9Z"),
            student(3, 2, 1),
        ],
    }

    def of_course(report: str, course: int) -> list[str]:
        return lines(produce(tmp_path, report, {"course_id": course}, account="2", **tables))

    assert of_course("last_enrollment_activity_csv", 1) == []
    assert of_course("last_enrollment_activity_csv", 2) == ["1,Person 1,2026-02-28T19:00:00-05:00"]
    assert of_course("zero_activity_csv", 1)[0].startswith("2,")


def token(id_: int, user: int, key: int, **columns: Any) -> dict[str, Any]:
    return {"id": id_, "user_id": user, "developer_key_id": key, **ACTIVE, **columns}


def test_tokens_made_by_hand_show_their_hint(tmp_path: Path) -> None:
    """The default key is the one that a setting names, there or not, and any of its name."""
    tables: dict[str, Any] = {
        "developer_keys": [
            {"id": 5, "name": "User-Generated", "workflow_state": "deleted", "account_id": 9},
            {"id": 6, "name": "user-generated"},
        ],
        "settings": [{"id": 1, "name": "User-Generated_developer_key_id", "value": "4"}],
        "access_tokens": [
            token(1, 1, 4, token_hint="aaaaa", last_used_at="2026-03-02T00:00:00Z"),
            token(2, 1, 5),
            token(3, 1, 6, token_hint="ccccc", last_used_at="2026-03-03T00:00:00Z"),
        ],
    }
    never = "never,never"
    assert lines(produce(tmp_path, "user_access_tokens_csv", **tables)) == [
        f"1,Person 1,2,,,...,{never},never,active,5,User-Generated",
        f"1,Person 1,3,,ccccc,,{never},2026-03-02T19:00:00-05:00,active,6,user-generated",
        f"1,Person 1,1,,aaaaa,aaaaa...,{never},2026-03-01T19:00:00-05:00,active,4,",
    ]
    sharded = produce(tmp_path, "user_access_tokens_csv", shard=496, **tables)
    assert [line.split(",")[5] for line in lines(sharded)] == ["496~...", "", "496~aaaaa..."]


def test_a_token_expires_at_its_very_moment(tmp_path: Path) -> None:
    """Only deleted tokens go besides; the short refresh time is not looked at."""
    now = "2026-03-20T12:00:00Z"
    product = produce(
        tmp_path,
        "user_access_tokens_csv",
        {"exclude_deleted_and_expired": "yes"},
        access_tokens=[
            token(1, 1, 5, permanent_expires_at=now),
            token(2, 1, 5, permanent_expires_at="2026-03-20T12:00:00.1Z"),
            token(3, 1, 5, workflow_state="deleted"),
            token(4, 1, 5, workflow_state="pending", expires_at="2020-01-01T00:00:00Z"),
        ],
    )
    assert [line.split(",")[2] for line in lines(product)] == ["2", "4"]


def test_the_best_login_alone_says_whether_a_user_is_deleted(tmp_path: Path) -> None:
    """A deleted one with a SIS id beats an active one; those of other roots play no part."""
    product = produce(
        tmp_path,
        "user_access_tokens_csv",
        pseudonyms=[
            login(1, 1),
            login(2, 1, workflow_state="deleted", sis_user_id="S1"),
            login(3, 2, workflow_state="suspended"),
            login(4, 2, workflow_state="deleted", sis_user_id="S2", account_id=9),
            login(5, 3, account_id=9),
        ],
        access_tokens=[token(1, 1, 5), token(2, 2, 5), token(3, 3, 5)],
    )
    assert users(product) == ["2"]


def test_last_access_tells_its_progress_exactly(school: Institution, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    result = school.run("last_user_access_csv", account="1", now=NOW)
    result.write(tmp_path, lambda lines, percent: told.append((lines, percent)))
    assert told == [(0, 0), (1, 24)]
