"""One table of a Postgres database into the lake: all of it, or what has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import duckdb
import ibis.expr.types as ir
import pyarrow as pa

from rollbook.canvas.schema import TABLES, CanvasTable
from rollbook.canvas.tables import present_columns
from rollbook.engines.lake import SCHEMA
from rollbook.engines.postgres import PostgresEngine
from rollbook.load.loading import Load
from rollbook.load.merging import replace_rows

_BATCH_ROWS = 122_880


class Kind(StrEnum):
    """How a table came into the lake."""

    WHOLE = "whole"
    CHANGES = "changes"
    UNCHANGED = "unchanged"
    """Nothing was read: the database says that it has not changed."""


@dataclass
class Outcome:
    """What a load did to one table."""

    kind: Kind
    at: str = ""
    """When Canvas Data 2's client last brought it, in ISO 8601; empty for Canvas's own database."""
    rows: int = 0
    rows_before: int | None = None
    """None where the lake had no such table of this database."""
    changed: int = 0
    """Rows that were added or replaced."""
    missing_columns: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """What is kept in the lake."""
        return asdict(self)


@dataclass(frozen=True)
class Copier:
    """Brings tables into the lake on the connection of a load."""

    load: Load
    engine: PostgresEngine
    tell: Callable[[int], None]
    """Told the number of rows that have come, piece by piece."""

    def copy(self, name: str) -> int:
        """Make a table of the lake anew; gives the number of its rows."""
        with self._arriving(self._rows(TABLES[name])):
            made = self.load.connection.execute(
                f"CREATE OR REPLACE TABLE {_in_lake(name)} AS FROM arriving_rows"
            ).fetchone()
        return int(made[0]) if made else 0

    def copy_changes(self, name: str, since: datetime | None) -> int:
        """Bring the rows that were updated since a moment; gives how many differ from the lake's.

        Args:
            name: a table with the column `updated_at`, whose columns the lake's has, too.
            since: UTC without zone; None for all rows.
        """
        table, connection = TABLES[name], self.load.connection
        rows, (key,) = self._rows(table), table.primary_key
        if since is not None:
            rows = rows.filter((rows.updated_at >= since) | rows.updated_at.isnull())
        with self._arriving(rows):
            connection.execute("CREATE OR REPLACE TEMP TABLE arrived AS FROM arriving_rows")
        columns = ", ".join(f'"{column}"' for column in rows.columns)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE changed AS SELECT {columns} FROM arrived EXCEPT "
            f"SELECT {columns} FROM {_in_lake(name)} SEMI JOIN arrived USING ({key})"
        )
        found = connection.execute("SELECT count(*) FROM changed").fetchone()
        number = int(found[0]) if found else 0
        if number:
            replace_rows(connection, _in_lake(name), key, changes="changed", rows="FROM changed")
        connection.execute("DROP TABLE arrived; DROP TABLE changed")
        return number

    def _rows(self, table: CanvasTable) -> ir.Table:
        source = self.engine.source_table(table.name)
        return source.select(**present_columns(source, table))

    @contextmanager
    def _arriving(self, rows: ir.Table) -> Iterator[None]:
        """The rows as `arriving_rows`, which can be read once."""
        batches = self.engine.batches(rows, chunk_rows=_BATCH_ROWS)
        failures: list[Exception] = []

        def told() -> Iterator[pa.RecordBatch]:
            try:
                for batch in batches:
                    self.tell(batch.num_rows)
                    yield batch
            except Exception as error:
                failures.append(error)
                raise

        connection = self.load.connection
        connection.register(
            "arriving_rows", pa.RecordBatchReader.from_batches(batches.schema, told())
        )
        try:
            yield
        except duckdb.Error:
            # DuckDB knows no more than that its input failed.
            if failures:
                raise failures[0] from None
            raise
        finally:
            connection.unregister("arriving_rows")


def _in_lake(name: str) -> str:
    return f'lake.{SCHEMA}."{name}"'
