"""`eportfolio_report_csv`: portfolios and their authors (courses_and_tools.md, section 6)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.tables import Tables
from rollbook.reports import extra_text
from rollbook.reports.expressions import prefixed
from rollbook.reports.report import Column, OutputFile, Parameter, Plan, Report
from rollbook.reports.scope import Scope, is_live
from rollbook.reports.tools.cells import plain_utc


def _plan(tables: Tables, scope: Scope) -> Plan:
    # The root decides, also in a sub-account run.
    logins = tables.pseudonyms.filter(_.account_id == scope.root.id)
    logins = prefixed(logins, "login_", "id", "user_id", "sis_user_id", "unique_id")
    authors = prefixed(tables.users.filter(is_live(tables.users)), "author_", "id", "name")
    portfolios = _portfolios(tables, scope)
    rows = portfolios.join(authors, portfolios.user_id == authors.author_id)
    # Of each login, deleted ones too.
    rows = rows.join(logins, rows.user_id == logins.login_user_id).order_by("id", "login_id")
    return Plan(
        files=(OutputFile("eportfolio_report_csv", _columns(rows), rows),),
        extra_text=extra_text.joined(
            extra_text.include_deleted(scope),
            "Only users with no enrollments" if _without_enrollments(scope) else None,
        ),
    )


def _portfolios(tables: Tables, scope: Scope) -> ir.Table:
    rows = tables.eportfolios
    # The deleted ones alone, not all: unlike in other reports.
    rows = rows.filter(rows.workflow_state == "deleted" if scope.include_deleted else is_live(rows))
    if _without_enrollments(scope):
        # An enrollment counts whatever its state, course and account.
        rows = rows.anti_join(tables.enrollments, ["user_id"])
    return rows


def _without_enrollments(scope: Scope) -> bool:
    return scope.parameters.truth("no_enrollments")


def _columns(rows: ir.Table) -> tuple[Column, ...]:
    return (
        Column("eportfolio_name", _.name),
        Column("eportfolio_id", _.id),
        Column("author_name", _.author_name),
        Column("author_id", _.user_id),
        Column("author_sis_id", _.login_sis_user_id),
        Column("author_login_id", _.login_unique_id),
        # As text, because NULL prints as an empty text here.
        Column("created_at", plain_utc(rows.created_at).fill_null("")),
        Column("updated_at", plain_utc(rows.updated_at).fill_null("")),
        Column("is_public", ibis.cases((rows.public, "true"), (~rows.public, "false"), else_="")),
        Column("workflow_state", _.workflow_state),
    )


EPORTFOLIOS = Report(
    key="eportfolio_report_csv",
    title="Eportfolio Report",
    description=(
        "The institution's portfolios with their authors and logins, mainly to find spam. In any "
        "account it covers the whole institution."
    ),
    parameters=(
        Parameter("no_enrollments", "List only portfolios of users without any enrollment."),
        Parameter("include_deleted", "List the deleted portfolios instead of the active ones."),
    ),
    tables=("accounts", "eportfolios", "pseudonyms", "users"),
    optional_tables=("enrollments",),
    plan=_plan,
    repeatable=True,
)
