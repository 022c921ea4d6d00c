"""`grade_export_csv` and `mgp_grade_export_csv`: scores and letter grades of students.

Source: grades_and_outcomes.md, sections 1 and 2.
"""

from __future__ import annotations

from rollbook.reports.grades import export, periods
from rollbook.reports.report import Parameter, Report

_TABLES = (
    "accounts",
    "course_sections",
    "courses",
    "enrollment_terms",
    "enrollments",
    "grading_standards",
    "pseudonyms",
    "scores",
    "users",
)
_OPTIONAL_TABLES = ("course_account_associations", "feature_flags", "settings")

GRADE_EXPORT = Report(
    key="grade_export_csv",
    title="Grade Export",
    description=(
        "The current and final scores and letter grades of every student, a row for each "
        "enrollment in a published course."
    ),
    parameters=(
        Parameter(
            "enrollment_term_id",
            "The term whose grades are exported. A Canvas id, sis_term_id:X, default or current; "
            "leave it empty for all terms.",
            kind="term",
        ),
        Parameter(
            "include_deleted",
            "Also export inactive and deleted enrollments, and courses that are not published.",
        ),
    ),
    tables=_TABLES,
    optional_tables=_OPTIONAL_TABLES,
    plan=export.plan,
    repeatable=True,
)

MGP_GRADE_EXPORT = Report(
    key="mgp_grade_export_csv",
    title="Multiple Grading Periods Grade Export",
    description=(
        "The scores and letter grades of every student for each grading period and for the whole "
        "course: a zip with one file for each term."
    ),
    parameters=(
        Parameter(
            "enrollment_term_id",
            "The Canvas id of the term whose grades are exported; leave it empty for all terms.",
            kind="term",
            required=True,
        ),
    ),
    tables=(*_TABLES, "grading_period_groups", "grading_periods"),
    optional_tables=_OPTIONAL_TABLES,
    plan=periods.plan,
    repeatable=True,
)

REPORTS = (GRADE_EXPORT, MGP_GRADE_EXPORT)
