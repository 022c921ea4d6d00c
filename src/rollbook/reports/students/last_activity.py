"""When each user was last active in a course (students.md, section 5)."""

from __future__ import annotations

from ibis import _

from rollbook.canvas.tables import Tables
from rollbook.reports import extra_text
from rollbook.reports.report import Column, OutputFile, Plan, Report
from rollbook.reports.scope import Scope
from rollbook.reports.students.declared import (
    COURSE_ASSOCIATIONS,
    USER_ASSOCIATIONS,
    course_parameter,
    term_parameter,
)

_COLUMNS = (
    Column("user id", _.id),
    Column("user name", _.sortable_name),
    Column("last activity at", _.last_activity_at),
)


def _plan(tables: Tables, scope: Scope) -> Plan:
    courses = tables.courses.filter(_.root_account_id == scope.root.id)
    courses = scope.in_term(scope.in_course(courses, "id"), "enrollment_term_id")
    # Here a sub-account narrows beside a chosen course, too.
    courses = scope.in_courses(courses, "id").select(course_key="id")
    # Of every type and state: deleted ones and those of test students count.
    enrollments = tables.enrollments.filter(_.last_activity_at.notnull())
    enrollments = enrollments.semi_join(courses, [("course_id", "course_key")])
    latest = enrollments.group_by(active_user_id="user_id").agg(
        last_activity_at=_.last_activity_at.max()
    )
    people = scope.in_users(tables.users.select("id", "sortable_name"), "id")
    rows = people.join(latest, people.id == latest.active_user_id).order_by("id")
    return Plan(
        files=(OutputFile("last_enrollment_activity_csv", _COLUMNS, rows),),
        extra_text=extra_text.joined(
            extra_text.include_deleted(scope),
            extra_text.term(scope),
            extra_text.course(scope),
        ),
    )


LAST_ENROLLMENT_ACTIVITY = Report(
    key="last_enrollment_activity_csv",
    title="Last Enrollment Activity",
    description=(
        "When each user was last active in a course, over all of the user's enrollments, past and "
        "deleted ones too."
    ),
    parameters=(term_parameter("courses"), course_parameter("activity")),
    tables=("accounts", "courses", "enrollments", "users"),
    optional_tables=(
        *COURSE_ASSOCIATIONS,
        *USER_ASSOCIATIONS,
        "enrollment_terms",
        "pseudonyms",
    ),
    plan=_plan,
    repeatable=True,
)
