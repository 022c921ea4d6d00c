"""One table of a dump into the lake: snapshots replace it, incrementals change it (2.7)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from rollbook.canvas.schema import TABLES, CanvasTable
from rollbook.engines.duck import DuckLimits, reached_limit
from rollbook.engines.lake import SCHEMA
from rollbook.errors import BadSource
from rollbook.load.canvas_data.columns import is_oversized
from rollbook.load.canvas_data.damage import damage_in
from rollbook.load.canvas_data.dap_tables import DAP_COLUMNS
from rollbook.load.canvas_data.discovery import Job, Kind, complete_until
from rollbook.load.canvas_data.formats import Format, Part
from rollbook.load.canvas_data.reading import Reading, readings
from rollbook.load.canvas_data.texts import plain_text
from rollbook.load.integrity import count_duplicates
from rollbook.load.merging import replace_rows

MEMORY = "lake.canvas_data"
"""The schema of the lake that remembers which rows are gone."""
_BATCH_BYTES = 128 * 1024**2
"""How much of the files is read at a time; what is packed takes several times as much."""


@dataclass
class Outcome:
    """What a load did to one table."""

    kind: Kind
    files: int = 0
    at: str = ""
    """The moment up to which the table is complete, where known."""
    rows: int = 0
    rows_before: int | None = None
    """None where the lake had no such table."""
    changed: int = 0
    """Rows that an incremental added or replaced."""
    deleted: int = 0
    stale: int = 0
    """Records of an incremental that the lake had in a newer version."""
    duplicates: int = 0
    without_key: int = 0
    failed_casts: dict[str, int] = field(default_factory=dict)
    """Values that are not of their column's type, by column; they became NULL."""
    oversized: dict[str, int] = field(default_factory=dict)
    """Values that were too large to be exported, by column; they became NULL."""
    missing_columns: list[str] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """What is kept in the lake."""
        return asdict(self)


@dataclass(frozen=True)
class TableLoader:
    """Brings jobs into the lake on the connection of a load."""

    connection: duckdb.DuckDBPyConnection
    workspace: Path
    limits: DuckLimits
    null_is_text: bool = False

    def prepare(self) -> None:
        """Make the memory of deleted rows."""
        self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {MEMORY}")
        self.connection.execute(
            f"CREATE TABLE IF NOT EXISTS {MEMORY}.deleted "
            "(table_name VARCHAR, key BIGINT, ts TIMESTAMP)"
        )

    def load(
        self, name: str, jobs: Sequence[Job], present: frozenset[str] | None, earlier_at: str
    ) -> Outcome:
        """Bring the jobs of one table in.

        Args:
            name: the table.
            jobs: at most one snapshot, and any number of incrementals.
            present: the columns the lake has of it from an earlier load; None for no such table.
            earlier_at: the moment up to which the lake's table is complete; empty for unknown.

        Raises:
            BadSource: a file is damaged, or there are changes and nothing to change.
        """
        table = TABLES[name]
        changes = sorted((job for job in jobs if job.kind is Kind.INCREMENTAL), key=lambda j: j.age)
        whole = [job for job in jobs if job.kind is not Kind.INCREMENTAL]
        outcome = Outcome(Kind.SNAPSHOT if whole else Kind.INCREMENTAL)
        outcome.files = sum(len(job.parts) for job in jobs)
        outcome.at = complete_until(earlier_at, jobs)
        outcome.rows_before = None if present is None else self._count(table)
        if not whole and present is None:
            raise BadSource(
                f"{changes[0].name} holds changes of {name}, but the lake has no such table to "
                "change. Load a snapshot of it first."
            )
        if whole:
            present = self._replace(table, whole[0], outcome)
        if changes:
            self._apply(table, changes, present or frozenset(), outcome)
        outcome.rows = self._count(table)
        return outcome

    def newest(self, jobs: Sequence[Job]) -> Job:
        """The snapshot with the newest record."""

        def newest_record(job: Job) -> tuple[str, str, tuple[str, float, str]]:
            table = TABLES[job.table]
            moments = [""]
            for batch in self._read(table, job.parts):
                for reading in batch:
                    row = self._run(
                        reading,
                        f"SELECT max({reading.ts}) FROM {reading.relation}",
                        [list(reading.files)],
                    )
                    moments.append(str(row[0] or ""))
            return (job.at, max(moments), job.age)

        return max(jobs, key=newest_record)

    def _replace(self, table: CanvasTable, job: Job, outcome: Outcome) -> frozenset[str]:
        names = present_columns(table, job.parts, DAP_COLUMNS.get(table.name, frozenset()))
        self._note_columns(table, job.parts, names, outcome)
        target = f'lake.{SCHEMA}."{table.name}"'
        self.connection.execute(
            f"CREATE OR REPLACE TABLE {target} ({_definitions(table, names)}, "
            "meta_ts TIMESTAMP, meta_lost BOOLEAN)"
        )
        self.connection.execute(f"DELETE FROM {MEMORY}.deleted WHERE table_name = ?", [table.name])
        columns = ", ".join([*_quoted(names), "meta_ts", "meta_lost"])
        self._fill(table, job, target, names, outcome, columns=columns)
        self._drop_rows_without_key(table, target, outcome)
        self._drop_duplicates(table, target, outcome)
        return frozenset(names)

    def _apply(
        self, table: CanvasTable, jobs: Sequence[Job], present: frozenset[str], outcome: Outcome
    ) -> None:
        parts = [part for job in jobs for part in job.parts]
        names = present_columns(table, parts, present)
        if outcome.kind is Kind.INCREMENTAL:
            self._note_columns(table, parts, sorted(present | set(names)), outcome)
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE changes ({_definitions(table, names)}, meta_ts TIMESTAMP, "
            "meta_deleted BOOLEAN, meta_job INTEGER, meta_lost BOOLEAN)"
        )
        for number, job in enumerate(jobs):
            _check_times(job)
            self._fill(table, job, "changes", names, outcome, number=number)
        self._drop_rows_without_key(table, "changes", outcome)
        (key,) = table.primary_key
        if count_duplicates(self.connection, "changes", key):
            self.connection.execute(
                "CREATE OR REPLACE TEMP TABLE newest AS FROM changes QUALIFY row_number() "
                f"OVER (PARTITION BY {key} ORDER BY meta_ts DESC, meta_job DESC) = 1"
            )
            self.connection.execute("DROP TABLE changes")
        else:
            self.connection.execute("ALTER TABLE changes RENAME TO newest")
        target = f'lake.{SCHEMA}."{table.name}"'
        if self._may_be_stale(target):
            outcome.stale = self._number(
                f"DELETE FROM newest USING {target} AS old "
                f"WHERE old.{key} = newest.{key} AND old.meta_ts > newest.meta_ts"
            )
        outcome.stale += self._number(
            f"DELETE FROM newest USING {MEMORY}.deleted AS gone WHERE gone.table_name = ? "
            f"AND gone.key = newest.{key} AND gone.ts > newest.meta_ts",
            [table.name],
        )
        self._merge(table, target, names, new=set(names) - present, outcome=outcome)
        self.connection.execute(f"ALTER TABLE newest RENAME TO {changes_of(table.name)}")

    def _may_be_stale(self, target: str) -> bool:
        """Whether the lake has any row that is newer than the oldest change.

        Statistics of the files tell in no time that there is none, which is the common case.
        """
        row = self.connection.execute("SELECT min(meta_ts) FROM newest").fetchone()
        oldest = row[0] if row else None
        newer = f"SELECT count(*) FROM (SELECT 1 FROM {target} WHERE meta_ts > ? LIMIT 1)"
        return oldest is not None and bool(self._number(newer, [oldest]))

    def _merge(
        self,
        table: CanvasTable,
        target: str,
        names: Sequence[str],
        *,
        new: set[str],
        outcome: Outcome,
    ) -> None:
        (key,) = table.primary_key
        changed = self._number("SELECT count(*) FROM newest WHERE NOT meta_deleted")
        gone = self._number("SELECT count(*) FROM newest WHERE meta_deleted")
        outcome.changed = changed
        if gone:
            outcome.deleted = self._number(
                f"SELECT count(*) FROM {target} WHERE {key} IN "
                f"(SELECT {key} FROM newest WHERE meta_deleted)"
            )
        if not changed and not gone:
            return
        columns = ", ".join([*_quoted(names), "meta_ts", "meta_lost"])
        replace_rows(
            self.connection,
            target,
            key,
            changes="newest",
            rows=f"SELECT {columns} FROM newest WHERE NOT meta_deleted",
            # DuckLake takes the statistics of a column that was added for those of all rows, and
            # then finds no NULL in it.
            anew=bool(new),
        )
        self.connection.execute(
            f"DELETE FROM {MEMORY}.deleted WHERE table_name = ? "
            f"AND key IN (SELECT {key} FROM newest)",
            [table.name],
        )
        self.connection.execute(
            f"INSERT INTO {MEMORY}.deleted SELECT ?, {key}, meta_ts FROM newest WHERE meta_deleted",
            [table.name],
        )

    def _fill(
        self,
        table: CanvasTable,
        job: Job,
        target: str,
        names: Sequence[str],
        outcome: Outcome,
        *,
        columns: str = "*",
        number: int = 0,
    ) -> None:
        """Insert the records of a job, and count the values that were lost."""
        into = f"{target} ({columns})" if columns != "*" else target
        living = "true" if columns == "*" else "NOT meta_deleted"
        # The lake keeps for each file whether a row of it lost something: this is looked up.
        rows_with_loss = f"SELECT count(*) FROM {target} WHERE meta_lost"
        before = self._number(rows_with_loss)
        for batch in self._read(table, job.parts):
            for reading in batch:
                sql, parameters = reading.rows(names, table=table, job=number)
                self._run(
                    reading,
                    f"INSERT INTO {into} SELECT {columns} FROM ({sql}) WHERE {living}",
                    parameters,
                )
                after = self._number(rows_with_loss)
                if after != before:
                    self._count_lost(reading, outcome)
                before = after

    def _count_lost(self, reading: Reading, outcome: Outcome) -> None:
        losable = [column for column in reading.columns if column.given is not None]
        if not losable:
            return
        lost = ", ".join(
            f"count(*) FILTER ({column.is_lost}), count(*) FILTER ("
            + (is_oversized(f"CAST({column.given} AS VARCHAR)"))
            + ")"
            for column in losable
        )
        row = self._run(reading, f"SELECT {lost} FROM {reading.relation}", [list(reading.files)])
        for column, all_lost, oversized in zip(losable, row[::2], row[1::2], strict=True):
            _add(outcome.oversized, column.name, oversized)
            _add(outcome.failed_casts, column.name, all_lost - oversized)

    def _read(self, table: CanvasTable, parts: Sequence[Part]) -> Iterator[list[Reading]]:
        """Batches of files, unpacked, each gone before the next one is there."""
        for batch in _batches(parts):
            with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
                files = list(pool.map(self._open, batch))
            yield readings(
                self.connection,
                table,
                zip(batch, files, strict=True),
                null_is_text=self.null_is_text,
            )
            for part, file in zip(batch, files, strict=True):
                if file != part.path:
                    file.unlink()

    def _open(self, part: Part) -> Path:
        if part.format is Format.PARQUET:
            return part.path
        return plain_text(part, self.workspace)

    def _run(self, reading: Reading, sql: str, parameters: list[object]) -> Any:
        try:
            return self.connection.execute(sql, parameters).fetchone()
        except duckdb.Error as error:
            lacking = reached_limit(error, self.limits)
            raise lacking or damage_in(reading, error, self.limits) from None

    def _drop_rows_without_key(self, table: CanvasTable, target: str, outcome: Outcome) -> None:
        # Row 0 stands for nothing (data_sources.md, section 4).
        (key,) = table.primary_key
        outcome.without_key += self._number(f"SELECT count(*) FROM {target} WHERE {key} IS NULL")
        if self._number(f"SELECT count(*) FROM {target} WHERE {key} IS NULL OR {key} = 0"):
            self.connection.execute(f"DELETE FROM {target} WHERE {key} IS NULL OR {key} = 0")

    def _drop_duplicates(self, table: CanvasTable, target: str, outcome: Outcome) -> None:
        (key,) = table.primary_key
        outcome.duplicates = count_duplicates(self.connection, target, key)
        if outcome.duplicates:
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE once AS FROM {target} QUALIFY "
                f"row_number() OVER (PARTITION BY {key} ORDER BY meta_ts DESC, rowid DESC) = 1"
            )
            self.connection.execute(f"CREATE OR REPLACE TABLE {target} AS FROM once")
            self.connection.execute("DROP TABLE once")

    def _note_columns(
        self, table: CanvasTable, parts: Sequence[Part], names: Sequence[str], outcome: Outcome
    ) -> None:
        known = set(table.column_names) | DAP_COLUMNS.get(table.name, frozenset())
        given = {name for part in parts for name in part.fields}
        outcome.unknown_columns = sorted(given - known)
        outcome.missing_columns = [name for name in table.column_names if name not in names]

    def _count(self, table: CanvasTable) -> int:
        return self._number(f'SELECT count(*) FROM lake.{SCHEMA}."{table.name}"')

    def _number(self, sql: str, parameters: Sequence[object] = ()) -> int:
        row = self.connection.execute(sql, list(parameters)).fetchone()
        return int(row[0]) if row else 0


def changes_of(table: str) -> str:
    """The table of this connection that holds the changes that a load brought to a table.

    Each key once; `meta_deleted` tells which rows are gone.
    """
    return f"changes_of_{table}"


def present_columns(table: CanvasTable, parts: Sequence[Part], known: frozenset[str]) -> list[str]:
    """The columns of a table that files have, in the table's order.

    Args:
        table: the table.
        parts: its files.
        known: the columns that a table without files has, and JSON lines even where no record
            shows them: a property that is NULL is left out there.
    """
    given = {name for part in parts for name in part.fields}
    if not parts or any(part.format is Format.JSONL for part in parts):
        given |= known
    given |= set(table.primary_key)
    return [name for name in table.column_names if name in given]


def _check_times(job: Job) -> None:
    for part in job.parts:
        if part.columns and "meta.ts" not in part.columns:
            raise BadSource(
                f"{part.name} holds changes but no column meta.ts, so it cannot be told which are "
                "newer than the lake's rows. Load a snapshot instead."
            )


def _batches(parts: Sequence[Part]) -> Iterator[list[Part]]:
    batch: list[Part] = []
    size = 0
    for part in parts:
        batch.append(part)
        size += part.path.stat().st_size * (8 if part.gzipped else 1)
        if part.format is not Format.PARQUET and size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _definitions(table: CanvasTable, names: Sequence[str]) -> str:
    types = {column.name: column.sql_type for column in table.columns}
    return ", ".join(f'"{name}" {types[name]}' for name in names)


def _quoted(names: Sequence[str]) -> list[str]:
    return [f'"{name}"' for name in names]


def _add(numbers: dict[str, int], name: str, number: int) -> None:
    if number:
        numbers[name] = numbers.get(name, 0) + number
