"""Students who handed in nothing in a time (students.md, section 2)."""

from __future__ import annotations

from typing import Any

import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.tables import Tables
from rollbook.reports import extra_text
from rollbook.reports.parameters import is_blank
from rollbook.reports.report import Column, OutputFile, Parameter, Plan, Report
from rollbook.reports.scope import Scope, is_live
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
from rollbook.reports.students.window import Window, submission_window
from rollbook.reports.times import without_zone

_STATES = "active, invited, creation_pending, deleted, rejected, completed, inactive"
_ALL_STATES = "all"


def _plan(tables: Tables, scope: Scope) -> Plan:
    window = submission_window(scope)
    states = _chosen_states(scope)
    shows_state = scope.parameters.truth("include_enrollment_state")
    enrollments = student_enrollments(tables, scope)
    if states is not None:
        enrollments = enrollments.filter(_.workflow_state.isin(states))
    enrollments = enrollments.anti_join(_active(tables, window), ["user_id", "course_id"])
    courses = tables.courses.filter(
        _.root_account_id == scope.root.id, _.workflow_state != "deleted"
    )
    rows = seated(
        tables,
        scope,
        enrollments,
        courses=covered_courses(scope, courses),
        sections=tables.course_sections,
        logins=tables.pseudonyms.filter(is_live(tables.pseudonyms)),
    )
    state = Column("enrollment state", _.workflow_state)
    columns = (*seat_columns("user name"), *((state,) if shows_state else ()))
    return Plan(
        files=(OutputFile("students_with_no_submissions_csv", columns, rows),),
        extra_text=extra_text.joined(
            extra_text.include_deleted(scope),
            extra_text.term(scope),
            extra_text.time(scope, "Start At", window.start),
            extra_text.time(scope, "End At", window.end),
            extra_text.course(scope),
            "Include Enrollment State: true;" if shows_state else None,
            f"Enrollment States: {_ALL_STATES if states is None else ' '.join(states)};",
        ),
        computed_parameters=window.computed,
    )


def _chosen_states(scope: Scope) -> list[str] | None:
    """The states asked for, exactly as they were written; None for all."""
    given: Any = scope.parameters.given("enrollment_state")
    items = given if isinstance(given, list) else [given]
    states = [str(item) for item in items if not is_blank(item)]
    return None if given is None or _ALL_STATES in states else states


def _active(tables: Tables, window: Window) -> ir.Table:
    """Who handed in something in which course, `user_id` and `course_id`, also if it was deleted.

    The assignment, not the submission, says which course that is; its state does not matter.
    """
    submissions = tables.submissions
    submissions = submissions.filter(
        is_live(submissions),
        submissions.submitted_at > without_zone(window.start),
        submissions.submitted_at < without_zone(window.end),
    ).select("user_id", "assignment_id")
    assignments = tables.assignments.filter(_.context_type == "Course").select(
        assignment_key="id", course_id="context_id"
    )
    handed_in = submissions.join(
        assignments, submissions.assignment_id == assignments.assignment_key
    )
    return handed_in.select("user_id", "course_id").distinct()


NO_SUBMISSIONS = Report(
    key="students_with_no_submissions_csv",
    title="Students with no submissions",
    description=(
        "Students who handed in nothing in a course during a time of at most two weeks, a row for "
        "each of their sections there."
    ),
    parameters=(
        term_parameter("courses"),
        course_parameter("students"),
        Parameter(
            "start_at",
            "When the time begins. It has at most two weeks: where it is longer, its last two "
            "weeks count. Without it, two weeks before the end.",
            kind="time",
            required=True,
        ),
        Parameter(
            "end_at",
            "When the time ends. Without it, two weeks after the start, or now if that is not "
            "given either.",
            kind="time",
            required=True,
        ),
        Parameter("include_enrollment_state", "Add a column with the state of the enrollment."),
        Parameter(
            "enrollment_state",
            f"The states of enrollments to report: {_STATES}, or all, which is what it is if left "
            "empty.",
            kind="list",
        ),
    ),
    tables=(
        "accounts",
        "assignments",
        "course_sections",
        "courses",
        "enrollments",
        "pseudonyms",
        "submissions",
        "users",
    ),
    optional_tables=(*COURSE_ASSOCIATIONS, "enrollment_terms"),
    plan=_plan,
    repeatable=True,
)
