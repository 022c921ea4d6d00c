"""Every report on the demo institution: rows come out, and each filter changes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conformance.cells import Row, read_files

import rollbook
from rollbook.institution import Institution
from rollbook.load.demo import load_demo
from rollbook.reports.examples import example_of
from rollbook.reports.registry import BUILT_IN, registry

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
EVERY_FILE = dict.fromkeys(
    (
        *("users", "accounts", "terms", "courses", "sections", "enrollments", "groups"),
        *("group_membership", "group_categories", "xlist", "user_observers", "admins"),
    ),
    True,
)
WINDOW = {"start_at": "2026-11-12T00:00:00Z", "end_at": "2026-11-24T00:00:00Z"}
TERM = {"enrollment_term_id": "current"}
TERM_ID = {"enrollment_term_id": 20}
"""Fall 2026: this report knows a term by its Canvas id only."""
DELETED = {"include_deleted": True}
COURSE = {"course_id": "the course with most students"}
SIS_FILTERS = (TERM, {"created_by_sis": True}, DELETED)

Parameters = Mapping[str, Any]

# All files at once take seconds; what a filter changes, it changes in one of these.
FILTERED_FILES = dict.fromkeys(("users", "courses", "enrollments"), True)

SWEEPS: Mapping[str, tuple[Parameters, tuple[Parameters, ...]]] = {
    "provisioning_csv": (
        EVERY_FILE,
        (
            *SIS_FILTERS,
            {"enrollment_filter": "TeacherEnrollment"},
            {"enrollment_states": "active"},
        ),
    ),
    "sis_export_csv": (EVERY_FILE, SIS_FILTERS),
    "students_with_no_submissions_csv": (
        WINDOW,
        (
            TERM,
            COURSE,
            {"start_at": "2026-11-23T00:00:00Z"},
            {"include_enrollment_state": True},
            {"enrollment_state": ["active"]},
        ),
    ),
    "zero_activity_csv": ({}, (TERM, COURSE, {"start_at": "2026-11-01T00:00:00Z"})),
    "last_user_access_csv": ({}, (TERM, COURSE, DELETED)),
    "last_enrollment_activity_csv": ({}, (TERM, COURSE)),
    "user_access_tokens_csv": ({}, (DELETED, {"exclude_deleted_and_expired": True})),
    "unpublished_courses_csv": ({}, (TERM,)),
    "public_courses_csv": ({}, (TERM,)),
    "recently_deleted_courses_csv": ({}, (TERM,)),
    "unused_courses_csv": ({}, (TERM,)),
    "course_storage_csv": ({}, (TERM,)),
    "lti_report_csv": ({}, (DELETED,)),
    "eportfolio_report_csv": ({}, ({"no_enrollments": True}, DELETED)),
    "developer_key_report_csv": ({}, ()),
    "grade_export_csv": ({}, (TERM, DELETED)),
    "mgp_grade_export_csv": (TERM_ID, ()),
    "outcome_results_csv": ({}, (TERM, DELETED, {"order": "courses"})),
    "student_assignment_outcome_map_csv": ({}, (TERM, DELETED)),
    "outcome_export_csv": ({}, ()),
}


@pytest.fixture(scope="module")
def institution(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Institution]:
    with rollbook.open(tmp_path_factory.mktemp("demo")) as institution:
        load_demo(institution.lake, "small", NOW)
        yield institution


@pytest.fixture(scope="module")
def course_id(institution: Institution) -> int:
    """The course with most active students."""
    rows = institution.run("provisioning_csv", {"enrollments": True}, now=NOW).polars()
    students = rows.filter(rows["role"] == "student")
    counted = students.group_by("canvas_course_id").len().sort("len", "canvas_course_id")
    return int(counted["canvas_course_id"][-1])


def produced(
    institution: Institution, folder: Path, report: str, parameters: Parameters, course_id: int
) -> dict[str, list[Row]]:
    given = dict(parameters)
    if "course_id" in given:
        given["course_id"] = course_id
    return read_files(institution.run(report, given, now=NOW).write(folder))


def test_no_report_is_left_out() -> None:
    assert set(SWEEPS) == {report.key for report in BUILT_IN}


@pytest.mark.parametrize("report", SWEEPS)
def test_rows_come_out_and_each_filter_changes_them(
    institution: Institution, course_id: int, report: str, tmp_path: Path
) -> None:
    base, filters = SWEEPS[report]
    files = produced(institution, tmp_path, report, base, course_id)
    for name, (header, *rows) in files.items():
        assert rows, name
        # Not strict: rows may be ragged.
        columns = list(zip(header, *rows, strict=False))
        assert sum(len(set(column[1:])) > 1 for column in columns) >= 2, name
    example = example_of(report)
    assert example
    assert example.header == next(iter(files.values()))[0]
    if base is EVERY_FILE:
        base = FILTERED_FILES
        files = {f"{name}.csv": files[f"{name}.csv"] for name in base}
    for extra in filters:
        found = produced(institution, tmp_path, report, {**base, **extra}, course_id)
        assert found != files, extra
        assert any(len(rows) > 1 for rows in found.values()), extra


@pytest.mark.parametrize("report", SWEEPS)
def test_every_filter_is_tried(report: str) -> None:
    base, filters = SWEEPS[report]
    tried = {name for parameters in (base, *filters) for name in parameters}
    assert {parameter.name for parameter in registry().find(report).parameters} <= tried
