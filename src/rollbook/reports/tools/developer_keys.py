"""`developer_key_report_csv`: API and LTI keys (courses_and_tools.md, section 7)."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis import _

from rollbook.canvas.ruby_text import ruby_text
from rollbook.canvas.tables import Tables
from rollbook.reports.report import Column, OutputFile, Plan, Report
from rollbook.reports.scope import Scope, is_live
from rollbook.reports.tools.cells import with_printed
from rollbook.reports.tools.placements import placements_by_key

_IDS_PER_SHARD = 10_000_000_000_000


def _plan(tables: Tables, scope: Scope) -> Plan:
    keys = _listed_keys(tables, scope)
    states = _explicit_states(tables, scope, keys)
    placements = _placements(tables, scope, keys)
    rows = with_printed(keys, scope, "scopes", _show_scopes)
    rows = rows.left_join(states, rows.id == states.bound_key_id)
    rows = rows.left_join(placements, rows.id == placements.placed_key_id)
    rows = rows.order_by("group", "id")
    return Plan(files=(OutputFile("developer_key_report_csv", _columns(rows, scope), rows),))


def _columns(rows: ir.Table, scope: Scope) -> tuple[Column, ...]:
    status = rows.state.cases(("on", "On"), ("off", "Off"), else_="Allow")
    return (
        Column("Global ID", _.id + scope.host.shard * _IDS_PER_SHARD),
        Column("Key Name", _.name),
        Column("Inherited from Parent Account", _.group != _OWN),
        Column("Contact Info", _.email),
        Column("Key Type", ibis.ifelse(rows.is_lti_key, "LTI Key", "API Key")),
        Column("Placements", _.placements.fill_null("None")),
        Column("Status", status),
        Column("Permitted API Endpoints", _.printed.fill_null("All")),
    )


_OWN, _OF_SITE_ADMIN, _OF_ROOT = 1, 2, 3


def _listed_keys(tables: Tables, scope: Scope) -> ir.Table:
    """The account's own keys and the visible ones above it, each with its `group` (7.2)."""
    keys = tables.developer_keys.filter(is_live(tables.developer_keys))
    # Of the accounts between the root and this one, none gives keys.
    group = ibis.cases(
        (keys.account_id == scope.account.id, _OWN),
        (keys.account_id.isnull() & keys.visible, _OF_SITE_ADMIN),
        ((keys.account_id == scope.root.id) & keys.visible, _OF_ROOT),
    )
    return keys.mutate(group=group).filter(_.group.notnull())


def _explicit_states(tables: Tables, scope: Scope, keys: ir.Table) -> ir.Table:
    """The binding that decides for each key, `bound_key_id` and `state`: that nearest the top (7.5).

    A key without one is left to the accounts: `allow`.
    """
    bindings = tables.developer_key_account_bindings.filter(_.workflow_state.isin(["on", "off"]))
    bindings = bindings.select(
        "account_id", binding_id="id", bound_key_id="developer_key_id", state="workflow_state"
    )
    owners = keys.select(key_id="id", owner_id="account_id")
    bindings = bindings.join(owners, bindings.bound_key_id == owners.key_id)
    bindings = bindings.mutate(rank=_rank(bindings, scope)).filter(_.rank.notnull())
    choice = ibis.row_number().over(
        group_by=bindings.bound_key_id, order_by=[bindings.rank, bindings.binding_id]
    )
    deciding = bindings.mutate(choice=choice).filter(_.choice == 0)
    return deciding.select("bound_key_id", "state")


def _rank(bindings: ir.Table, scope: Scope) -> ir.IntegerValue:
    """The place of a binding's account on the way down to the run's; NULL beside that way."""
    ranks = [
        (bindings.account_id == account_id, rank)
        for rank, account_id in enumerate(_accounts_from_the_top(scope), start=1)
    ]
    site_admin_id = scope.accounts.site_admin_id
    if site_admin_id is not None:
        # Site admin decides about its own keys alone.
        by_site_admin = (bindings.account_id == site_admin_id) & bindings.owner_id.isnull()
        ranks.insert(0, (by_site_admin, 0))
    rank: ir.IntegerValue = ibis.cases(*ranks)
    return rank


def _accounts_from_the_top(scope: Scope) -> list[int]:
    chain = reversed(scope.accounts.ancestors(scope.account))
    below = [account.id for account in chain if scope.accounts.root_of(account) == scope.root]
    return list(dict.fromkeys([scope.root.id, *below]))


def _placements(tables: Tables, scope: Scope, keys: ir.Table) -> ir.Table:
    """The text of each key's placements, where it has any: `placed_key_id`, `placements`."""
    texts = {
        key_id: ruby_text(names)
        for key_id, names in placements_by_key(tables, scope, keys).items()
        if names
    }
    return ibis.memtable(
        pa.table(
            {
                "placed_key_id": pa.array(texts.keys(), pa.int64()),
                "placements": pa.array(texts.values(), pa.string()),
            }
        )
    )


def _show_scopes(scopes: Any) -> str | None:
    return ruby_text(scopes) if isinstance(scopes, list) and scopes else None


DEVELOPER_KEYS = Report(
    key="developer_key_report_csv",
    title="Developer Keys Report",
    description=(
        "API and LTI keys of the account and those it inherits, with their state there, their "
        "placements and the API endpoints they may use."
    ),
    parameters=(),
    tables=("accounts", "developer_keys", "developer_key_account_bindings"),
    optional_tables=("lti_ims_registrations", "lti_tool_configurations", "settings"),
    plan=_plan,
    repeatable=True,
)
