"""Unpublished, public and recently deleted courses: one shape (courses_and_tools.md, section 2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import ibis
import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.tables import Tables
from rollbook.reports.courses.covered import (
    NARROWING_TABLES,
    course_plan,
    covered_courses,
    term_parameter,
)
from rollbook.reports.expressions import if_true
from rollbook.reports.report import Column, Plan, Report
from rollbook.reports.scope import Scope, is_live

# Of 24 hours each: daylight saving plays no part.
_DELETED_LATELY = timedelta(days=30)

Filter = Callable[[ir.Table, Scope], ir.Table]


def _unpublished(courses: ir.Table, scope: Scope) -> ir.Table:
    return courses.filter(courses.workflow_state.isin(["claimed", "created"]))


def _public(courses: ir.Table, scope: Scope) -> ir.Table:
    return courses.filter(is_live(courses), courses.is_public)


def _recently_deleted(courses: ir.Table, scope: Scope) -> ir.Table:
    # The last change dates the deletion; `deleted_at` is not looked at.
    return courses.filter(
        courses.workflow_state == "deleted",
        courses.updated_at > ibis.literal(scope.now_utc - _DELETED_LATELY),
    )


def _columns(courses: ir.Table) -> tuple[Column, ...]:
    restricted = courses.restrict_enrollments_to_course_dates
    return (
        Column("id", _.id),
        Column("sis id", _.sis_source_id),
        Column("short name", _.course_code),
        Column("name", _.name),
        Column("start date", if_true(restricted, courses.start_at)),
        Column("end date", if_true(restricted, courses.conclude_at)),
    )


def _listing(key: str, title: str, *, kept: Filter, courses: str, description: str) -> Report:
    def plan(tables: Tables, scope: Scope) -> Plan:
        rows = kept(covered_courses(tables, scope), scope).order_by("id")
        return course_plan(scope, name=key, columns=_columns(rows), rows=rows)

    return Report(
        key=key,
        title=title,
        description=description,
        parameters=(term_parameter(courses),),
        tables=("accounts", "courses"),
        optional_tables=NARROWING_TABLES,
        plan=plan,
        repeatable=True,
    )


UNPUBLISHED_COURSES = _listing(
    "unpublished_courses_csv",
    "Unpublished Courses",
    kept=_unpublished,
    courses="unpublished courses",
    description=(
        "Courses that nobody has published yet, with their SIS ids and their own start and end "
        "dates where these limit participation."
    ),
)

PUBLIC_COURSES = _listing(
    "public_courses_csv",
    "Public Courses",
    kept=_public,
    courses="public courses",
    description=(
        "Courses that anybody may see without a login, published or not, with their SIS ids and "
        "their own start and end dates where these limit participation."
    ),
)

RECENTLY_DELETED_COURSES = _listing(
    "recently_deleted_courses_csv",
    "Recently Deleted Courses",
    kept=_recently_deleted,
    courses="deleted courses",
    description=(
        "Courses deleted during the last 30 days, with their SIS ids and their own start and end "
        "dates where these limited participation."
    ),
)
