"""`mgp_grade_export_csv`: grades by grading period, a file for each term.

Source: grades_and_outcomes.md, section 2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.id_forms import parse_id_form
from rollbook.canvas.tables import Tables
from rollbook.reports.grades.schemes import LetterGrades
from rollbook.reports.grades.students import (
    course_columns,
    courses_in_scope,
    graded_students,
    identity_columns,
    letter_columns,
    score_columns,
    score_kinds,
    settings_in_words,
)
from rollbook.reports.report import Column, OutputFile, Plan
from rollbook.reports.scope import Scope

_WITHOUT_PERIODS = "no grading periods configured for this term"


@dataclass(frozen=True)
class _Term:
    """A chosen term, and its set of grading periods if it has one."""

    id: int
    name: str | None
    set_id: int | None
    set_title: str | None

    @property
    def file_name(self) -> str:
        # No folders in the archive.
        return re.sub(r"[/\\\0]", "_", self.name or "")


@dataclass(frozen=True)
class _Period:
    id: int
    title: str | None

    @property
    def prefix(self) -> str:
        return f"period_{self.id}"


def plan(tables: Tables, scope: Scope) -> Plan:
    """A file for each chosen term; terms of one name share one."""
    # Looked up first: an unknown term fails the run, under either name of the parameter.
    _ignored = scope.term
    terms = _chosen_terms(tables, scope)
    if not terms:
        # Canvas writes one empty line where there is nothing to do.
        return Plan((OutputFile("grades", columns=(), rows=None),), settings_in_words(scope))
    letters = LetterGrades(tables, scope)
    files = tuple(_file(tables, scope, term, letters) for term in terms)
    return Plan(files, settings_in_words(scope), always_archive=True)


def _chosen_terms(tables: Tables, scope: Scope) -> list[_Term]:
    """The term of that Canvas id, deleted or not; without one, all that are not deleted."""
    named = scope.parameters.given("enrollment_term_id")
    terms = tables.enrollment_terms.filter(_.root_account_id == scope.root.id)
    if named is None:
        terms = terms.filter(_.workflow_state != "deleted")
    else:
        form = parse_id_form(str(named), "term")
        if form is None or form.kind != "id":
            return []
        terms = terms.filter(_.id == int(form.value))
    sets = tables.grading_period_groups.select(set_id="id", set_title="title")
    rows = terms.left_join(sets, terms.grading_period_group_id == sets.set_id)
    chosen = rows.select("id", "name", "set_id", "set_title").order_by("id")
    return [_Term(**row) for row in scope.engine.rows(chosen)]


def _periods(tables: Tables, scope: Scope, set_id: int) -> list[_Period]:
    periods = tables.grading_periods.filter(
        _.grading_period_group_id == set_id, _.workflow_state == "active"
    ).order_by(_.start_date.asc(nulls_first=False), _.id)
    return [_Period(**row) for row in scope.engine.rows(periods.select("id", "title"))]


def _file(tables: Tables, scope: Scope, term: _Term, letters: LetterGrades) -> OutputFile:
    if term.set_id is None:
        return OutputFile(term.file_name, (Column(_WITHOUT_PERIODS, ibis.null("string")),), None)
    periods = _periods(tables, scope, term.set_id)
    courses = courses_in_scope(tables, scope).filter(_.enrollment_term_id == term.id)
    scores = {period.prefix: _scores(tables, period) for period in periods}
    rows = graded_students(tables, scope, courses, letters, scores)
    kinds = score_kinds(scope)
    columns = (
        *identity_columns(scope),
        Column("grading period set", ibis.literal(term.set_title, "string")),
        Column("grading period set id", ibis.literal(term.set_id)),
        *(column for period in periods for column in _period_columns(period, kinds)),
        *course_columns(kinds),
    )
    return OutputFile(term.file_name, columns, rows.order_by("course_id", "id"))


def _scores(tables: Tables, period: _Period) -> ir.Table:
    # Active ones, also where deleted objects are included.
    return tables.scores.filter(_.grading_period_id == period.id, _.workflow_state == "active")


def _period_columns(period: _Period, kinds: Sequence[str]) -> tuple[Column, ...]:
    title = f"{period.title or ''} "
    return (
        Column(f"{title}grading period id", ibis.literal(period.id)),
        *score_columns(period.prefix, kinds, title),
        *letter_columns(period.prefix, kinds, title),
    )
