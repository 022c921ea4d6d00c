"""The tables that both reports on outcome results join, each in the states that a run takes.

Source: grades_and_outcomes.md, 3.2 and 4.2. Columns carry names that cannot clash in a join.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.tables import Tables
from rollbook.reports import extra_text
from rollbook.reports.logins import candidates
from rollbook.reports.outcomes.rating import Scales
from rollbook.reports.report import Column, OutputFile
from rollbook.reports.scope import Scope, is_live
from rollbook.reports.user_layout import byte_order_mark, separator

NO_ROWS = "No outcomes found"

TABLES = (
    "accounts",
    "assignments",
    "content_tags",
    "course_sections",
    "courses",
    "enrollment_terms",
    "enrollments",
    "learning_outcome_groups",
    "learning_outcome_results",
    "learning_outcomes",
    "pseudonyms",
    "submissions",
    "users",
)
OPTIONAL_TABLES = (
    "course_account_associations",
    "feature_flags",
    "outcome_proficiencies",
    "outcome_proficiency_ratings",
)


def output_file(scope: Scope, columns: tuple[Column, ...], rows: ir.Table) -> OutputFile:
    """The file of a report, as the user who asked wants it."""
    return OutputFile(
        "outcomes",
        columns,
        rows,
        separator=separator(scope),
        byte_order_mark=byte_order_mark(scope),
        when_empty=NO_ROWS,
    )


def settings_in_words(scope: Scope, *more: str | None) -> str:
    """The extra text (0.1)."""
    return extra_text.joined(extra_text.term(scope), extra_text.include_deleted(scope), *more)


def links_of_account(tables: Tables, account_id: int) -> ir.Table:
    """The account's links to outcomes: `link_id`, `outcome_id`, `group_id`, and their kinds."""
    return tables.content_tags.filter(
        _.context_type == "Account",
        _.context_id == account_id,
        _.tag_type == "learning_outcome_association",
    ).select(
        link_id="id",
        outcome_id="content_id",
        group_id="associated_asset_id",
        link_content_type="content_type",
        link_group_type="associated_asset_type",
        link_state="workflow_state",
    )


def with_outcome_and_group(tables: Tables, links: ir.Table) -> ir.Table:
    """Links with what is printed of their outcome and group; both must exist, in any state."""
    groups = tables.learning_outcome_groups.select(group_key="id", group_title="title")
    outcomes = tables.learning_outcomes.select(
        outcome_key="id", outcome_name="short_description", outcome_friendly_name="display_name"
    )
    rows = links.join(groups, links.group_id == groups.group_key)
    rows = rows.join(outcomes, rows.outcome_id == outcomes.outcome_key)
    return rows.select(
        "link_id", "outcome_id", "outcome_name", "outcome_friendly_name", "group_id", "group_title"
    )


def linked_outcomes(tables: Tables, links: ir.Table) -> ir.Table:
    """The outcomes themselves."""
    return tables.learning_outcomes.semi_join(links, [("id", "outcome_id")])


def courses_in_scope(tables: Tables, scope: Scope) -> ir.Table:
    """The courses that a run covers, with their accounts."""
    courses = tables.courses.filter(_.root_account_id == scope.root.id)
    if not scope.include_deleted:
        courses = courses.filter(_.workflow_state.isin(["available", "completed"]))
    courses = scope.in_term(scope.in_courses(courses, "id"), "enrollment_term_id")
    accounts = tables.accounts.select(account_key="id", account_name="name")
    rows = courses.join(accounts, courses.account_id == accounts.account_key)
    return rows.select(
        "account_id",
        "account_name",
        course_key="id",
        course_name="name",
        course_sis="sis_source_id",
    )


def student_enrollments(tables: Tables, scope: Scope) -> ir.Table:
    """Enrollments of students in the states that a run takes."""
    rows = tables.enrollments.filter(
        _.type == "StudentEnrollment", _.root_account_id == scope.root.id
    )
    if not scope.include_deleted:
        rows = rows.filter(is_live(rows))
    return rows.select(
        "id",
        "course_id",
        student_id="user_id",
        section_id="course_section_id",
        enrollment_state="workflow_state",
    )


def student_logins(tables: Tables, scope: Scope) -> ir.Table:
    """Logins in the states that a run takes, with their student's name."""
    logins = candidates(tables, scope).filter(~_.is_inst_id.fill_null(False))
    students = tables.users.select(user_key="id", student_name="sortable_name")
    return logins.join(students, logins.user_id == students.user_key).select(
        "student_name",
        login_id="id",
        login_user_id="user_id",
        login_account_id="account_id",
        login_sis_user_id="sis_user_id",
    )


def sections(tables: Tables) -> ir.Table:
    """All sections."""
    return tables.course_sections.select(
        section_key="id", section_name="name", section_sis="sis_source_id"
    )


def submissions(tables: Tables) -> ir.Table:
    """What was handed in, and is not deleted."""
    return tables.submissions.filter(~_.workflow_state.isin(["deleted", "unsubmitted"])).select(
        submission_id="id",
        submission_assignment_id="assignment_id",
        submission_user_id="user_id",
        submission_submitted_at="submitted_at",
        submission_score="score",
    )


def results(tables: Tables) -> ir.Table:
    """All results of outcomes."""
    return tables.learning_outcome_results.select(
        "percent",
        "hide_points",
        "association_type",
        "association_id",
        "artifact_type",
        "artifact_id",
        result_id="id",
        result_user_id="user_id",
        result_outcome_id="learning_outcome_id",
        result_alignment_id="content_tag_id",
        result_course_id="context_id",
        result_score="score",
        result_possible="possible",
        result_mastery="mastery",
        result_attempt="attempt",
        result_state="workflow_state",
    )


def is_valid_result(rows: ir.Table) -> ir.BooleanValue:
    """The results that count; a submission by itself gives none (3.2, step 3)."""
    condition: ir.BooleanValue = (rows.result_state != "deleted") & (
        rows.artifact_type != "Submission"
    )
    return condition


def assignment_url(scope: Scope, course_id: ir.Value, assignment_id: ir.Value) -> ir.Value:
    """Where the assignment is; without one the text ends before its id."""
    courses = f"https://{scope.host.name}/courses/"
    number = assignment_id.cast("string").fill_null("")
    return ibis.literal(courses) + course_id.cast("string") + "/assignments/" + number


def unless_hidden(rows: ir.Table, value: ir.Value) -> ir.Value:
    """A value that is blank where the result hides its points (3.6)."""
    return ibis.ifelse(rows.hide_points.fill_null(False), ibis.null(value.type()), value)


def course_columns() -> tuple[Column, ...]:
    """Course and section."""
    return (
        Column("course name", _.course_name),
        Column("course id", _.course_id),
        Column("course sis id", _.course_sis),
        Column("section name", _.section_name),
        Column("section id", _.section_id),
        Column("section sis id", _.section_sis),
    )


def scale_columns(
    rows: ir.Table, scales: Scales, rated: ir.Value, possible: ir.Value
) -> tuple[Column, ...]:
    """The outcome's name for students, and how the result stands on the scale.

    Args:
        rows: rows that were joined with the scales.
        scales: the scales.
        rated: the score that is rated.
        possible: the points possible that print.
    """
    points = scales.rating_points(rows, rated)
    return (
        Column("learning outcome friendly name", _.outcome_friendly_name),
        Column("learning outcome points possible", unless_hidden(rows, possible)),
        Column("learning outcome mastery score", unless_hidden(rows, rows.scale_mastery)),
        Column("learning outcome mastered", rows.mastery.cast("int8")),
        Column("learning outcome rating", scales.rating(rows, rated)),
        Column("learning outcome rating points", unless_hidden(rows, points)),
    )


def group_and_account_columns() -> tuple[Column, ...]:
    """Where the outcome stands, whose the course is, and how the student is enrolled."""
    return (
        Column("learning outcome group title", _.group_title),
        Column("learning outcome group id", _.group_id),
        Column("account id", _.account_id),
        Column("account name", _.account_name),
        Column("enrollment state", _.enrollment_state),
    )
