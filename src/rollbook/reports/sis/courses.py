"""The files courses, sections and xlist (sis_and_provisioning.md, 4.4, 4.5, 4.10)."""

from __future__ import annotations

from datetime import timedelta

import ibis
import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.serialized import setting_text
from rollbook.canvas.tables import Tables
from rollbook.reports.expressions import if_true, prefixed
from rollbook.reports.report import OutputFile
from rollbook.reports.scope import Scope, any_of, is_live
from rollbook.reports.sis.export import Export, both, created_by_sis, provisioning, sis

_COURSE_FORMATS = "on_campus|online|blended"
_DELETED_LATELY = timedelta(days=120)


def courses(tables: Tables, export: Export) -> OutputFile:
    """One row for each course of the root."""
    scope = export.scope
    rows = tables.courses.filter(_.root_account_id == scope.root.id)
    rows = export.kept(
        rows,
        by_default=~rows.workflow_state.isin(["deleted", "completed"]),
        with_deleted=any_of(
            [is_live(rows), rows.sis_source_id.notnull(), *_deleted_lately(rows, scope)]
        ),
        sis_demands=rows.sis_source_id.notnull(),
        batch_id=rows.sis_batch_id,
    )
    rows = scope.in_term(scope.in_courses(rows, "id"), "enrollment_term_id")
    accounts = prefixed(tables.accounts, "home_", "id", "sis_source_id")
    terms = prefixed(tables.enrollment_terms, "term_", "id", "sis_source_id")
    blueprints = _blueprints(tables)
    rows = rows.left_join(accounts, rows.account_id == accounts.home_id)
    rows = rows.left_join(terms, rows.enrollment_term_id == terms.term_id)
    rows = rows.left_join(blueprints, rows.id == blueprints.blueprint_child_id)
    columns = export.columns(
        provisioning("canvas_course_id", _.id),
        both("course_id", _.sis_source_id),
        both("integration_id", _.integration_id),
        both("short_name", _.course_code),
        both("long_name", _.name),
        provisioning("canvas_account_id", _.account_id),
        both("account_id", _.home_sis_source_id),
        provisioning("canvas_term_id", _.enrollment_term_id),
        both("term_id", _.term_sis_source_id),
        sis("status", _sis_status(rows.workflow_state)),
        provisioning("status", _provisioning_status(rows.workflow_state)),
        both("start_date", if_true(rows.restrict_enrollments_to_course_dates, rows.start_at)),
        both("end_date", if_true(rows.restrict_enrollments_to_course_dates, rows.conclude_at)),
        both("course_format", setting_text(rows.settings, "course_format", _COURSE_FORMATS)),
        provisioning("canvas_blueprint_course_id", _.blueprint_id),
        both("blueprint_course_id", _.blueprint_sis_source_id),
        provisioning("created_by_sis", created_by_sis(_.sis_batch_id)),
    )
    return OutputFile("courses", columns, rows.order_by("id"))


def _sis_status(state: ir.Value) -> ir.Value:
    return ibis.ifelse(state.isin(["deleted", "completed"]), state, "active")


def _provisioning_status(state: ir.Value) -> ir.Value:
    return state.cases(
        ("claimed", "unpublished"),
        ("created", "unpublished"),
        ("available", "active"),
        ("completed", "concluded"),
        ("deleted", "deleted"),
        else_=ibis.null("string"),
    )


def _deleted_lately(rows: ir.Table, scope: Scope) -> list[ir.BooleanValue]:
    # Only a run that needs the time reads it: who reads it cannot be repeated.
    if not scope.include_deleted:
        return []
    return [rows.updated_at > ibis.literal(scope.now_utc - _DELETED_LATELY)]


def _blueprints(tables: Tables) -> ir.Table:
    """Each associated course with its blueprint course, whatever that course's state."""
    subscriptions = tables.master_courses_child_subscriptions.filter(
        _.workflow_state != "deleted"
    ).select("id", "child_course_id", "master_template_id")
    templates = prefixed(
        tables.master_courses_master_templates.filter(_.workflow_state != "deleted", _.full_course),
        "template_",
        "id",
        "course_id",
    )
    courses_ = prefixed(tables.courses, "blueprint_", "id", "sis_source_id")
    links = subscriptions.join(templates, subscriptions.master_template_id == templates.template_id)
    # Several live subscriptions: the oldest counts.
    oldest = ibis.row_number().over(group_by=links.child_course_id, order_by=links.id)
    links = links.mutate(choice=oldest).filter(_.choice == 0)
    rows = links.join(courses_, links.template_course_id == courses_.blueprint_id)
    return rows.select(
        "blueprint_id", "blueprint_sis_source_id", blueprint_child_id="child_course_id"
    )


def sections(tables: Tables, export: Export) -> OutputFile:
    """One row for each section of the root, with the course it is in now."""
    scope = export.scope
    rows = _with_current_course(tables, scope.root.id)
    rows = export.kept(
        rows,
        by_default=is_live(rows) & (rows.course_workflow_state != "deleted"),
        with_deleted=is_live(rows) | rows.sis_source_id.notnull(),
        sis_demands=rows.sis_source_id.notnull() & rows.course_sis_source_id.notnull(),
        batch_id=rows.sis_batch_id,
    )
    rows = scope.in_term(scope.in_courses(rows, "course_id"), "course_enrollment_term_id")
    accounts = prefixed(tables.accounts, "home_", "id", "sis_source_id")
    rows = rows.join(accounts, rows.course_account_id == accounts.home_id)
    restricted = rows.restrict_enrollments_to_section_dates
    columns = export.columns(
        provisioning("canvas_section_id", _.id),
        both("section_id", _.sis_source_id),
        provisioning("canvas_course_id", _.course_id),
        both("course_id", _.course_sis_source_id),
        both("integration_id", _.integration_id),
        both("name", _.name),
        both("status", _.workflow_state),
        both("start_date", if_true(restricted, rows.start_at)),
        both("end_date", if_true(restricted, rows.end_at)),
        provisioning("canvas_account_id", _.course_account_id),
        provisioning("account_id", _.home_sis_source_id),
        provisioning("created_by_sis", created_by_sis(_.sis_batch_id)),
    )
    return OutputFile("sections", columns, rows.order_by("id"))


def xlist(tables: Tables, export: Export) -> OutputFile:
    """One row for each cross-listed section: the course it is in, and the one it came from."""
    scope = export.scope
    rows = _with_current_course(tables, scope.root.id)
    originals = prefixed(tables.courses, "original_", "id", "sis_source_id")
    rows = rows.join(originals, rows.nonxlist_course_id == originals.original_id)
    both_with_sis_id = rows.course_sis_source_id.notnull() & rows.sis_source_id.notnull()
    rows = export.kept(
        rows,
        by_default=is_live(rows) & ~rows.course_workflow_state.isin(["deleted", "completed"]),
        with_deleted=((rows.course_workflow_state != "deleted") & is_live(rows)) | both_with_sis_id,
        sis_demands=both_with_sis_id,
        batch_id=rows.sis_batch_id,
    )
    rows = scope.in_term(scope.in_courses(rows, "course_id"), "course_enrollment_term_id")
    columns = export.columns(
        provisioning("canvas_xlist_course_id", _.course_id),
        both("xlist_course_id", _.course_sis_source_id),
        provisioning("canvas_section_id", _.id),
        both("section_id", _.sis_source_id),
        both("status", _.workflow_state),
        provisioning("canvas_nonxlist_course_id", _.nonxlist_course_id),
        provisioning("nonxlist_course_id", _.original_sis_source_id),
    )
    return OutputFile("xlist", columns, rows.order_by("id"))


def _with_current_course(tables: Tables, root_id: int) -> ir.Table:
    """The root's sections with the course they are in, cross-listed or not."""
    current = prefixed(
        tables.courses,
        "course_",
        "id",
        "sis_source_id",
        "account_id",
        "enrollment_term_id",
        "workflow_state",
    ).rename(course_key="course_id")
    rows = tables.course_sections.filter(_.root_account_id == root_id)
    return rows.join(current, rows.course_id == current.course_key)
