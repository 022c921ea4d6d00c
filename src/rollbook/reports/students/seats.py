"""Students in their sections, as two of the reports print them (students.md, 2.1, 3.1)."""

from __future__ import annotations

import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.tables import Tables
from rollbook.reports.expressions import prefixed
from rollbook.reports.logins import best_logins
from rollbook.reports.report import Column
from rollbook.reports.scope import Scope


def student_enrollments(tables: Tables, scope: Scope) -> ir.Table:
    """The root's enrollments of students, in any state; never those of test students."""
    return tables.enrollments.filter(
        _.type == "StudentEnrollment", _.root_account_id == scope.root.id
    )


def covered_courses(scope: Scope, courses: ir.Table) -> ir.Table:
    """The courses of the chosen term, and the chosen one or else those of a sub-account.

    A chosen course counts wherever it is.
    """
    courses = scope.in_term(scope.in_course(courses, "id"), "enrollment_term_id")
    return scope.in_courses(courses, "id") if scope.chosen_course_id is None else courses


def seated(
    tables: Tables,
    scope: Scope,
    enrollments: ir.Table,
    *,
    courses: ir.Table,
    sections: ir.Table,
    logins: ir.Table,
) -> ir.Table:
    """Enrollments with all that is printed of them, by id; without those that lack any part.

    Args:
        tables: the Canvas tables.
        scope: the run.
        enrollments: enrollments of the root.
        courses: the courses that count.
        sections: the sections that count.
        logins: the logins, of any root account, of which a user's best one counts; a user whose
            best one belongs elsewhere has no rows.
    """
    logins = best_logins(logins).filter(_.account_id == scope.root.id)
    logins = prefixed(logins, "login_", "user_id", "sis_user_id")
    people = prefixed(tables.users, "person_", "id", "sortable_name")
    sections = prefixed(sections, "section_", "id", "sis_source_id", "name")
    courses = prefixed(courses, "own_course_", "id", "sis_source_id", "name")
    rows = enrollments.join(courses, enrollments.course_id == courses.own_course_id)
    rows = rows.join(sections, rows.course_section_id == sections.section_id)
    rows = rows.join(people, rows.user_id == people.person_id)
    return rows.join(logins, rows.user_id == logins.login_user_id).order_by("id")


def seat_columns(user_name: str) -> tuple[Column, ...]:
    """Who, in which section of which course; `user_name` is the header of the name."""
    return (
        Column("user id", _.user_id),
        Column("user sis id", _.login_sis_user_id),
        Column(user_name, _.person_sortable_name),
        Column("section id", _.section_id),
        Column("section sis id", _.section_sis_source_id),
        Column("section name", _.section_name),
        Column("course id", _.own_course_id),
        Column("course sis id", _.own_course_sis_source_id),
        Column("course name", _.own_course_name),
    )
