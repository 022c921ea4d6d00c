"""`outcome_results_csv`, `student_assignment_outcome_map_csv` and `outcome_export_csv`.

Source: grades_and_outcomes.md, sections 3 to 5.
"""

from __future__ import annotations

from rollbook.reports.outcomes import export, parts, results, student_map
from rollbook.reports.report import Parameter, Report

_TERM = Parameter(
    "enrollment_term_id",
    "The term whose courses are reported. A Canvas id, sis_term_id:X, default or current; "
    "leave it empty for all terms.",
    kind="term",
)
_INCLUDE_DELETED = Parameter(
    "include_deleted", "Also report deleted courses, enrollments and logins."
)

OUTCOME_RESULTS = Report(
    key="outcome_results_csv",
    title="Outcome Results",
    description=(
        "How students did on the outcomes of the account: a row for each result of an assignment "
        "or quiz, and for each question of a quiz."
    ),
    parameters=(
        _TERM,
        Parameter("order", "What to sort by: users, courses or outcomes.", kind="choice"),
        _INCLUDE_DELETED,
    ),
    tables=(
        *parts.TABLES,
        "assessment_questions",
        "learning_outcome_question_results",
        "quiz_submissions",
        "quizzes",
    ),
    optional_tables=parts.OPTIONAL_TABLES,
    plan=results.plan,
    repeatable=True,
)

STUDENT_COMPETENCY = Report(
    key="student_assignment_outcome_map_csv",
    title="Student Competency",
    description=(
        "Every student with every assignment that assesses an outcome of the account, whether or "
        "not the student has been assessed."
    ),
    parameters=(_TERM, _INCLUDE_DELETED),
    tables=parts.TABLES,
    optional_tables=parts.OPTIONAL_TABLES,
    plan=student_map.plan,
    repeatable=True,
)

OUTCOME_EXPORT = Report(
    key="outcome_export_csv",
    title="Outcome Export",
    description=(
        "The outcomes and outcome groups of the account in the format that Canvas imports."
    ),
    parameters=(),
    tables=("accounts", "content_tags", "learning_outcome_groups", "learning_outcomes"),
    optional_tables=("feature_flags", "outcome_friendly_descriptions"),
    plan=export.plan,
    repeatable=True,
)

REPORTS = (OUTCOME_RESULTS, STUDENT_COMPETENCY, OUTCOME_EXPORT)
