"""The file enrollments (sis_and_provisioning.md, 4.6)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.tables import Tables
from rollbook.reports.expressions import prefixed
from rollbook.reports.logins import chosen_logins, login_host, with_enrollment_login
from rollbook.reports.report import OutputFile
from rollbook.reports.scope import Scope, is_live
from rollbook.reports.sis.export import Export, SisColumn, both, created_by_sis, provisioning, sis

ENROLLMENT_TYPES = (
    "TeacherEnrollment",
    "TaEnrollment",
    "DesignerEnrollment",
    "StudentEnrollment",
    "ObserverEnrollment",
)
ENROLLMENT_STATES = (
    "invited",
    "creation_pending",
    "active",
    "completed",
    "inactive",
    "deleted",
    "rejected",
)
TEMPORARY_ENROLLMENTS = "temporary_enrollments"


def enrollments(tables: Tables, export: Export) -> OutputFile:
    """One row for each enrollment whose user has a login that counts."""
    scope = export.scope
    temporary = scope.feature_enabled(TEMPORARY_ENROLLMENTS)
    rows = _with_section_and_course(tables, scope)
    rows = _kept(rows, export, temporary)
    rows = _of_chosen_types_and_states(rows, scope)
    rows = scope.in_term(scope.in_courses(rows, "section_course_id"), "course_enrollment_term_id")
    rows = with_enrollment_login(tables, scope, rows)
    rows = _with_login_of(tables, scope, rows, "associated_user_id", "associate_")
    if temporary and export.is_sis:
        provider = "temporary_enrollment_source_user_id"
        rows = _with_login_of(tables, scope, rows, provider, "provider_")
    roles = tables.roles.select(
        role_key="id", role_name="name", role_is_custom=_.workflow_state != "built_in"
    )
    rows = rows.left_join(roles, rows.role_id == roles.role_key)
    columns = export.columns(*_columns(rows, export, temporary))
    return OutputFile("enrollments", columns, rows.order_by("id"))


def _with_section_and_course(tables: Tables, scope: Scope) -> ir.Table:
    rows = tables.enrollments.filter(
        _.root_account_id == scope.root.id, _.type != "StudentViewEnrollment"
    )
    sections = prefixed(
        tables.course_sections, "section_", "id", "course_id", "sis_source_id", "workflow_state"
    )
    courses = prefixed(
        tables.courses, "course_", "id", "sis_source_id", "workflow_state", "enrollment_term_id"
    ).rename(course_key="course_id")
    states = tables.enrollment_states.select(
        state_enrollment_id="enrollment_id", date_state="state"
    )
    rows = rows.join(sections, rows.course_section_id == sections.section_id)
    rows = rows.join(courses, rows.section_course_id == courses.course_key)
    return rows.join(states, rows.id == states.state_enrollment_id)


def _kept(rows: ir.Table, export: Export, temporary: bool) -> ir.Table:
    with_deleted = is_live(rows) | rows.sis_batch_id.notnull()
    if temporary and not export.is_sis:
        with_deleted |= rows.temporary_enrollment_source_user_id.notnull()
    unanswered = rows.workflow_state.isin(["rejected", "invited", "creation_pending"])
    return export.kept(
        rows,
        # An active enrollment that its dates have ended is left out.
        by_default=~rows.workflow_state.isin(["deleted", "completed"])
        & (rows.date_state != "completed"),
        with_deleted=with_deleted,
        sis_demands=~unanswered
        & (rows.course_sis_source_id.notnull() | rows.section_sis_source_id.notnull()),
        batch_id=rows.sis_batch_id,
    )


def _of_chosen_types_and_states(rows: ir.Table, scope: Scope) -> ir.Table:
    types = scope.parameters.chosen("enrollment_filter", ENROLLMENT_TYPES)
    states = scope.parameters.chosen("enrollment_states", ENROLLMENT_STATES)
    if types is not None:
        rows = rows.filter(rows.type.isin(types))
    if states is not None:
        rows = rows.filter(rows.workflow_state.isin(states))
    return rows


def _with_login_of(
    tables: Tables, scope: Scope, rows: ir.Table, user_id: str, prefix: str
) -> ir.Table:
    logins = chosen_logins(tables, scope, prefix)
    return rows.left_join(logins, [(user_id, f"{prefix}user_id")])


def _columns(rows: ir.Table, export: Export, temporary: bool) -> list[SisColumn]:
    columns = [
        provisioning("canvas_course_id", _.course_id),
        both("course_id", _.course_sis_source_id),
        provisioning("canvas_user_id", _.user_id),
        both("user_id", _.login_sis_user_id),
        both("role", _role(rows)),
        both("role_id", _.role_id),
        provisioning("canvas_section_id", _.course_section_id),
        both("section_id", _.section_sis_source_id),
        both("status", _status(rows)),
        provisioning("canvas_associated_user_id", _.associated_user_id),
        both("associated_user_id", _.associate_sis_user_id),
        provisioning("created_by_sis", created_by_sis(_.sis_batch_id)),
        provisioning("base_role_type", _.type),
        both("limit_section_privileges", _.limit_privileges_to_course_section),
        provisioning("canvas_enrollment_id", _.id),
    ]
    if temporary:
        name = "temporary_enrollment_source_user_id"
        columns.append(provisioning(f"canvas_{name}", _[name]))
        if export.is_sis:
            columns.append(sis(name, _.provider_sis_user_id))
    if export.scope.host.trusted_roots:
        columns.append(both("root_account", login_host(export.scope, rows.login_account_id)))
    return columns


def _role(rows: ir.Table) -> ir.Value:
    by_type = rows.type.cases(
        ("TeacherEnrollment", "teacher"),
        ("TaEnrollment", "ta"),
        ("DesignerEnrollment", "designer"),
        ("StudentEnrollment", "student"),
        ("ObserverEnrollment", "observer"),
        else_=ibis.null("string"),
    )
    return ibis.ifelse(rows.role_is_custom.fill_null(False), rows.role_name, by_type)


def _status(rows: ir.Table) -> ir.Value:
    """The first that applies: section, course, end by dates, the enrollment's own state."""
    by_state = rows.workflow_state.cases(
        ("invited", "invited"),
        ("creation_pending", "invited"),
        ("active", "active"),
        ("completed", "concluded"),
        ("inactive", "inactive"),
        ("deleted", "deleted"),
        ("rejected", "rejected"),
        else_=ibis.null("string"),
    )
    return ibis.cases(
        (rows.section_workflow_state == "deleted", "deleted"),
        (rows.course_workflow_state == "deleted", "deleted"),
        (rows.date_state == "completed", "concluded"),
        else_=by_state,
    )
