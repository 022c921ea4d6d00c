"""`lti_report_csv`: external tools of accounts and courses (courses_and_tools.md, section 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.ruby_text import ruby_text
from rollbook.canvas.tables import Tables
from rollbook.reports import extra_text
from rollbook.reports.report import Column, OutputFile, Parameter, Plan, Report
from rollbook.reports.scope import Scope, is_live
from rollbook.reports.tools.cells import plain_utc, with_printed


def _plan(tables: Tables, scope: Scope) -> Plan:
    tools = tables.context_external_tools
    if not scope.include_deleted:
        tools = tools.filter(~tools.workflow_state.isin(["deleted", "disabled"]))
    listed = _of_accounts(tools, _accounts(tables, scope)).union(
        _of_courses(tools, _courses(tables, scope))
    )
    # Decoding is slow, and most tools have no fields of their own.
    has_fields = listed.settings.contains("custom_fields")
    listed = listed.mutate(settings=ibis.ifelse(has_fields, listed.settings, ibis.null("string")))
    rows = with_printed(listed, scope, "settings", _custom_fields(scope)).order_by("id")
    return Plan(
        files=(OutputFile("lti_report_csv", _COLUMNS, rows),),
        extra_text=extra_text.joined(extra_text.include_deleted(scope)),
    )


_COLUMNS = (
    Column("context_type", _.context_type),
    Column("context_id", _.context_id),
    Column("account_name", _.account_name),
    Column("course_name", _.course_name),
    Column("tool_id", _.id),
    Column("tool_type_name", _.name),
    # The vendor's id, not Canvas's.
    Column("tool_type_id", _.tool_id),
    Column("tool_created_at", plain_utc(_.created_at)),
    Column("privacy_level", _.workflow_state),
    Column("launch_url", _.url),
    Column("custom_fields", _.printed),
)


def _accounts(tables: Tables, scope: Scope) -> ir.Table:
    """The accounts whose tools are listed."""
    accounts = tables.accounts
    if scope.is_sub_account:
        accounts = accounts.filter(accounts.id.isin(scope.account_ids))
    else:
        root_id = scope.root.id
        accounts = accounts.filter((accounts.id == root_id) | (accounts.root_account_id == root_id))
    return accounts if scope.include_deleted else accounts.filter(is_live(accounts))


def _courses(tables: Tables, scope: Scope) -> ir.Table:
    """The courses whose tools are listed."""
    courses = tables.courses
    if scope.is_sub_account:
        courses = scope.in_courses(courses, "id")
    else:
        courses = courses.filter(courses.root_account_id == scope.root.id)
    if scope.include_deleted:
        return courses
    # Of the accounts above a course only its own is looked at.
    owners = tables.accounts.filter(is_live(tables.accounts)).select(owner_id="id")
    return courses.filter(is_live(courses)).semi_join(owners, [("account_id", "owner_id")])


def _of_accounts(tools: ir.Table, accounts: ir.Table) -> ir.Table:
    accounts = accounts.select(account_id="id", account_name="name")
    rows = tools.filter(tools.context_type == "Account")
    rows = rows.join(accounts, rows.context_id == accounts.account_id)
    return rows.mutate(course_name=ibis.null("string")).select(*_LISTED)


def _of_courses(tools: ir.Table, courses: ir.Table) -> ir.Table:
    courses = courses.select(course_id="id", course_name="name")
    rows = tools.filter(tools.context_type == "Course")
    rows = rows.join(courses, rows.context_id == courses.course_id)
    return rows.mutate(account_name=ibis.null("string")).select(*_LISTED)


_LISTED = (
    "id",
    "context_type",
    "context_id",
    "name",
    "tool_id",
    "created_at",
    "workflow_state",
    "url",
    "settings",
    "account_name",
    "course_name",
)


def _custom_fields(scope: Scope) -> Callable[[Any], str | None]:
    """What prints a tool's own fields out of its settings."""

    def show(settings: Any) -> str | None:
        known = settings if isinstance(settings, dict) else {}
        # As text, a symbol keeps its colon.
        fields = known.get("custom_fields", known.get(":custom_fields"))
        if fields is None or isinstance(fields, str):
            return fields
        return ruby_text(fields, spaced_arrows=scope.host.spaced_hash_arrows)

    return show


LTI = Report(
    key="lti_report_csv",
    title="LTI Report",
    description=(
        "External tools installed in the account, in the accounts below it and in their courses, "
        "with their launch addresses, privacy levels and custom fields."
    ),
    parameters=(
        Parameter(
            "include_deleted",
            "Also list tools that are deleted or disabled, and those of deleted courses and "
            "accounts.",
        ),
    ),
    tables=("accounts", "context_external_tools", "courses"),
    optional_tables=("course_account_associations",),
    plan=_plan,
    repeatable=True,
)
