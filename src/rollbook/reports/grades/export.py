"""`grade_export_csv`: one row for each student enrollment (grades_and_outcomes.md, section 1)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.tables import Tables
from rollbook.reports.grades.schemes import LetterGrades
from rollbook.reports.grades.students import (
    course_columns,
    courses_in_scope,
    graded_students,
    identity_columns,
    score_kinds,
    settings_in_words,
)
from rollbook.reports.report import OutputFile, Plan
from rollbook.reports.scope import Scope

_BATCHES = 99
_FEWEST_IN_A_BATCH, _MOST_IN_A_BATCH = 25, 1000


def plan(tables: Tables, scope: Scope) -> Plan:
    """One file, students of all courses in the order of Canvas's batches of courses."""
    letters = LetterGrades(tables, scope)
    courses = scope.in_term(courses_in_scope(tables, scope), "enrollment_term_id")
    rows = graded_students(tables, scope, courses, letters)
    places = _places(courses)
    rows = rows.join(places, rows.course_id == places.place_course_id)
    columns = (*identity_columns(scope), *course_columns(score_kinds(scope)))
    file = OutputFile("grades", columns, rows.order_by("place", "id"))
    return Plan(files=(file,), extra_text=settings_in_words(scope))


def _places(courses: ir.Table) -> ir.Table:
    """The place of each course: by batch, term, id (1.6)."""
    total = courses.id.count().over(ibis.window())
    share = (total / _BATCHES + 0.5).floor().cast("int64")
    size = ibis.least(ibis.greatest(share, _FEWEST_IN_A_BATCH), _MOST_IN_A_BATCH)
    batches = courses.select(
        "id", "enrollment_term_id", batch=ibis.row_number().over(order_by=courses.id) // size
    )
    place = ibis.row_number().over(order_by=[_.batch, _.enrollment_term_id, _.id])
    return batches.select(place_course_id="id", place=place)
