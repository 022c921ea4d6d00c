"""A lake for generated institutions: in memory, so that to fill it anew takes no time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import duckdb

from rollbook.canvas.schema import TABLES
from rollbook.engines.duck import DuckLimits, connect
from rollbook.engines.lake import SCHEMA, LakeEngine
from rollbook.load.json_tables import as_arrow

Tables = Mapping[str, Sequence[Mapping[str, Any]]]


class MemoryLake:
    """All Canvas tables in one DuckDB in memory, seen through the lake's own engine."""

    def __init__(self) -> None:
        # Small tables: a second thread costs more than it helps.
        self._connection: duckdb.DuckDBPyConnection = connect(DuckLimits(threads=1))
        self._connection.execute(f"ATTACH ':memory:' AS lake; CREATE SCHEMA lake.{SCHEMA}")
        for name, table in TABLES.items():
            columns = ", ".join(f'"{column.name}" {column.sql_type}' for column in table.columns)
            self._connection.execute(f'CREATE TABLE lake.{SCHEMA}."{name}" ({columns})')
        self._filled: set[str] = set()
        self.engine = LakeEngine(
            self._connection, snapshot="1", source="a generated institution", data_as_of=None
        )

    def fill(self, tables: Tables) -> None:
        """Hold these rows and no others."""
        for name in self._filled:
            self._connection.execute(f'DELETE FROM lake.{SCHEMA}."{name}"')
        self._filled = {name for name, rows in tables.items() if rows}
        for name in self._filled:
            self._insert(name, tables[name])

    def _insert(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        given_columns = {column for row in rows for column in row}
        columns = tuple(item for item in TABLES[name].columns if item.name in given_columns)
        assert given_columns == {column.name for column in columns}
        self._connection.register(
            "given_rows", as_arrow(replace(TABLES[name], columns=columns), rows)
        )
        self._connection.execute(
            f'INSERT INTO lake.{SCHEMA}."{name}" BY NAME SELECT * FROM given_rows'
        )
        self._connection.unregister("given_rows")

    def close(self) -> None:
        self.engine.close()
