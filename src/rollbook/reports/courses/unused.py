"""Courses without any content (courses_and_tools.md, section 3)."""

from __future__ import annotations

from collections.abc import Iterator

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
from rollbook.reports.report import Column, Plan, Report
from rollbook.reports.scope import Scope, is_live


def _plan(tables: Tables, scope: Scope) -> Plan:
    courses = covered_courses(tables, scope)
    courses = courses.filter(is_live(courses))
    for owners in _owners_of_content(tables):
        courses = courses.anti_join(owners, [("id", "course_id")])
    pages = tables.wiki_pages.filter(is_live(tables.wiki_pages))
    # Pages belong to the course's wiki; whose context they name does not matter.
    courses = courses.anti_join(pages, [("wiki_id", "wiki_id")]).order_by("id")
    return course_plan(
        scope, name="unused_courses_csv", columns=_COLUMNS, rows=courses, knows_total=False
    )


def _owners_of_content(tables: Tables) -> Iterator[ir.Table]:
    """For each kind of content but pages, the courses that hold some: `course_id`."""
    files = tables.attachments
    yield _courses_of(files.filter(files.file_state != "deleted"))
    for content in (
        tables.assignments,
        tables.discussion_topics,
        tables.context_modules,
        tables.quizzes,
    ):
        yield _courses_of(content.filter(is_live(content)))


def _courses_of(content: ir.Table) -> ir.Table:
    return content.filter(content.context_type == "Course").select(course_id="context_id")


_STATUS = _.workflow_state.cases(
    ("claimed", "unpublished"),
    ("created", "unpublished"),
    ("completed", "concluded"),
    ("available", "active"),
    else_=ibis.null("string"),
)

_COLUMNS = (
    Column("course id", _.id),
    Column("course sis id", _.sis_source_id),
    Column("short name", _.course_code),
    Column("long name", _.name),
    Column("status", _STATUS),
    Column("created at", _.created_at),
)

UNUSED_COURSES = Report(
    key="unused_courses_csv",
    title="Unused Courses",
    description=(
        "Courses without any content: no assignment, file, discussion, module, quiz or page, "
        "published or not. People enrolled in them do not matter."
    ),
    parameters=(term_parameter("unused courses"),),
    tables=(
        "accounts",
        "courses",
        "assignments",
        "attachments",
        "context_modules",
        "discussion_topics",
        "quizzes",
        "wiki_pages",
    ),
    optional_tables=NARROWING_TABLES,
    plan=_plan,
    repeatable=True,
)
