"""JSON tables: whole tables in one file, as conformance cases and client tests give them.

`{"tables": {"accounts": [{"id": 1, ...}], ...}}`. A table that is not given is empty, a missing
key is NULL; tables and columns that no report reads are ignored. Association tables that are
empty are derived by the reports that read them (data_sources.md, 3.3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from rollbook.canvas.schema import TABLES, CanvasTable
from rollbook.engines.lake import Lake
from rollbook.errors import BadSource
from rollbook.load.loading import LoadSummary, Progress, loading, no_progress, summary_of


def load_json_tables(lake: Lake, file: Path, progress: Progress = no_progress) -> LoadSummary:
    """Load a file of JSON tables as one snapshot.

    Raises:
        BadSource: the file cannot be read, or is not of that form.
    """
    try:
        tables = json.loads(file.read_text("utf-8"))["tables"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadSource(
            f'{file} is not a file of JSON tables ({{"tables": {{"accounts": [...]}}}}): {error}'
        ) from error
    return load_tables(lake, tables, f"JSON tables from {file.name}", progress)


def load_tables(
    lake: Lake,
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    source: str,
    progress: Progress = no_progress,
    *,
    keep_others: bool = False,
) -> LoadSummary:
    """Load tables given as lists of rows as one snapshot.

    Args:
        lake: where to.
        tables: the rows of each table by its name.
        source: where the rows come from, in words.
        progress: told what is being done.
        keep_others: leave tables that are not given as they were, rather than empty.
    """
    chosen = [table for name, table in TABLES.items() if not keep_others or name in tables]
    with loading(lake, source, progress) as load:
        for number, table in enumerate(chosen):
            name = table.name
            progress(name, number / len(chosen))
            load.connection.register("given_rows", as_arrow(table, tables.get(name, ())))
            load.replace(name, "SELECT * FROM given_rows", columns=table.column_names)
            load.connection.unregister("given_rows")
    return summary_of(lake, load)


def as_arrow(table: CanvasTable, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows of a table with its columns, most of them as text that can be cast to their types."""
    columns: dict[str, pa.Array] = {}
    for column in table.columns:
        values = [row.get(column.name) for row in rows]
        if "[]" in column.sql_type:
            item = pa.string() if column.sql_type.startswith("VARCHAR") else pa.int64()
            columns[column.name] = pa.array(values, pa.list_(item))
        else:
            # As text: DuckDB casts it, so that "2026-01-01T00:00:00Z" and 3 and true all fit.
            columns[column.name] = pa.array([_as_text(value) for value in values], pa.string())
    return pa.table(columns)


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
