"""A dump's columns as Canvas's: names without sections, structures folded, types cast (2.3 to 2.6).

Everything here gives SQL text that is made of our own names alone: a file's names and values come
in as positions and bound parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rollbook.canvas.schema import CanvasColumn, CanvasTable

OVERSIZED = "__cd2_oversized_truncated__"
"""Stands, in any case of letters, for a value that was too large to be exported."""
_COMMA_LISTS = frozenset({("assignments", "submission_types")})
"""Text in Canvas, an array in Canvas Data 2."""
_YEARS = "BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'"
"""What Postgres and every reader of the reports can hold."""


@dataclass(frozen=True)
class Raw:
    """A column as a file has it."""

    path: tuple[str, ...]
    """Its name, and the names inside the structure if it is a leaf of one."""
    sql: str
    sql_type: str
    """The type that DuckDB reads it as."""


@dataclass(frozen=True)
class Typed:
    """A Canvas column made of a dump's."""

    name: str
    sql: str
    given: str | None = None
    """SQL of what stood in the file, where bringing it to its type can lose it."""
    parameters: tuple[str, ...] = ()

    @property
    def is_lost(self) -> str:
        """SQL of whether something stood in the file and nothing came of it."""
        return f"({self.given} IS NOT NULL AND {self.sql} IS NULL)"


@dataclass
class _Tree:
    """Leaves by their paths inside a structure."""

    leaves: dict[str, Raw] = field(default_factory=dict)
    inner: dict[str, _Tree] = field(default_factory=dict)

    def add(self, path: Sequence[str], raw: Raw) -> None:
        if len(path) == 1:
            self.leaves[path[0]] = raw
        else:
            self.inner.setdefault(path[0], _Tree()).add(path[1:], raw)


def typed_columns(table: CanvasTable, raws: Sequence[Raw]) -> list[Typed]:
    """The columns of a Canvas table that a file has, in the table's order."""
    whole = {raw.path[0]: raw for raw in raws if len(raw.path) == 1}
    found = []
    for column in table.columns:
        leaves = [raw for raw in raws if raw.path[0] == column.name and len(raw.path) > 1]
        if column.name in whole:
            found.append(_typed(table.name, column, whole[column.name]))
        elif leaves:
            found.append(_folded(column.name, leaves))
    return found


def moment(sql: str, sql_type: str) -> str:
    """SQL of a time in UTC without zone; NULL for what is none, or in no year from 1 to 9999."""
    if sql_type == "TIMESTAMP WITH TIME ZONE":
        made = f"CAST({sql} AS TIMESTAMP)"
    elif sql_type == "VARCHAR":
        # A direct cast would take the offset of a time for nothing.
        made = f"TRY_CAST(TRY_CAST({sql} AS TIMESTAMPTZ) AS TIMESTAMP)"
    else:
        made = f"TRY_CAST({sql} AS TIMESTAMP)"
    return f"CASE WHEN {made} {_YEARS} THEN {made} END"


def _typed(table: str, column: CanvasColumn, raw: Raw) -> Typed:
    target = column.sql_type
    if target == "TIMESTAMP":
        return Typed(column.name, moment(raw.sql, raw.sql_type), raw.sql)
    if target == "VARCHAR":
        return _text(table, column, raw)
    if target == "DOUBLE":
        made = raw.sql if raw.sql_type == target else f"TRY_CAST({raw.sql} AS DOUBLE)"
        return Typed(column.name, f"CASE WHEN isfinite({made}) THEN {made} END", raw.sql)
    if raw.sql_type == target:
        return Typed(column.name, raw.sql)
    if target.endswith("[]") and raw.sql_type in ("VARCHAR", "JSON"):
        made = f"TRY_CAST(CASE WHEN json_valid({raw.sql}) THEN CAST({raw.sql} AS JSON) END AS {target})"
        return Typed(column.name, made, raw.sql)
    return Typed(column.name, f"TRY_CAST({raw.sql} AS {target})", raw.sql)


def _text(table: str, column: CanvasColumn, raw: Raw) -> Typed:
    if raw.sql_type == "VARCHAR":
        text = raw.sql
        if (table, column.name) in _COMMA_LISTS:
            text = f"coalesce({_comma_list(text)}, {text})"
        return Typed(column.name, f"CASE WHEN NOT {is_oversized(raw.sql)} THEN {text} END", raw.sql)
    if raw.sql_type.endswith("[]") and not column.serialized:
        return Typed(column.name, f"array_to_string({raw.sql}, ',')")
    if raw.sql_type.startswith(("STRUCT", "MAP")) or raw.sql_type.endswith("[]"):
        return Typed(column.name, _without_nulls(f"to_json({raw.sql})"))
    return Typed(column.name, f"CAST({raw.sql} AS VARCHAR)")


def is_oversized(sql: str) -> str:
    """SQL of whether a text is the mark of a value that was too large."""
    return f"(strlen({sql}) = {len(OVERSIZED)} AND lower({sql}) = '{OVERSIZED}')"


def _comma_list(sql: str) -> str:
    as_list = f"TRY_CAST(CASE WHEN json_valid({sql}) THEN CAST({sql} AS JSON) END AS VARCHAR[])"
    return f"array_to_string({as_list}, ',')"


def _folded(name: str, leaves: Sequence[Raw]) -> Typed:
    """One map of the columns that are its leaves, without those that are NULL (2.5)."""
    tree = _Tree()
    for leaf in leaves:
        tree.add(leaf.path[1:], leaf)
    parameters: list[str] = []
    return Typed(name, _without_nulls(_map(tree, parameters)), parameters=tuple(parameters))


def _map(tree: _Tree, parameters: list[str]) -> str:
    members = []
    for name, raw in tree.leaves.items():
        parameters.append(name)
        members.append(f"?, {_json_leaf(raw)}")
    for name, inner in tree.inner.items():
        parameters.append(name)
        members.append(f"?, {_map(inner, parameters)}")
    present = ", ".join(f"CAST({raw.sql} AS VARCHAR)" for raw in _all_leaves(tree))
    return f"CASE WHEN coalesce({present}) IS NOT NULL THEN json_object({', '.join(members)}) END"


def _all_leaves(tree: _Tree) -> list[Raw]:
    return [*tree.leaves.values(), *(raw for t in tree.inner.values() for raw in _all_leaves(t))]


def _json_leaf(raw: Raw) -> str:
    if raw.sql_type != "VARCHAR":
        return f"to_json({raw.sql})"
    # Text files do not say what is text: true, false and structures can only be themselves.
    itself = (
        f"{raw.sql} IN ('true', 'false') OR ({raw.sql}[1] IN ('{{', '[') AND json_valid({raw.sql}))"
    )
    return f"CASE WHEN {itself} THEN CAST({raw.sql} AS JSON) ELSE to_json({raw.sql}) END"


def _without_nulls(json: str) -> str:
    # A merge patch takes members that are null for members to remove.
    return f"CAST(json_merge_patch('{{}}', {json}) AS VARCHAR)"
