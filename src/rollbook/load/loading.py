"""One load: tables are replaced inside one transaction and become one snapshot, or nothing does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import duckdb
from ibis.expr.schema import Schema

from rollbook.canvas.associations import DERIVED
from rollbook.canvas.schema import TABLES, CanvasColumn
from rollbook.canvas.tables import Tables
from rollbook.engines.lake import SCHEMA, Lake, LakeEngine, schemas_in_lake

_HISTORY = "lake.history"
Progress = Callable[[str, float], None]
"""Told what is being done, in words, and how much of the whole is done (0 to 1)."""


def no_progress(step: str, share: float) -> None:
    """Tell nobody."""


@dataclass
class Load:
    """A load that is going on; `connection` is inside the transaction, the lake attached."""

    source: str
    """What is loaded, in words: `demo campus`, `SIS CSV from export.zip`."""
    connection: duckdb.DuckDBPyConnection
    progress: Progress = no_progress
    rows: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    """What is kept about the load with its snapshot, as JSON."""

    def replace(
        self,
        table: str,
        query: str,
        parameters: list[object] | None = None,
        *,
        columns: Collection[str] | None = None,
    ) -> int:
        """Make a Canvas table anew from a query; gives the number of its rows.

        Args:
            table: a name of `schema.TABLES`.
            query: SQL whose columns have the names of the table's; those it lacks get their
                default, others are dropped, types are cast.
            parameters: values for the query's `?`.
            columns: the query's columns, where the caller knows them; else DuckDB is asked.
        """
        if columns is None:
            found = self.connection.execute(f"DESCRIBE {query}", parameters or []).fetchall()
            columns = {row[0] for row in found}
        selected = ", ".join(_select(column, columns) for column in TABLES[table].columns)
        made = self.connection.execute(
            f'CREATE OR REPLACE TABLE lake.{SCHEMA}."{table}" AS SELECT {selected} FROM ({query})',
            parameters or [],
        ).fetchone()
        self.rows[table] = int(made[0]) if made else 0
        return self.rows[table]

    def drop(self, table: str) -> None:
        """Let the lake have no such Canvas table."""
        self.connection.execute(f'DROP TABLE IF EXISTS lake.{SCHEMA}."{table}"')

    def clear(self, table: str) -> None:
        """Make a Canvas table that has no rows."""
        self.replace(table, "SELECT 1 AS id WHERE false", columns=("id",))

    def present(self) -> Mapping[str, Schema]:
        """The Canvas tables as this load sees them, with their columns and types."""
        return schemas_in_lake(self.connection)

    def count(self, table: str) -> int:
        """The rows of a Canvas table as this load sees it."""
        row = self.connection.execute(f'SELECT count(*) FROM lake.{SCHEMA}."{table}"').fetchone()
        return int(row[0]) if row else 0

    def tables(self) -> Tables:
        """The canonical tables as this load sees them now."""
        return Tables(
            LakeEngine(
                self.connection, snapshot="in the making", source=self.source, data_as_of=None
            )
        )

    def derive_associations(self, names: Collection[str] = tuple(DERIVED)) -> None:
        """Write association tables anew, whatever they held (data_sources.md, 3.3)."""
        engine = LakeEngine(
            self.connection, snapshot="in the making", source=self.source, data_as_of=None
        )
        tables = Tables(engine)
        for name in names:
            rows = engine.batches(DERIVED[name](tables, engine), chunk_rows=100_000).read_all()
            self.connection.register("derived_rows", rows)
            self.replace(name, "SELECT * FROM derived_rows", columns=TABLES[name].column_names)
            self.connection.unregister("derived_rows")

    def write_down(self) -> None:
        """Make a snapshot also of a load that changed nothing: the data are as of now."""
        self.connection.execute(
            f"CREATE SCHEMA IF NOT EXISTS {_HISTORY}; "
            f"CREATE TABLE IF NOT EXISTS {_HISTORY}.loads (loaded_at TIMESTAMP, source VARCHAR)"
        )
        self.connection.execute(
            f"INSERT INTO {_HISTORY}.loads VALUES (CAST(now() AS TIMESTAMP), ?)", [self.source]
        )


@dataclass(frozen=True)
class LoadSummary:
    """What a load did."""

    source: str
    snapshot: int
    rows: dict[str, int]
    """Rows of each table that was written."""
    warnings: tuple[str, ...] = ()


@contextmanager
def loading(lake: Lake, source: str, progress: Progress = no_progress) -> Iterator[Load]:
    """Open a load; at the end of the block it becomes one snapshot, after an error nothing.

    Raises:
        LoadConflict: another load is running.
    """
    details: dict[str, Any] = {}
    with lake.writing(source, details) as connection:
        yield Load(source, connection, progress, details=details)


def earlier_details(
    lake: Lake, load: Load, kind: str, origin: str | None = None
) -> Mapping[str, Any]:
    """What the load before kept about itself; empty, with a warning, if it was of other data.

    Args:
        lake: where the load before went.
        load: the load that goes on.
        kind: its kind, as its details say it.
        origin: where its data come from, for kinds whose details say that.
    """
    snapshots = lake.snapshots()
    if not snapshots:
        return {}
    details = snapshots[-1].details
    if (details.get("kind"), details.get("origin")) == (kind, origin):
        return details
    load.warnings.append(
        f"The lake held other data ({snapshots[-1].source}); they were replaced, not added to. "
        "Earlier snapshots still hold them."
    )
    return {}


def summary_of(lake: Lake, load: Load) -> LoadSummary:
    """The summary of a load that has been committed."""
    return LoadSummary(load.source, lake.snapshots()[-1].id, load.rows, tuple(load.warnings))


def _select(column: CanvasColumn, present: Collection[str]) -> str:
    name = f'"{column.name}"'
    if column.name in present:
        return f"CAST({name} AS {column.sql_type}) AS {name}"
    default = "NULL" if column.default is None else f"'{column.default}'"
    return f"CAST({default} AS {column.sql_type}) AS {name}"
