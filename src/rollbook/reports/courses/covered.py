"""What the five course reports share (courses_and_tools.md, 1.2, 1.4, 1.8)."""

from __future__ import annotations

import ibis.expr.types as ir

from rollbook.canvas.tables import Tables
from rollbook.reports import extra_text
from rollbook.reports.report import Column, OutputFile, Parameter, Plan
from rollbook.reports.scope import Scope

NARROWING_TABLES = ("course_account_associations", "enrollment_terms")
"""Read where a sub-account or a term narrows the run."""


def covered_courses(tables: Tables, scope: Scope) -> ir.Table:
    """The root's courses, in any state, that the run's account and term cover.

    Raises:
        UnknownTerm: a term was named and the root account has none such.
    """
    courses = tables.courses.filter(tables.courses.root_account_id == scope.root.id)
    return scope.in_term(scope.in_courses(courses, "id"), "enrollment_term_id")


def course_plan(
    scope: Scope,
    *,
    name: str,
    columns: tuple[Column, ...],
    rows: ir.Table,
    knows_total: bool = True,
) -> Plan:
    """One file, its rows already in order; most know how many there will be (1.12)."""
    file = OutputFile(name, columns, rows, knows_total=knows_total)
    return Plan(files=(file,), extra_text=extra_text.term(scope))


def term_parameter(courses: str) -> Parameter:
    """The one parameter of these reports; `courses` names the courses that it narrows."""
    return Parameter(
        "enrollment_term_id",
        f"The term of the {courses}. A Canvas id, sis_term_id:X, default or current; "
        "leave it empty for all terms.",
        kind="term",
    )
