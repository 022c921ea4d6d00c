"""The file space of each course (courses_and_tools.md, section 4)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.settings import read_setting
from rollbook.canvas.tables import Tables
from rollbook.reports.courses.covered import (
    NARROWING_TABLES,
    course_plan,
    covered_courses,
    term_parameter,
)
from rollbook.reports.expressions import prefixed
from rollbook.reports.parameters import leading_integer
from rollbook.reports.report import Column, Plan, Report
from rollbook.reports.scope import Scope, is_live

_SMALLEST_FILE = "attachment_minimum_size_for_quota"
_SMALLEST_FILE_BYTES = 512
_BYTES_PER_MB = 1_048_576


def _plan(tables: Tables, scope: Scope) -> Plan:
    courses = covered_courses(tables, scope)
    courses = courses.filter(is_live(courses))
    accounts = prefixed(tables.accounts, "home_", "id", "sis_source_id", "name")
    storage = _storage(tables, _smallest_file_bytes(tables, scope))
    rows = courses.left_join(accounts, courses.account_id == accounts.home_id)
    rows = rows.left_join(storage, rows.id == storage.storage_course_id).order_by("id")
    return course_plan(scope, name="course_storage_csv", columns=_columns(rows), rows=rows)


def _columns(rows: ir.Table) -> tuple[Column, ...]:
    return (
        Column("id", _.id),
        Column("sis id", _.sis_source_id),
        Column("short name", _.course_code),
        Column("name", _.name),
        Column("account id", _.account_id),
        Column("account sis id", _.home_sis_source_id),
        Column("account name", _.home_name),
        Column("storage used in MB", _megabytes(rows.used_bytes)),
        Column("sum of all files in MB", _megabytes(rows.all_bytes)),
    )


def _storage(tables: Tables, smallest_file_bytes: int) -> ir.Table:
    """The bytes of each course with available files, without and with copies of other files."""
    files = tables.attachments.filter(_.context_type == "Course", _.file_state == "available")
    counted = ibis.greatest(files.size, smallest_file_bytes)
    # A file without size counts nothing, not the least size.
    files = files.mutate(counted=ibis.ifelse(files.size.isnull(), 0, counted))
    return files.group_by(storage_course_id=files.context_id).agg(
        used_bytes=files.counted.sum(where=files.root_attachment_id.isnull()),
        all_bytes=files.counted.sum(),
    )


def _smallest_file_bytes(tables: Tables, scope: Scope) -> int:
    """What a smaller file counts as; text that begins with no number is 0."""
    value = read_setting(tables, scope.engine, _SMALLEST_FILE)
    return _SMALLEST_FILE_BYTES if value is None else leading_integer(value)


def _megabytes(byte_sum: ir.IntegerValue) -> ir.FloatingValue:
    """Half away from zero on the exact quotient: a double holds every step of it exactly."""
    hundredths = byte_sum.fill_null(0).cast("float64") * 100 / _BYTES_PER_MB
    megabytes: ir.FloatingValue = (hundredths + 0.5).floor() / 100
    return megabytes


COURSE_STORAGE = Report(
    key="course_storage_csv",
    title="Course Storage",
    description=(
        "The file space of each course: what counts against its quota, and the sum of all of its "
        "files, copies included."
    ),
    parameters=(term_parameter("courses whose files are summed"),),
    tables=("accounts", "courses", "attachments"),
    optional_tables=(*NARROWING_TABLES, "settings"),
    plan=_plan,
    repeatable=True,
)
