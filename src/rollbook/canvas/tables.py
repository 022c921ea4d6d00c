"""The canonical Canvas tables as typed expressions, whatever the source has of them."""

from __future__ import annotations

from functools import cached_property

import ibis
import ibis.expr.types as ir

from rollbook.canvas import associations
from rollbook.canvas.older import with_older_columns
from rollbook.canvas.roots import COLUMN as ROOT
from rollbook.canvas.roots import Roots, needs_root, read_roots, with_root
from rollbook.canvas.schema import TABLES, CanvasColumn, CanvasTable
from rollbook.engines.engine import Engine
from rollbook.errors import MissingTable


class Tables:
    """The tables of `schema.TABLES` on one engine, each an attribute: `tables.enrollments`.

    A column that the source lacks holds its default, else NULL; root accounts and the sign of an
    SIS import are derived where the source lacks them (data_sources.md, 2.3), and so is what older
    Canvas tells by other columns (section 4). The two association tables are
    derived where they are missing or empty (data_sources.md, 3.3 steps 7 and 8).

    Raises:
        MissingTable: on access to a table that the source does not have.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._made: dict[str, ir.Table] = {}

    def __getattr__(self, name: str) -> ir.Table:
        if name not in TABLES:
            raise AttributeError(name)
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def is_present(self, name: str) -> bool:
        """Whether the source has the table, or it can be derived."""
        return name in associations.DERIVED or self._engine.columns(name) is not None

    def _make(self, name: str) -> ir.Table:
        derive = associations.DERIVED.get(name)
        if derive and not self._has_rows(name):
            return derive(self, self._engine)
        present = self._engine.columns(name)
        if present is None:
            raise MissingTable(
                f"The data have no table `{name}`, which this needs. "
                f"They come from {self._engine.source}."
            )
        source = self._engine.source_table(name)
        if needs_root(name, present):
            source, present = with_root(source, name, self._roots, self), present | {ROOT}
        if name == "accounts" and "sis_batch_id" not in present:
            source, present = _with_sis_mark(source, present), present | {"sis_batch_id"}
        source, present = with_older_columns(source, name, present)
        return _typed(source, TABLES[name], present)

    @cached_property
    def _roots(self) -> Roots:
        return read_roots(self._engine)

    def _has_rows(self, name: str) -> bool:
        if self._engine.columns(name) is None:
            return False
        return bool(self._engine.rows(self._engine.source_table(name).limit(1)))


def _with_sis_mark(source: ir.Table, present: frozenset[str]) -> ir.Table:
    # Not recoverable; reports only ask whether there is one (data_sources.md, 2.3).
    has_sis_id = source.sis_source_id.notnull() if "sis_source_id" in present else False
    return source.mutate(sis_batch_id=ibis.ifelse(has_sis_id, 1, ibis.null("int64")))


def present_columns(source: ir.Table, table: CanvasTable) -> dict[str, ir.Value]:
    """The columns of a Canvas table that a source has, with Canvas's types, in Canvas's order."""
    present = frozenset(source.columns)
    return {c.name: _column(source, c, present) for c in table.columns if c.name in present}


def _typed(source: ir.Table, table: CanvasTable, present: frozenset[str]) -> ir.Table:
    columns = {column.name: _column(source, column, present) for column in table.columns}
    if table.name == "accounts":
        # Newer Canvas writes 0 where older writes NULL (data_sources.md, section 4).
        columns["root_account_id"] = columns["root_account_id"].nullif(0)
    return source.select(**columns)


def _column(source: ir.Table, column: CanvasColumn, present: frozenset[str]) -> ir.Value:
    if column.name not in present:
        return ibis.literal(column.default).cast(column.ibis_type)
    value = source[column.name]
    return value if value.type() == column.ibis_type else value.cast(column.ibis_type)
