"""`student_assignment_outcome_map_csv`: students and the outcomes of their assignments.

A row also for who handed in nothing. Source: grades_and_outcomes.md, section 4.
"""

from __future__ import annotations

import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.tables import Tables
from rollbook.reports.outcomes.parts import (
    assignment_url,
    course_columns,
    courses_in_scope,
    group_and_account_columns,
    is_valid_result,
    linked_outcomes,
    links_of_account,
    output_file,
    results,
    scale_columns,
    sections,
    settings_in_words,
    student_enrollments,
    student_logins,
    submissions,
    unless_hidden,
    with_outcome_and_group,
)
from rollbook.reports.outcomes.rating import Scales, read_scales, scaled_score
from rollbook.reports.report import Column, Plan
from rollbook.reports.scope import Scope, is_live


def plan(tables: Tables, scope: Scope) -> Plan:
    """One file; the message row where no student has an aligned assignment."""
    links = _links(tables, scope)
    scales = read_scales(tables, scope, linked_outcomes(tables, links))
    rows = _with_students(tables, scope, _alignments(tables, scope, links))
    rows = scales.join(_with_results(tables, rows))
    ordered = rows.order_by(
        "student_id",
        "course_id",
        "assignment_id",
        "alignment_id",
        "link_id",
        "login_id",
        "section_id",
        "enrollment_state",
        "result_id",
        "submission_id",
    )
    return Plan(
        files=(output_file(scope, _columns(scope, rows, scales), ordered),),
        extra_text=settings_in_words(scope),
    )


def _links(tables: Tables, scope: Scope) -> ir.Table:
    """The outcomes linked in the account, once for each group (4.2, step 6)."""
    links = links_of_account(tables, scope.account.id).filter(
        _.link_state != "deleted", _.link_group_type == "LearningOutcomeGroup"
    )
    return with_outcome_and_group(tables, links)


def _alignments(tables: Tables, scope: Scope, links: ir.Table) -> ir.Table:
    """Assignments of the run's courses with the linked outcomes they assess (steps 3 to 6)."""
    assignments = tables.assignments.filter(_.context_type == "Course", _.type == "Assignment")
    if not scope.include_deleted:
        assignments = assignments.filter(is_live(assignments))
    assignments = assignments.select(
        assignment_id="id", assignment_title="title", assignment_course_id="context_id"
    )
    alignments = tables.content_tags.filter(
        _.content_type == "Assignment",
        _.tag_type == "learning_outcome",
        _.workflow_state != "deleted",
    ).select(alignment_id="id", aligned_id="content_id", aligned_outcome_id="learning_outcome_id")
    courses = courses_in_scope(tables, scope)
    rows = alignments.join(links, alignments.aligned_outcome_id == links.outcome_id)
    rows = rows.join(assignments, rows.aligned_id == assignments.assignment_id)
    return rows.join(courses, rows.assignment_course_id == courses.course_key)


def _with_students(tables: Tables, scope: Scope, rows: ir.Table) -> ir.Table:
    """A row for each login of each student in each section (steps 1 to 3)."""
    aligned = rows.select(aligned_course_id="course_key").distinct()
    enrollments = (
        student_enrollments(tables, scope)
        .semi_join(aligned, [("course_id", "aligned_course_id")])
        # Enrollments in one section and state give one row.
        .select("student_id", "course_id", "section_id", "enrollment_state")
        .distinct()
    )
    logins = student_logins(tables, scope).filter(_.login_account_id == scope.root.id)
    places = sections(tables)
    rows = rows.join(enrollments, rows.course_key == enrollments.course_id)
    rows = rows.join(places, rows.section_id == places.section_key)
    return rows.join(logins, rows.student_id == logins.login_user_id)


def _with_results(tables: Tables, rows: ir.Table) -> ir.Table:
    """With result and submission where there are such (steps 7 and 8)."""
    assessed, handed_in = results(tables), submissions(tables)
    rows = rows.left_join(
        assessed,
        [
            rows.student_id == assessed.result_user_id,
            rows.alignment_id == assessed.result_alignment_id,
        ],
    )
    # A student whose results are all deleted has no row, not a blank one.
    rows = rows.filter(rows.result_id.isnull() | is_valid_result(rows))
    rows = rows.left_join(
        handed_in,
        [
            rows.assignment_id == handed_in.submission_assignment_id,
            rows.student_id == handed_in.submission_user_id,
        ],
    )
    return rows.rename(mastery="result_mastery")


def _columns(scope: Scope, rows: ir.Table, scales: Scales) -> tuple[Column, ...]:
    rated = scaled_score(rows, rows.result_score, rows.result_possible)
    possible = rows.scale_possible if scales.of_account else rows.result_possible
    return (
        Column("student name", _.student_name),
        Column("student id", _.student_id),
        Column("student sis id", _.login_sis_user_id),
        Column("assignment title", _.assignment_title),
        Column("assignment id", _.assignment_id),
        Column("submission date", _.submission_submitted_at),
        Column("submission score", _.submission_score),
        Column("learning outcome name", _.outcome_name),
        Column("learning outcome id", _.outcome_id),
        Column("attempt", _.result_attempt),
        Column("outcome score", unless_hidden(rows, rows.result_score)),
        *course_columns(),
        Column("assignment url", assignment_url(scope, rows.course_id, rows.assignment_id)),
        *scale_columns(rows, scales, rated, possible),
        *group_and_account_columns(),
    )
