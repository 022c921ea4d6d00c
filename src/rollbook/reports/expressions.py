"""Small expressions that reports of several families need."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir


def prefixed(table: ir.Table, prefix: str, *columns: str) -> ir.Table:
    """Some columns of a table, under names that cannot clash in a join."""
    return table.select(**{f"{prefix}{column}": column for column in columns})


def if_true(switch: ir.Value, value: ir.Value) -> ir.Value:
    """A value that prints only where a switch is true."""
    return ibis.ifelse(switch.fill_null(False), value, ibis.null(value.type()))
