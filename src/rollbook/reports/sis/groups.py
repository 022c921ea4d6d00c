"""The files groups, group_membership and group_categories (sis_and_provisioning.md, 4.7 to 4.9)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.tables import Tables
from rollbook.reports.expressions import prefixed
from rollbook.reports.logins import chosen_logins
from rollbook.reports.people import without_test_students
from rollbook.reports.report import OutputFile
from rollbook.reports.scope import Scope, is_live
from rollbook.reports.sis.export import Export, both, created_by_sis, provisioning, sis


def groups(tables: Tables, export: Export) -> OutputFile:
    """One row for each group of the root, of accounts and of courses."""
    rows = _groups_with_course(tables, export.scope)
    rows = export.kept(
        rows,
        by_default=is_live(rows),
        with_deleted=is_live(rows) | rows.sis_source_id.notnull(),
        sis_demands=rows.sis_source_id.notnull(),
        batch_id=rows.sis_batch_id,
    )
    accounts = prefixed(tables.accounts, "home_", "id", "sis_source_id")
    categories = prefixed(tables.group_categories, "category_", "id", "sis_source_id")
    rows = rows.join(accounts, rows.account_id == accounts.home_id)
    rows = rows.left_join(categories, rows.group_category_id == categories.category_id)
    of_account = rows.context_type == "Account"
    of_course = rows.context_type == "Course"
    columns = export.columns(
        provisioning("canvas_group_id", _.id),
        both("group_id", _.sis_source_id),
        provisioning("canvas_group_category_id", _.group_category_id),
        both("group_category_id", _.category_sis_source_id),
        provisioning("canvas_account_id", _only(of_account, rows.context_id)),
        both("account_id", _only(of_account, rows.home_sis_source_id)),
        provisioning("canvas_course_id", _only(of_course, rows.context_id)),
        both("course_id", _only(of_course, rows.course_sis_source_id)),
        both("name", _.name),
        both("status", _.workflow_state),
        provisioning("created_by_sis", created_by_sis(_.sis_batch_id)),
        provisioning("context_id", _.context_id),
        provisioning("context_type", _.context_type),
        provisioning("max_membership", _.max_membership),
    )
    return OutputFile("groups", columns, rows.order_by("id"))


def group_membership(tables: Tables, export: Export) -> OutputFile:
    """One row for each membership whose user has a login that counts."""
    scope = export.scope
    of_groups = prefixed(
        _groups_with_course(tables, scope), "group_", "id", "sis_source_id", "workflow_state"
    ).rename(group_key="group_id")
    memberships = tables.group_memberships
    rows = memberships.join(of_groups, memberships.group_id == of_groups.group_key)
    both_live = is_live(rows) & (rows.group_workflow_state != "deleted")
    rows = export.kept(
        rows,
        by_default=both_live,
        with_deleted=both_live | rows.sis_batch_id.notnull(),
        sis_demands=rows.sis_batch_id.notnull(),
        batch_id=rows.sis_batch_id,
    )
    rows = without_test_students(tables, rows, "user_id")
    logins = chosen_logins(tables, scope)
    rows = rows.join(logins, rows.user_id == logins.login_user_id)
    columns = export.columns(
        provisioning("canvas_group_id", _.group_id),
        both("group_id", _.group_sis_source_id),
        provisioning("canvas_user_id", _.user_id),
        both("user_id", _.login_sis_user_id),
        both("status", _.workflow_state),
        provisioning("created_by_sis", created_by_sis(_.sis_batch_id)),
    )
    return OutputFile("group_membership", columns, rows.order_by("id"))


def group_categories(tables: Tables, export: Export) -> OutputFile:
    """One row for each group category; a term and `created_by_sis` have no effect."""
    scope = export.scope
    rows = tables.group_categories
    # In a sub-account run the root is not looked at.
    rows = (
        _categories_below(tables, scope, rows)
        if scope.is_sub_account
        else rows.filter(rows.root_account_id == scope.root.id)
    )
    rows = export.kept(
        rows,
        by_default=rows.deleted_at.isnull(),
        with_deleted=ibis.literal(True),
        sis_demands=rows.sis_batch_id.notnull(),
    )
    accounts = prefixed(tables.accounts, "home_", "id", "sis_source_id")
    courses = prefixed(tables.courses, "course_", "id", "sis_source_id")
    rows = rows.left_join(
        accounts, [rows.context_type == "Account", rows.context_id == accounts.home_id]
    )
    rows = rows.left_join(
        courses, [rows.context_type == "Course", rows.context_id == courses.course_id]
    )
    columns = export.columns(
        provisioning("canvas_group_category_id", _.id),
        both("group_category_id", _.sis_source_id),
        sis("account_id", _.home_sis_source_id),
        sis("course_id", _.course_sis_source_id),
        provisioning("context_id", _.context_id),
        provisioning("context_type", _.context_type),
        sis("category_name", _.name),
        provisioning("name", _.name),
        provisioning("role", _.role),
        provisioning("self_signup", _.self_signup),
        provisioning("group_limit", _.group_limit),
        provisioning("auto_leader", _.auto_leader),
        both("status", ibis.ifelse(rows.deleted_at.isnull(), "active", "deleted")),
    )
    return OutputFile("group_categories", columns, rows.order_by("id"))


def _groups_with_course(tables: Tables, scope: Scope) -> ir.Table:
    """The groups a run covers, each with the course it belongs to, if it belongs to one."""
    courses = prefixed(tables.courses, "course_", "id", "sis_source_id", "account_id")
    rows = tables.groups.filter(_.root_account_id == scope.root.id)
    rows = rows.left_join(
        courses, [rows.context_type == "Course", rows.context_id == courses.course_id]
    )
    if not scope.is_sub_account:
        return rows
    in_tree = scope.account_ids
    return rows.filter(
        ((rows.context_type == "Account") & rows.account_id.isin(in_tree))
        | ((rows.context_type == "Course") & rows.course_account_id.isin(in_tree))
    )


def _categories_below(tables: Tables, scope: Scope, rows: ir.Table) -> ir.Table:
    # Here any association counts, also those of sections.
    associations = tables.course_account_associations
    covered = (
        associations.filter(associations.account_id == scope.account.id)
        .select(covered_course_id="course_id")
        .distinct()
    )
    rows = rows.left_join(
        covered, [rows.context_type == "Course", rows.context_id == covered.covered_course_id]
    )
    return rows.filter(
        rows.covered_course_id.notnull()
        | ((rows.context_type == "Account") & rows.context_id.isin(scope.account_ids))
    )


def _only(condition: ir.BooleanValue, value: ir.Value) -> ir.Value:
    return ibis.ifelse(condition, value, ibis.null(value.type()))
