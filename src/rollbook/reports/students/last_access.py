"""When each login was last used (students.md, section 4)."""

from __future__ import annotations

import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.tables import Tables
from rollbook.reports import extra_text
from rollbook.reports.expressions import prefixed
from rollbook.reports.logins import root_logins
from rollbook.reports.report import Column, OutputFile, Parameter, Plan, Report
from rollbook.reports.scope import Scope, is_live
from rollbook.reports.students.declared import (
    USER_ASSOCIATIONS,
    course_parameter,
    term_parameter,
)

_COLUMNS = (
    Column("user id", _.user_id),
    Column("user sis id", _.sis_user_id),
    Column("user name", _.person_sortable_name),
    Column("last access at", _.last_request_at),
    Column("last ip", _.current_login_ip),
)


def _plan(tables: Tables, scope: Scope) -> Plan:
    logins = root_logins(tables, scope)
    if not scope.include_deleted:
        logins = logins.filter(is_live(logins))
    logins = scope.in_users(logins, "user_id")
    enrollments = _chosen_enrollments(tables, scope)
    if enrollments is not None:
        logins = logins.semi_join(enrollments, ["user_id"])
    people = prefixed(tables.users, "person_", "id", "sortable_name")
    rows = logins.join(people, logins.user_id == people.person_id).order_by("id")
    return Plan(
        files=(OutputFile("last_user_access_csv", _COLUMNS, rows, knows_total=True),),
        extra_text=extra_text.joined(
            extra_text.include_deleted(scope),
            extra_text.term(scope),
            extra_text.course(scope),
        ),
    )


def _chosen_enrollments(tables: Tables, scope: Scope) -> ir.Table | None:
    """The enrollments in the chosen course, else in the chosen term; None if neither was chosen.

    The state of the courses does not matter.
    """
    if scope.chosen_course_id is None and scope.term is None:
        return None
    enrollments = tables.enrollments.filter(
        _.root_account_id == scope.root.id, _.type != "StudentViewEnrollment"
    )
    if not scope.include_deleted:
        enrollments = enrollments.filter(is_live(enrollments))
    if scope.chosen_course_id is not None:
        # Beside a course the term only has to exist.
        return scope.in_course(enrollments, "course_id")
    courses = scope.in_term(tables.courses, "enrollment_term_id").select(course_key="id")
    return enrollments.semi_join(courses, [("course_id", "course_key")])


LAST_USER_ACCESS = Report(
    key="last_user_access_csv",
    title="Last User Access",
    description=(
        "When each login was last used and from which address, also those that never were: a row "
        "for each login, so that a person can have several."
    ),
    parameters=(
        term_parameter("people's courses"),
        course_parameter("people"),
        Parameter("include_deleted", "Also report deleted logins, and count deleted enrollments."),
    ),
    tables=("accounts", "pseudonyms", "users"),
    optional_tables=(*USER_ASSOCIATIONS, "courses", "enrollment_terms", "enrollments"),
    plan=_plan,
    repeatable=True,
)
