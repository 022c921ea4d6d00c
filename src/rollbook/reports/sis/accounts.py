"""The files accounts and terms (sis_and_provisioning.md, 4.2, 4.3)."""

from __future__ import annotations

from ibis import _

from rollbook.canvas.tables import Tables
from rollbook.reports.collation import collation_keys
from rollbook.reports.expressions import prefixed
from rollbook.reports.report import OutputFile
from rollbook.reports.scope import is_live
from rollbook.reports.sis.export import Export, both, created_by_sis, provisioning


def accounts(tables: Tables, export: Export) -> OutputFile:
    """One row for each account below the root; in a sub-account run its direct children alone."""
    scope = export.scope
    below = tables.accounts.filter(_.root_account_id == scope.root.id)
    if scope.is_sub_account:
        below = below.filter(_.parent_account_id == scope.account.id)
    below = export.kept(
        below,
        by_default=is_live(below),
        with_deleted=is_live(below) | below.sis_source_id.notnull(),
        sis_demands=below.sis_source_id.notnull(),
        batch_id=below.sis_batch_id,
    )
    parents = prefixed(tables.accounts, "parent_row_", "id", "sis_source_id")
    rows = below.join(parents, below.parent_account_id == parents.parent_row_id)
    columns = export.columns(
        provisioning("canvas_account_id", _.id),
        both("account_id", _.sis_source_id),
        provisioning("canvas_parent_id", _.parent_account_id),
        both("parent_account_id", _.parent_row_sis_source_id),
        both("name", _.name),
        both("status", _.workflow_state),
        provisioning("created_by_sis", created_by_sis(_.sis_batch_id)),
    )
    return OutputFile("accounts", columns, rows.order_by(*collation_keys(rows.name), rows.id))


def terms(tables: Tables, export: Export) -> OutputFile:
    """One row for each term of the root; neither a chosen term nor a sub-account narrows it."""
    rows = tables.enrollment_terms.filter(_.root_account_id == export.scope.root.id)
    rows = export.kept(
        rows,
        by_default=is_live(rows),
        with_deleted=is_live(rows) | rows.sis_source_id.notnull(),
        sis_demands=rows.sis_source_id.notnull(),
        batch_id=rows.sis_batch_id,
    )
    columns = export.columns(
        provisioning("canvas_term_id", _.id),
        both("term_id", _.sis_source_id),
        both("name", _.name),
        both("status", _.workflow_state),
        both("start_date", _.start_at),
        both("end_date", _.end_at),
        provisioning("created_by_sis", created_by_sis(_.sis_batch_id)),
    )
    return OutputFile("terms", columns, rows.order_by("id"))
