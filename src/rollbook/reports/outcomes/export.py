"""`outcome_export_csv`: the account's outcomes as an outcome import file.

Source: grades_and_outcomes.md, section 5.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis import _

from rollbook.canvas.locales import LOCALES
from rollbook.canvas.numbers import localized_number
from rollbook.canvas.tables import Tables
from rollbook.reports import extra_text
from rollbook.reports.outcomes.parts import linked_outcomes, links_of_account
from rollbook.reports.outcomes.rating import has_account_scales
from rollbook.reports.outcomes.scales import Scale, criterion
from rollbook.reports.report import Column, OutputFile, Plan
from rollbook.reports.scope import Scope, is_live
from rollbook.reports.user_layout import byte_order_mark, separator

_GROUPS, _OUTCOMES = 0, 1


def plan(tables: Tables, scope: Scope) -> Plan:
    """One file: groups, parents before children, then outcomes."""
    rows = _group_rows(tables, scope).union(_outcome_rows(tables, scope))
    file = OutputFile(
        "outcomes",
        _columns(with_scales_of_outcomes=not has_account_scales(scope)),
        rows.order_by("kind", "depth", "id"),
        separator=separator(scope),
        byte_order_mark=byte_order_mark(scope),
    )
    return Plan(files=(file,), extra_text=extra_text.joined(extra_text.include_deleted(scope)))


def _columns(*, with_scales_of_outcomes: bool) -> tuple[Column, ...]:
    columns = (
        Column("vendor_guid", _.vendor_guid),
        Column("object_type", _.object_type),
        Column("title", _.title),
        Column("description", _.description),
        Column("friendly_description", _.friendly_description),
        Column("display_name", _.display_name),
        Column("calculation_method", _.calculation_method),
        Column("calculation_int", _.calculation_int),
        Column("parent_guids", _.parent_guids),
        Column("workflow_state", _.workflow_state),
        Column("mastery_points", _.mastery_points),
        # A list: a pair of cells for each rating, none for a group.
        Column("ratings", _.ratings),
    )
    if with_scales_of_outcomes:
        return columns
    dropped = ("calculation_method", "calculation_int", "mastery_points", "ratings")
    return tuple(column for column in columns if column.header not in dropped)


def _group_rows(tables: Tables, scope: Scope) -> ir.Table:
    """The groups below the account's root groups (5.2)."""
    depths = _depths(tables, scope)
    groups = tables.learning_outcome_groups
    parents = groups.select(
        parent_id="id",
        parent_guid=_group_guid(groups),
        parent_is_root=groups.learning_outcome_group_id.isnull(),
    )
    rows = groups.join(depths, groups.id == depths.depth_group_id)
    rows = rows.join(parents, rows.learning_outcome_group_id == parents.parent_id)
    blank = ibis.null("string")
    return rows.select(
        "id",
        "depth",
        "title",
        "description",
        "workflow_state",
        kind=ibis.literal(_GROUPS, "int8"),
        vendor_guid=_group_guid(rows),
        object_type=ibis.literal("group"),
        friendly_description=blank,
        display_name=blank,
        calculation_method=blank,
        calculation_int=ibis.null("int16"),
        parent_guids=ibis.ifelse(rows.parent_is_root, blank, rows.parent_guid),
        mastery_points=blank,
        ratings=ibis.literal([], type="array<string>"),
    )


def _depths(tables: Tables, scope: Scope) -> ir.Table:
    """The live groups below the account's live root groups, level by level."""
    groups = tables.learning_outcome_groups
    live = groups.filter(is_live(groups))
    level = live.filter(
        _.learning_outcome_group_id.isnull(),
        _.context_type == "Account",
        _.context_id == scope.account.id,
    )
    depths: dict[int, int] = {}
    depth = 0
    while found := [row["id"] for row in scope.engine.rows(level.select("id"))]:
        depths.update(dict.fromkeys(found, depth))
        level = live.filter(_.learning_outcome_group_id.isin(found))
        depth += 1
    below = {group: depth for group, depth in depths.items() if depth > 0}
    return ibis.memtable(
        pa.table(
            {
                "depth_group_id": pa.array(list(below), pa.int64()),
                "depth": pa.array(list(below.values()), pa.int32()),
            }
        )
    )


def _outcome_rows(tables: Tables, scope: Scope) -> ir.Table:
    """The outcomes linked in the account, each once (5.3)."""
    links = links_of_account(tables, scope.account.id).filter(_.link_state == "active")
    groups = tables.learning_outcome_groups
    groups = groups.select(
        group_key="id",
        group_guid=_group_guid(groups),
        group_is_root=groups.learning_outcome_group_id.isnull(),
    )
    linked = (
        links.join(groups, links.group_id == groups.group_key)
        .select("outcome_id", "group_key", "group_guid", "group_is_root")
        .distinct()
    )
    parents = linked.group_by("outcome_id").agg(
        parent_guids=linked.group_guid.group_concat(
            " ", where=~linked.group_is_root, order_by=linked.group_key
        )
    )
    outcomes = tables.learning_outcomes
    outcomes = outcomes.filter(is_live(outcomes))
    scales = _scales(scope, linked_outcomes(tables, links))
    friendly = _friendly_descriptions(tables, scope)
    rows = outcomes.join(parents, outcomes.id == parents.outcome_id)
    rows = rows.join(scales, rows.id == scales.scale_outcome_id)
    rows = rows.left_join(friendly, rows.id == friendly.friendly_outcome_id)
    return rows.select(
        "id",
        "description",
        "display_name",
        "calculation_method",
        "calculation_int",
        "friendly_description",
        "parent_guids",
        "workflow_state",
        "mastery_points",
        "ratings",
        depth=ibis.literal(0, "int32"),
        kind=ibis.literal(_OUTCOMES, "int8"),
        title="short_description",
        vendor_guid=_guid(rows, "canvas_outcome"),
        object_type=ibis.literal("outcome"),
    )


def _scales(scope: Scope, outcomes: ir.Table) -> ir.Table:
    """Mastery points and ratings of each outcome, in words."""
    locale = _locale(scope)
    stored = scope.engine.rows(outcomes.select("id", "data"))
    scales = {row["id"]: criterion(row["data"]) for row in stored}
    return ibis.memtable(
        pa.table(
            {
                "scale_outcome_id": pa.array(list(scales), pa.int64()),
                "mastery_points": pa.array(
                    [_localized(scale.mastery_points, locale) for scale in scales.values()],
                    pa.string(),
                ),
                "ratings": pa.array(
                    [_ratings(scale, locale) for scale in scales.values()], pa.list_(pa.string())
                ),
            }
        )
    )


def _ratings(scale: Scale, locale: str) -> list[str | None]:
    pairs = [(_localized(rating.points, locale), rating.description) for rating in scale.ratings]
    return [cell for pair in pairs for cell in pair]


def _localized(number: float | None, locale: str) -> str | None:
    return None if number is None else localized_number(number, locale)


def _locale(scope: Scope) -> str:
    """The account's own default, its parents are not asked; else the report's."""
    accounts = scope.tables.accounts.filter(_.id == scope.account.id).select("default_locale")
    own = [row["default_locale"] for row in scope.engine.rows(accounts)]
    return next((locale for locale in own if locale in LOCALES), scope.locale)


def _friendly_descriptions(tables: Tables, scope: Scope) -> ir.Table:
    """The account's own text for an outcome, else that of its nearest ancestor."""
    if not tables.is_present("outcome_friendly_descriptions"):
        return tables.learning_outcomes.select(
            friendly_outcome_id="id", friendly_description=ibis.null("string")
        )
    chain = [account.id for account in scope.accounts.ancestors(scope.account)]
    texts = tables.outcome_friendly_descriptions.filter(
        _.workflow_state == "active", _.context_type == "Account", _.context_id.isin(chain)
    )
    distance = texts.context_id.cases(
        *((account, steps) for steps, account in enumerate(chain)), else_=len(chain)
    )
    nearest = ibis.row_number().over(
        group_by=texts.learning_outcome_id, order_by=[distance, texts.id]
    )
    return (
        texts.mutate(choice=nearest)
        .filter(_.choice == 0)
        .select(friendly_outcome_id="learning_outcome_id", friendly_description="description")
    )


def _group_guid(groups: ir.Table) -> ir.Value:
    return _guid(groups, "canvas_outcome_group")


def _guid(rows: ir.Table, made_of: str) -> ir.Value:
    """The stored id, or one made of Canvas's."""
    made: ir.Value = ibis.literal(f"{made_of}:") + rows.id.cast("string")
    return rows.vendor_guid.fill_null(made)
