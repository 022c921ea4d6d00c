"""Students who were never, or long not, in a course (students.md, section 3)."""

from __future__ import annotations

from datetime import datetime

import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.tables import Tables
from rollbook.reports import extra_text
from rollbook.reports.report import OutputFile, Parameter, Plan, Report
from rollbook.reports.scope import Scope
from rollbook.reports.students.declared import (
    COURSE_ASSOCIATIONS,
    course_parameter,
    term_parameter,
)
from rollbook.reports.students.seats import (
    covered_courses,
    seat_columns,
    seated,
    student_enrollments,
)
from rollbook.reports.times import read_time, without_zone


def _plan(tables: Tables, scope: Scope) -> Plan:
    start = read_time(scope.parameters.given("start_at"), scope.zone)
    enrollments = student_enrollments(tables, scope).filter(_.workflow_state == "active")
    courses = tables.courses.filter(_.workflow_state == "available")
    rows = seated(
        tables,
        scope,
        _quiet(tables, enrollments, start),
        courses=covered_courses(scope, courses),
        sections=tables.course_sections.filter(_.workflow_state == "active"),
        logins=tables.pseudonyms.filter(_.workflow_state == "active"),
    )
    return Plan(
        files=(OutputFile("zero_activity_csv", seat_columns("name"), rows),),
        extra_text=extra_text.joined(
            extra_text.include_deleted(scope),
            extra_text.term(scope),
            extra_text.time(scope, "Start At", start),
            extra_text.course(scope),
        ),
    )


def _quiet(tables: Tables, enrollments: ir.Table, start: datetime | None) -> ir.Table:
    """Enrollments without activity since the start, or ever, of users who had none there else.

    Any other enrollment of the user in the course counts, a deleted one and a teacher's too. None
    of the quiet ones can be such, so they need not be told from the others.
    """
    everywhere = tables.enrollments
    if start is None:
        quiet = enrollments.filter(_.last_activity_at.isnull())
        elsewhere = everywhere.filter(_.last_activity_at.notnull())
    else:
        since = without_zone(start)
        # One of the very moment of the start is neither quiet nor does it hide others.
        quiet = enrollments.filter(_.last_activity_at.isnull() | (_.last_activity_at < since))
        elsewhere = everywhere.filter(_.last_activity_at > since)
    return quiet.anti_join(elsewhere, ["user_id", "course_id"])


ZERO_ACTIVITY = Report(
    key="zero_activity_csv",
    title="Zero Activity",
    description=(
        "Active students who have never been active in a course, or not since a date, a row for "
        "each of their sections there."
    ),
    parameters=(
        term_parameter("courses"),
        Parameter(
            "start_at",
            "The date since when there was no activity, until now. Leave it empty for students "
            "who have never been active.",
            kind="time",
        ),
        course_parameter("students"),
    ),
    tables=("accounts", "course_sections", "courses", "enrollments", "pseudonyms", "users"),
    optional_tables=(*COURSE_ASSOCIATIONS, "enrollment_terms"),
    plan=_plan,
    repeatable=True,
)
