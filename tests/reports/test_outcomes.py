"""Rules of the outcome reports that no case shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conformance.cells import Row, read_files
from engines.filled_lake import institution_with

import rollbook
from rollbook.reports.execution import ReportRequest, execute
from rollbook.reports.outcomes import OUTCOME_EXPORT, OUTCOME_RESULTS, STUDENT_COMPETENCY

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
RESULTS, COMPETENCY, EXPORT = (
    report.key for report in (OUTCOME_RESULTS, STUDENT_COMPETENCY, OUTCOME_EXPORT)
)
ACCOUNTS = [
    {"id": 1, "name": "Northgate", "default_time_zone": "UTC"},
    {"id": 2, "name": "Branch", "root_account_id": 1, "parent_account_id": 1},
    {"id": 3, "name": "Twig", "root_account_id": 1, "parent_account_id": 2},
]
ACTIVE = {"workflow_state": "active"}


def criterion(mastery: float, possible: float, **ratings: float) -> str:
    levels = [{"description": name, "points": points} for name, points in ratings.items()]
    stored = {"mastery_points": mastery, "points_possible": possible, "ratings": levels}
    return json.dumps({"rubric_criterion": stored})


def outcome(id_: int, data: str | None = None, **columns: Any) -> dict[str, Any]:
    return {"id": id_, "short_description": f"O{id_}", "data": data, **ACTIVE, **columns}


def group(id_: int, parent: int | None = None, account: int = 1, **columns: Any) -> dict[str, Any]:
    owner = {"context_type": "Account", "context_id": account}
    row = {"id": id_, "learning_outcome_group_id": parent, "title": f"G{id_}"}
    return {**row, **owner, **ACTIVE, **columns}


def link(id_: int, outcome: int, group: int, account: int = 1, **columns: Any) -> dict[str, Any]:
    owner = {"context_type": "Account", "context_id": account}
    ends = {"content_type": "LearningOutcome", "associated_asset_type": "LearningOutcomeGroup"}
    ids = {"id": id_, "content_id": outcome, "associated_asset_id": group}
    kind = {"tag_type": "learning_outcome_association"}
    return {**ids, **owner, **ends, **kind, **ACTIVE, **columns}


def alignment(id_: int, assignment: int, outcome: int = 5, **columns: Any) -> dict[str, Any]:
    row = {"id": id_, "content_type": "Assignment", "content_id": assignment}
    return {
        **row,
        "tag_type": "learning_outcome",
        "learning_outcome_id": outcome,
        **ACTIVE,
        **columns,
    }


def result(id_: int, **columns: Any) -> dict[str, Any]:
    row = {
        "id": id_,
        "user_id": 1,
        "learning_outcome_id": 5,
        "content_tag_id": 60,
        "context_id": 40,
    }
    kind = {"artifact_type": "RubricAssessment", "artifact_id": 1}
    return {**row, **kind, **ACTIVE, **columns}


# A student of one course, with an assignment aligned with outcome 5.
TABLES: dict[str, Any] = {
    "accounts": ACCOUNTS,
    "users": [{"id": 1, "sortable_name": "Lake, Amy"}],
    "pseudonyms": [{"id": 1, "user_id": 1, "account_id": 1, "sis_user_id": "S1", **ACTIVE}],
    "courses": [{"id": 40, "root_account_id": 1, "account_id": 3, "workflow_state": "available"}],
    "course_sections": [{"id": 41, "course_id": 40}],
    "enrollments": [
        {
            "id": 1,
            "user_id": 1,
            "course_id": 40,
            "course_section_id": 41,
            "root_account_id": 1,
            "type": "StudentEnrollment",
            **ACTIVE,
        }
    ],
    "learning_outcomes": [outcome(5, criterion(3, 4.0, Strong=4, Solid=3.0, Weak=0))],
    "learning_outcome_groups": [group(9)],
    "content_tags": [link(50, 5, 9), alignment(60, 70)],
    "assignments": [
        {
            "id": id_,
            "title": f"A{id_}",
            "context_type": "Course",
            "context_id": 40,
            "type": "Assignment",
            "workflow_state": "published",
        }
        for id_ in (70, 71)
    ],
}
SCALES_OF_ACCOUNT = {
    "id": 1,
    "context_type": "Account",
    "context_id": 1,
    "feature": "account_level_mastery_scales",
    "state": "on",
}


@contextmanager
def given(folder: Path, **tables: Any) -> Iterator[rollbook.Institution]:
    with institution_with(folder / "data", {**TABLES, **tables}) as institution:
        yield institution


def lines(folder: Path, report: str, account: int = 1, **tables: Any) -> list[Row]:
    """The lines of a report, its header first."""
    with given(folder, **tables) as institution:
        file = institution.run(report, account=str(account), now=NOW).write(folder)
    return read_files(file)["report.csv"]


def cells(folder: Path, report: str, *columns: str, **tables: Any) -> list[Row]:
    """Some columns of each row."""
    header, *rows = lines(folder, report, **tables)
    return [tuple(row[header.index(column)] for column in columns) for row in rows]


RATING = (
    "learning outcome points possible",
    "learning outcome mastery score",
    "learning outcome rating",
    "learning outcome rating points",
)


def test_numbers_of_a_scale_keep_the_type_they_are_stored_with(tmp_path: Path) -> None:
    """And ratings may stand in any order."""
    data = criterion(3, 4.0, Weak=0, Solid=3.5, Strong=4)
    results = [
        result(1, score=3, possible=4, percent=0.9),
        result(2, score=3, possible=4, percent=1.0),
        result(3, score=3, possible=4, percent=-0.5),
    ]
    found = cells(
        tmp_path,
        RESULTS,
        *RATING,
        learning_outcomes=[outcome(5, data)],
        learning_outcome_results=results,
    )
    assert found == [
        ("4.0", "3", "Solid", "3.5"),
        ("4.0", "3", "Strong", "4"),
        ("4.0", "3", None, None),
    ]


def test_without_percent_a_score_is_brought_to_the_scale(tmp_path: Path) -> None:
    """Of zero points possible, nothing is no rating, and something the best one."""
    scores = [(1.5, 2.0), (0.0, 0.0), (0.5, 0.0), (None, 2.0), (1.0, None)]
    results = [result(n, score=s, possible=p) for n, (s, p) in enumerate(scores)]
    found = cells(tmp_path, RESULTS, "learning outcome rating", learning_outcome_results=results)
    assert found == [("Solid",), (None,), ("Strong",), (None,), (None,)]


def test_a_percent_is_of_mastery_points_where_a_scale_has_no_points(tmp_path: Path) -> None:
    found = cells(
        tmp_path,
        RESULTS,
        "learning outcome rating",
        learning_outcomes=[outcome(5, criterion(3, 0, Good=3, Poor=1))],
        learning_outcome_results=[
            result(1, percent=1.0),
            result(2, percent=0.9),
            result(3, score=1.0, possible=1.0),
        ],
    )
    assert found == [("Good",), ("Poor",), (None,)]


def test_an_alignment_and_a_quiz_of_two_assignments_give_two_rows(tmp_path: Path) -> None:
    """What a quiz submission lacks comes from the submission."""
    found = cells(
        tmp_path,
        RESULTS,
        *("assessment title", "assessment id", "assessment type"),
        *("submission date", "submission score", "assignment url"),
        learning_outcome_results=[
            result(
                1,
                association_type="Quizzes::Quiz",
                association_id=80,
                artifact_type="QuizSubmission",
                artifact_id=90,
            ),
            result(2, association_type="Quiz", association_id=81),
        ],
        quizzes=[
            {"id": 80, "title": "Q80", "assignment_id": 71},
            {"id": 81, "title": None, "assignment_id": 70},
        ],
        quiz_submissions=[{"id": 90, "finished_at": "2026-02-01T00:00:00.9Z", "score": None}],
        submissions=[
            {"id": 1, "assignment_id": 70, "user_id": 1, "score": 7, "workflow_state": "graded"},
            {"id": 2, "assignment_id": 71, "user_id": 1, "score": 8, "workflow_state": "deleted"},
        ],
    )
    date, url = "2026-02-01T00:00:00Z", "https:///courses/40/assignments/"
    assert found == [
        ("Q80", "80", "quiz", date, "7.0", f"{url}70"),
        ("Q80", "80", "quiz", date, None, f"{url}71"),
        ("A70", "81", "quiz", None, "7.0", f"{url}70"),
    ]


def test_a_result_without_assignment_has_an_unfinished_link(tmp_path: Path) -> None:
    """So has one whose alignment leads to part of a checkpointed assignment."""
    parts = [{**TABLES["assignments"][0], "type": "SubAssignment"}]
    found = cells(
        tmp_path,
        RESULTS,
        *("assessment id", "assessment type", "assignment url"),
        content_tags=[link(50, 5, 9), alignment(60, 70), alignment(61, 1, content_type="Quiz")],
        assignments=parts,
        learning_outcome_results=[result(1), result(2, content_tag_id=61)],
    )
    url = "https:///courses/40/assignments/"
    assert found == [(None, "assignment", url), (None, None, url)]


def test_the_values_of_a_question_go_before_those_of_its_result(tmp_path: Path) -> None:
    """One by one; and the result says whether points are hidden."""
    question = {"learning_outcome_result_id": 1, "associated_asset_type": "AssessmentQuestion"}
    found = cells(
        tmp_path,
        RESULTS,
        *("attempt", "outcome score", "assessment question", "assessment question id"),
        *("learning outcome points possible", "learning outcome mastered"),
        learning_outcome_results=[
            result(1, attempt=2, score=3, possible=4, mastery=True),
            result(2, attempt=1, score=3, possible=4, mastery=None, hide_points=True),
        ],
        learning_outcome_question_results=[
            {"id": 1, **question, "associated_asset_id": 30, "score": 0, "mastery": False},
            {"id": 2, **question, "associated_asset_id": 31, "attempt": 5, "possible": 1},
        ],
        assessment_questions=[{"id": 30, "name": "Why?"}],
    )
    assert found == [
        ("2", "0.0", "Why?", "30", "4.0", "0"),
        ("5", "3.0", None, None, "1.0", "1"),
        ("1", None, None, None, None, None),
    ]


def proficiency(id_: int, context: tuple[str, int], **columns: Any) -> dict[str, Any]:
    context_type, context_id = context
    return {"id": id_, "context_type": context_type, "context_id": context_id, **ACTIVE, **columns}


@pytest.mark.parametrize(
    ("proficiencies", "flags", "expected"),
    [
        (
            [proficiency(1, ("Course", 40)), proficiency(2, ("Account", 3))],
            [SCALES_OF_ACCOUNT],
            ("9.0", "5.0", "Scale 1", "5.0"),
        ),
        (
            [
                proficiency(1, ("Course", 40), workflow_state="deleted"),
                proficiency(2, ("Account", 3), workflow_state="deleted"),
                proficiency(3, ("Account", 2)),
                proficiency(4, ("Account", 1)),
            ],
            [SCALES_OF_ACCOUNT],
            ("9.0", "5.0", "Scale 3", "5.0"),
        ),
        ([], [SCALES_OF_ACCOUNT], ("4.0", "3.0", "Mastery", "3.0")),
        (
            [proficiency(4, ("Account", 1))],
            [{**SCALES_OF_ACCOUNT, "context_id": 3}],
            ("6.0", "3", "Solid", "3.0"),
        ),
    ],
)
def test_a_course_has_the_nearest_active_scale(
    tmp_path: Path,
    proficiencies: list[dict[str, Any]],
    flags: list[dict[str, Any]],
    expected: Row,
) -> None:
    """Only the option of the root account counts; the state of ratings does not."""
    ratings = [
        {
            "id": 10 * row["id"] + number,
            "outcome_proficiency_id": row["id"],
            "description": f"Scale {row['id']}" if mastery else "Other",
            "points": points,
            "mastery": mastery,
            "workflow_state": None if mastery else "active",
        }
        for row in proficiencies
        for number, (points, mastery) in enumerate([(0, False), (5, True), (9, False)])
    ]
    found = cells(
        tmp_path,
        RESULTS,
        *RATING,
        outcome_proficiencies=proficiencies,
        outcome_proficiency_ratings=ratings,
        feature_flags=flags,
        learning_outcome_results=[result(1, score=3, possible=6.0, percent=0.75)],
    )
    assert found == [expected]


def test_an_order_is_told_if_it_is_one(tmp_path: Path) -> None:
    with given(tmp_path) as institution:
        told = [
            institution.run(RESULTS, {"order": order, "include_deleted": 1})
            .produce(tmp_path)
            .extra_text
            for order in ("Courses", "nonsense", None)
        ]
    settings = "Term: All Terms; Include Deleted/Concluded Objects;"
    assert told == [f"{settings} Order: courses", settings, settings]


def test_who_has_only_results_that_do_not_count_has_no_competency_row(tmp_path: Path) -> None:
    """Enrollments in other states of one section, and logins of the root, have rows of their own."""
    enrollment = TABLES["enrollments"][0]
    login = TABLES["pseudonyms"][0]
    found = cells(
        tmp_path,
        COMPETENCY,
        *("student id", "student sis id", "enrollment state", "attempt"),
        users=[{"id": id_} for id_ in (1, 2, 3)],
        pseudonyms=[
            login,
            {**login, "id": 2, "sis_user_id": "S2"},
            {**login, "id": 3, "sis_user_id": "elsewhere", "account_id": 8},
            {**login, "id": 4, "sis_user_id": "S-I", "is_inst_id": True},
            {**login, "id": 5, "user_id": 2},
            {**login, "id": 6, "user_id": 3, "sis_user_id": "S6"},
        ],
        enrollments=[
            enrollment,
            {**enrollment, "id": 2, "workflow_state": "invited"},
            {**enrollment, "id": 3, "workflow_state": "invited"},
            {**enrollment, "id": 4, "user_id": 2},
            {**enrollment, "id": 5, "user_id": 3},
        ],
        learning_outcome_results=[
            result(1, user_id=2, workflow_state="deleted"),
            result(2, user_id=3, attempt=1),
            result(3, user_id=3, attempt=2),
            result(4, user_id=3, attempt=3, artifact_type="Submission"),
            result(5, user_id=3, attempt=4, artifact_type=None),
        ],
    )
    assert found == [
        ("1", "S1", "active", None),
        ("1", "S1", "invited", None),
        ("1", "S2", "active", None),
        ("1", "S2", "invited", None),
        ("3", "S6", "active", "1"),
        ("3", "S6", "active", "2"),
    ]


def test_what_a_competency_row_does_not_ask_for(tmp_path: Path) -> None:
    """A link's own content type and odd state, and the outcome and course of a result."""
    assignment = TABLES["assignments"][0]
    found = cells(
        tmp_path,
        COMPETENCY,
        *("assignment id", "learning outcome group id", "attempt"),
        learning_outcome_groups=[group(9), group(10, 9, workflow_state="deleted"), group(11)],
        content_tags=[
            link(50, 5, 9, content_type="Odd", workflow_state="odd"),
            link(51, 5, 10),
            link(52, 5, 9, associated_asset_type=None),
            link(53, 5, 11, workflow_state=None),
            alignment(60, 70),
            *(alignment(60 + number, 70 + number) for number in (1, 2, 3)),
            alignment(64, 70, workflow_state=None),
        ],
        assignments=[
            assignment,
            {**assignment, "id": 71, "type": None},
            {**assignment, "id": 72, "workflow_state": None},
            {**assignment, "id": 73, "context_type": "Group"},
        ],
        learning_outcome_results=[
            result(1, attempt=4, context_id=99, learning_outcome_id=8),
            result(2, workflow_state="deleted"),
        ],
    )
    assert found == [("70", "9", "4"), ("70", "10", "4")]


def test_competency_rates_the_score_and_not_the_percent(tmp_path: Path) -> None:
    found = cells(
        tmp_path,
        COMPETENCY,
        *RATING,
        learning_outcome_results=[result(1, score=3, possible=4, percent=0.1)],
    )
    assert found == [("4.0", "3", "Solid", "3.0")]


def test_a_deleted_group_hides_what_is_below_but_not_its_links(tmp_path: Path) -> None:
    """Further down the context does not matter; an outcome names all groups but root groups."""
    _header, *rows = lines(
        tmp_path,
        EXPORT,
        learning_outcome_groups=[
            group(9),
            group(10, 9, vendor_guid="ten"),
            group(11, 10, account=2, context_type="Course"),
            group(12, 9, workflow_state="deleted"),
            group(13, 12),
            group(14, 9, workflow_state=None),
            group(15, 99),
            group(16, account=2),
            group(17, 16, account=1),
        ],
        content_tags=[
            link(1, 5, 13),
            link(2, 5, 10),
            link(3, 5, 9),
            link(4, 6, 99),
            link(5, 7, 9, content_type="Odd", associated_asset_type=None),
        ],
        learning_outcomes=[
            outcome(5, criterion(1000, 2000.5, Top=1000.5)),
            outcome(6),
            outcome(7, "--- {}\n", workflow_state="retired"),
        ],
    )
    built_in = ("5", "Exceeds Expectations", "3", "Meets Expectations")
    blank = (None,) * 5
    assert rows == [
        ("ten", "group", "G10", *blank, None, "active", None),
        ("canvas_outcome_group:11", "group", "G11", *blank, "ten", "active", None),
        (
            *("canvas_outcome:5", "outcome", "O5", *blank),
            *("ten canvas_outcome_group:13", "active", "1,000", "1,000.5", "Top"),
        ),
        (
            *("canvas_outcome:7", "outcome", "O7", *blank),
            *(None, "retired", "3", *built_in, "0", "Does Not Meet Expectations"),
        ),
    ]


def test_the_user_who_asks_chooses_separator_and_byte_order_mark(tmp_path: Path) -> None:
    names = {
        "use_semi_colon_field_separators_in_gradebook_exports": 7,
        "include_byte_order_mark_in_gradebook_exports": 7,
        "autodetect_field_separators_for_gradebook_exports": 8,
    }
    flags = [
        {"id": n, "feature": feature, "context_type": "User", "context_id": user, "state": "on"}
        for n, (feature, user) in enumerate(names.items())
    ]
    expected = {
        (7, "en"): b"\xef\xbb\xbfvendor_guid;object_type",
        (8, "de"): b"vendor_guid;object_type",
        (8, "en"): b"vendor_guid,object_type",
        (9, "de"): b"vendor_guid,object_type",
        (None, "de"): b"vendor_guid,object_type",
    }
    found = {}
    with given(tmp_path, feature_flags=flags) as institution:
        engine = institution.run(EXPORT).engine
        for user_id, locale in expected:
            request = ReportRequest(report=OUTCOME_EXPORT, now=NOW, user_id=user_id, locale=locale)
            file = execute(engine, request, tmp_path).file
            found[user_id, locale] = file.read_bytes()[: len(expected[user_id, locale])]
    assert found == expected
