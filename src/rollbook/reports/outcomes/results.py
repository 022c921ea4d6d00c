"""`outcome_results_csv`: a row for each result of an outcome (grades_and_outcomes.md, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import ibis
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
from rollbook.reports.scope import Scope

_ORDERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "users": ("student_id", "outcome_id", "course_id"),
        "courses": ("course_id", "student_id", "outcome_id"),
        "outcomes": ("outcome_id", "student_id", "course_id"),
    }
)
_TIES = ("login_id", "section_id", "result_id", "question_result_id", "assignment_id")

_QUIZ = ("Quiz", "Quizzes::Quiz")
_QUIZ_SUBMISSION = ("QuizSubmission", "Quizzes::QuizSubmission")


def plan(tables: Tables, scope: Scope) -> Plan:
    """One file; the message row where there are no results."""
    order = str(scope.parameters.values.get("order")).lower()
    links = _links(tables, scope)
    scales = read_scales(tables, scope, linked_outcomes(tables, links))
    rows = _with_assessments(tables, _results(tables, scope, links))
    rows = _with_students(tables, scope, rows)
    rows = scales.join(_with_values(tables, rows))
    ordered = rows.order_by(*_ORDERS.get(order, _ORDERS["users"]), *_TIES)
    return Plan(
        files=(output_file(scope, _columns(scope, rows, scales), ordered),),
        extra_text=settings_in_words(scope, f"Order: {order}" if order in _ORDERS else None),
    )


def _links(tables: Tables, scope: Scope) -> ir.Table:
    """The outcomes linked in the account (3.2, steps 1 and 2)."""
    links = links_of_account(tables, scope.account.id).filter(
        _.link_state == "active",
        _.link_content_type == "LearningOutcome",
        _.link_group_type == "LearningOutcomeGroup",
    )
    rows = with_outcome_and_group(tables, links)
    # An outcome in two groups of the account gives its results once.
    first = ibis.row_number().over(group_by=rows.outcome_id, order_by=rows.link_id)
    return rows.mutate(choice=first).filter(_.choice == 0).drop("choice")


def _results(tables: Tables, scope: Scope, links: ir.Table) -> ir.Table:
    """Valid results of linked outcomes in courses of the run (steps 3, 4 and 6)."""
    valid = results(tables)
    valid = valid.filter(is_valid_result(valid))
    courses = courses_in_scope(tables, scope)
    alignments = tables.content_tags.filter(_.workflow_state != "deleted").select(
        alignment_id="id", aligned_type="content_type", aligned_id="content_id"
    )
    rows = valid.join(links, valid.result_outcome_id == links.outcome_id)
    rows = rows.join(alignments, rows.result_alignment_id == alignments.alignment_id)
    return rows.join(courses, rows.result_course_id == courses.course_key)


def _with_assessments(tables: Tables, rows: ir.Table) -> ir.Table:
    """With quiz and assignment, where there are such (step 8)."""
    quizzes = tables.quizzes.select(
        quiz_id="id", quiz_title="title", quiz_assignment_id="assignment_id"
    )
    attempts = tables.quiz_submissions.select(
        quiz_submission_id="id", quiz_finished_at="finished_at", quiz_score="score"
    )
    # As columns, because engines join on equal columns, and compare every pair for anything else.
    rows = rows.mutate(
        taken_quiz_id=_only(rows.association_type.isin(_QUIZ), rows.association_id),
        taken_id=_only(rows.artifact_type.isin(_QUIZ_SUBMISSION), rows.artifact_id),
    )
    rows = rows.left_join(quizzes, rows.taken_quiz_id == quizzes.quiz_id)
    rows = rows.left_join(attempts, rows.taken_id == attempts.quiz_submission_id)
    # Alignment and quiz may lead to two assignments: two rows.
    aligned = rows.filter(_.aligned_type == "Assignment").select(
        assessed_result_id="result_id", assignment_key="aligned_id"
    )
    of_quiz = rows.select(assessed_result_id="result_id", assignment_key="quiz_assignment_id")
    assignments = tables.assignments.filter(_.type == "Assignment").select(
        assignment_id="id", assignment_title="title"
    )
    pairs = aligned.union(of_quiz, distinct=True)
    pairs = pairs.join(assignments, pairs.assignment_key == assignments.assignment_id)
    return rows.left_join(pairs, rows.result_id == pairs.assessed_result_id)


def _with_students(tables: Tables, scope: Scope, rows: ir.Table) -> ir.Table:
    """A row for each login of the student and each section with an enrollment (steps 5 and 7)."""
    assessed = rows.select("result_user_id", "course_key").distinct()
    enrollments = student_enrollments(tables, scope).semi_join(
        assessed, [("student_id", "result_user_id"), ("course_id", "course_key")]
    )
    # Several enrollments in one section give one row.
    first = ibis.row_number().over(
        group_by=[enrollments.student_id, enrollments.course_id, enrollments.section_id],
        order_by=enrollments.id,
    )
    enrollments = enrollments.mutate(choice=first).filter(_.choice == 0).drop("choice", "id")
    logins, places = student_logins(tables, scope), sections(tables)
    rows = rows.join(
        enrollments,
        [
            rows.result_user_id == enrollments.student_id,
            rows.course_key == enrollments.course_id,
        ],
    )
    rows = rows.join(places, rows.section_id == places.section_key)
    return rows.join(logins, rows.student_id == logins.login_user_id)


def _with_values(tables: Tables, rows: ir.Table) -> ir.Table:
    """With submissions and single questions; the values of a question go before the result's."""
    handed_in, questions = submissions(tables), _questions(tables)
    rows = rows.left_join(
        handed_in,
        [
            rows.assignment_id == handed_in.submission_assignment_id,
            rows.student_id == handed_in.submission_user_id,
        ],
    )
    rows = rows.left_join(questions, rows.result_id == questions.question_of_result_id)
    return rows.mutate(
        score=ibis.coalesce(rows.question_score, rows.result_score),
        possible=ibis.coalesce(rows.question_possible, rows.result_possible),
        mastery=ibis.coalesce(rows.question_mastery, rows.result_mastery),
        attempt=ibis.coalesce(rows.question_attempt, rows.result_attempt),
    )


def _questions(tables: Tables) -> ir.Table:
    """Results of single questions of a quiz."""
    names = tables.assessment_questions.select(question_id="id", question_name="name")
    rows = tables.learning_outcome_question_results
    is_question = rows.associated_asset_type == "AssessmentQuestion"
    rows = rows.mutate(asked_id=_only(is_question, rows.associated_asset_id))
    rows = rows.left_join(names, rows.asked_id == names.question_id)
    return rows.select(
        "question_id",
        "question_name",
        question_result_id="id",
        question_of_result_id="learning_outcome_result_id",
        question_score="score",
        question_possible="possible",
        question_mastery="mastery",
        question_attempt="attempt",
    )


def _only(condition: ir.BooleanValue, value: ir.Value) -> ir.Value:
    return ibis.ifelse(condition, value, ibis.null(value.type()))


def _columns(scope: Scope, rows: ir.Table, scales: Scales) -> tuple[Column, ...]:
    is_quiz = rows.association_type.isin(_QUIZ).fill_null(False)
    kind = ibis.cases(
        (is_quiz, "quiz"),
        (rows.aligned_type == "Assignment", "assignment"),
        else_=ibis.null("string"),
    )
    scaled = scaled_score(rows, rows.score, rows.possible)
    rated = ibis.coalesce(rows.percent * rows.scale_whole, scaled)
    possible = (
        ibis.ifelse(is_quiz, rows.possible, rows.scale_possible)
        if scales.of_account
        else rows.possible
    )
    return (
        Column("student name", _.student_name),
        Column("student id", _.student_id),
        Column("student sis id", _.login_sis_user_id),
        Column("assessment title", ibis.coalesce(rows.quiz_title, rows.assignment_title)),
        Column("assessment id", ibis.coalesce(rows.quiz_id, rows.assignment_id)),
        Column("assessment type", kind),
        Column(
            "submission date", ibis.coalesce(rows.quiz_finished_at, rows.submission_submitted_at)
        ),
        Column("submission score", ibis.coalesce(rows.quiz_score, rows.submission_score)),
        Column("learning outcome name", _.outcome_name),
        Column("learning outcome id", _.outcome_id),
        Column("attempt", _.attempt),
        Column("outcome score", unless_hidden(rows, rows.score)),
        Column("assessment question", _.question_name),
        Column("assessment question id", _.question_id),
        *course_columns(),
        Column("assignment url", assignment_url(scope, rows.course_id, rows.assignment_id)),
        *scale_columns(rows, scales, rated, possible),
        *group_and_account_columns(),
    )
