"""What both grade exports print of a student's enrollment (grades_and_outcomes.md, 1.1 to 1.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType

import ibis
import ibis.expr.types as ir
from ibis import _
from ibis.common.deferred import Deferred

from rollbook.canvas.tables import Tables
from rollbook.reports import extra_text
from rollbook.reports.features import account_feature, is_allowed
from rollbook.reports.grades.schemes import LetterGrades
from rollbook.reports.logins import with_enrollment_login
from rollbook.reports.parameters import is_blank, leading_integer
from rollbook.reports.report import Column
from rollbook.reports.scope import Scope, is_live

LIMITING_PERIOD = "limiting_period"

_KINDS = ("current", "final", "unposted_current", "unposted_final")
_OVERRIDE = "override"
_STATES = ("active", "completed")
_DELETED_STATES = ("inactive", "deleted")
# Further back, or ahead, than any date in the tables.
_MANY_DAYS = 700_000


def settings_in_words(scope: Scope) -> str:
    """The extra text of both grade exports (0.1)."""
    limited = not is_blank(scope.parameters.values.get(LIMITING_PERIOD))
    return extra_text.joined(
        extra_text.term(scope),
        extra_text.include_deleted(scope),
        "deleted objects limited by days specified;" if limited else None,
    )


def score_kinds(scope: Scope) -> tuple[str, ...]:
    """The scores that a run prints: override scores only where the account may have them."""
    state = account_feature(scope, "final_grades_override", scope.account, root_opt_in=True)
    return (*_KINDS, _OVERRIDE) if is_allowed(state) else _KINDS


def courses_in_scope(tables: Tables, scope: Scope) -> ir.Table:
    """The courses that a run takes up, also those that give no rows (1.6)."""
    courses = tables.courses.filter(_.root_account_id == scope.root.id)
    if not scope.include_deleted:
        courses = courses.filter(is_live(courses))
    return scope.in_courses(courses, "id")


def graded_students(
    tables: Tables,
    scope: Scope,
    courses: ir.Table,
    letters: LetterGrades,
    scores_of_periods: Mapping[str, ir.Table] = MappingProxyType({}),
) -> ir.Table:
    """The student enrollments of some courses, each with all that is printed of it (1.2).

    Args:
        tables: the Canvas tables.
        scope: the run.
        courses: courses in scope.
        letters: the letter grades.
        scores_of_periods: scores of grading periods, by the prefix that their columns get.
    """
    if not scope.include_deleted:
        courses = courses.filter(_.workflow_state == "available")
    courses = letters.with_scheme_ids(courses).select(
        "scheme_id", course_key="id", course_conclude_at="conclude_at"
    )
    rows = _enrollments(tables, scope)
    rows = rows.join(courses, rows.course_id == courses.course_key)
    rows = _within_limiting_period(rows, scope)
    # Numbers before texts: the large tables are joined while rows are narrow.
    rows = _with_course_scores(tables, scope, rows)
    for prefix, scores in scores_of_periods.items():
        rows = _with_scores(rows, prefix, scores)
    rows = _with_names(tables, with_enrollment_login(tables, scope, rows))
    names = [f"{p}_{kind}" for p in ("course", *scores_of_periods) for kind in score_kinds(scope)]
    return letters.with_letters(rows, {f"{name}_grade": f"{name}_score" for name in names})


def _enrollments(tables: Tables, scope: Scope) -> ir.Table:
    states = (*_STATES, *_DELETED_STATES) if scope.include_deleted else _STATES
    return tables.enrollments.filter(
        _.type == "StudentEnrollment",
        _.root_account_id == scope.root.id,
        _.workflow_state.isin(states),
    ).select(
        "id",
        "user_id",
        "course_id",
        "course_section_id",
        "workflow_state",
        "sis_pseudonym_id",
        "updated_at",
    )


def _within_limiting_period(rows: ir.Table, scope: Scope) -> ir.Table:
    """With deleted objects, only those deleted, or of courses concluded, in the last days."""
    if not scope.include_deleted or LIMITING_PERIOD not in scope.parameters.values:
        return rows
    days = leading_integer(scope.parameters.values[LIMITING_PERIOD])
    since = scope.now_utc - timedelta(days=max(-_MANY_DAYS, min(days, _MANY_DAYS)))
    return rows.filter(
        (rows.workflow_state == "active")
        | (rows.course_conclude_at >= since)
        | (rows.workflow_state.isin(_DELETED_STATES) & (rows.updated_at >= since))
    )


def _with_course_scores(tables: Tables, scope: Scope, rows: ir.Table) -> ir.Table:
    scores = tables.scores.filter(_.course_score)
    rows = _with_scores(rows, "course", scores)
    if scope.include_deleted:
        return rows
    # A deleted score takes its enrollment along; having none does not.
    return rows.filter(rows.course_score_state.fill_null("") != "deleted")


def _with_scores(rows: ir.Table, prefix: str, scores: ir.Table) -> ir.Table:
    key = f"{prefix}_score_enrollment_id"
    values = scores.select(
        **{key: "enrollment_id", f"{prefix}_score_state": "workflow_state"},
        **{f"{prefix}_{kind}_score": f"{kind}_score" for kind in (*_KINDS, _OVERRIDE)},
    )
    return rows.left_join(values, rows.id == values[key])


def _with_names(tables: Tables, rows: ir.Table) -> ir.Table:
    """With student, course, section and term, none of which may be missing."""
    students = tables.users.select(student_key="id", student_name="name")
    sections = tables.course_sections.select(
        section_key="id", section_name="name", section_sis="sis_source_id"
    )
    courses = tables.courses.select(
        named_course_id="id",
        course_name="name",
        course_sis="sis_source_id",
        course_term_id="enrollment_term_id",
    )
    terms = tables.enrollment_terms.select(term_id="id", term_name="name", term_sis="sis_source_id")
    rows = rows.join(courses, rows.course_id == courses.named_course_id)
    rows = rows.join(terms, rows.course_term_id == terms.term_id)
    rows = rows.join(sections, rows.course_section_id == sections.section_key)
    return rows.join(students, rows.user_id == students.student_key)


def identity_columns(scope: Scope) -> tuple[Column, ...]:
    """Who, in which course, section and term."""
    settings = scope.root.settings
    with_integration_id = settings.get("include_integration_ids_in_gradebook_exports") is True
    integration_id = Column("student integration id", _.login_integration_id)
    return (
        Column("student name", _.student_name),
        Column("student id", _.user_id),
        Column("student sis", _.login_sis_user_id),
        *((integration_id,) if with_integration_id else ()),
        Column("course", _.course_name),
        Column("course id", _.course_id),
        Column("course sis", _.course_sis),
        Column("section", _.section_name),
        Column("section id", _.course_section_id),
        Column("section sis", _.section_sis),
        Column("term", _.term_name),
        Column("term id", _.term_id),
        Column("term sis", _.term_sis),
    )


def course_columns(kinds: Sequence[str]) -> tuple[Column, ...]:
    """The scores and letters of the whole course, and the enrollment's state among them."""
    current, final, *others = score_columns("course", kinds)
    state = Column("enrollment state", _state(_.workflow_state))
    return (current, final, state, *others, *letter_columns("course", kinds))


def score_columns(prefix: str, kinds: Sequence[str], of: str = "") -> list[Column]:
    """A column for each kind of score; `of` says in the header whose scores they are."""
    return [Column(f"{of}{_in_words(kind)} score", _[f"{prefix}_{kind}_score"]) for kind in kinds]


def letter_columns(prefix: str, kinds: Sequence[str], of: str = "") -> list[Column]:
    """A column for each kind of score with its letter."""
    return [Column(f"{of}{_in_words(kind)} grade", _[f"{prefix}_{kind}_grade"]) for kind in kinds]


def _in_words(kind: str) -> str:
    return kind.replace("_", " ")


def _state(state: Deferred) -> Deferred:
    return ibis.ifelse(state == "completed", "concluded", state)
