"""How cells of the tool reports print (courses_and_tools.md, 1.7, 1.9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from rollbook.canvas.serialized import decode_as_ruby
from rollbook.reports.scope import Scope


def plain_utc(time: ir.TimestampValue) -> ir.StringValue:
    """A time as `2026-01-15 18:30:00 UTC`, whatever the account's zone."""
    text: ir.StringValue = time.strftime("%Y-%m-%d %H:%M:%S") + " UTC"
    return text


def with_printed(
    rows: ir.Table, scope: Scope, column: str, show: Callable[[Any], str | None]
) -> ir.Table:
    """Rows with one column more, `printed`: what the structure in a serialized column prints.

    Each distinct text is decoded once.

    Args:
        rows: what to add the column to.
        scope: the run.
        column: the serialized column.
        show: the structure's text; None for an empty cell, as for a column that is NULL.
    """
    present = rows.filter(rows[column].notnull()).select(column).distinct()
    texts = [row[column] for row in scope.engine.rows(present)]
    printed = ibis.memtable(
        pa.table(
            {
                "serialized": pa.array(texts, pa.string()),
                "printed": pa.array([_shown(text, show) for text in texts], pa.string()),
            }
        )
    )
    return rows.left_join(printed, rows[column] == printed.serialized)


def _shown(text: str, show: Callable[[Any], str | None]) -> str | None:
    try:
        return show(decode_as_ruby(text))
    except RecursionError:
        # YAML can describe a structure that holds itself; it has no text.
        return None
