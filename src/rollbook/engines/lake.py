"""The lake: the institution's tables in DuckLake, the default engine.

Parquet files in one folder, a catalogue in SQLite. Each load makes one snapshot; each run reads
one snapshot, whatever is loaded beside it.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend
from ibis.backends.sql.datatypes import DuckDBType
from ibis.expr.schema import Schema

from rollbook.engines.duck import DuckLimits, connect, naming_limits
from rollbook.engines.engine import Snapshot
from rollbook.engines.lake_place import LakePlace, LocalPlace, SharedPlace
from rollbook.engines.lake_readers import Reader, Readers
from rollbook.errors import EmptyLake, LoadConflict, UnknownSnapshot
from rollbook.faults import naming_causes
from rollbook.shared_database import telling_catalogue_unavailable

SCHEMA = "canvas"
"""The schema of the Canvas tables inside the lake."""


@dataclass(frozen=True)
class Lake:
    """A DuckLake."""

    folder: Path
    """What this machine keeps for it; all of it, unless it has a place elsewhere."""
    limits: DuckLimits = field(default_factory=DuckLimits)
    elsewhere: LakePlace | None = None
    """Where catalogue and data are, if not in the folder."""

    @property
    def place(self) -> LakePlace:
        """Where catalogue and data are."""
        return self.elsewhere or LocalPlace(self.folder / "lake.sqlite", self.folder / "lake")

    @property
    def database_url(self) -> str | None:
        """Of the Postgres that holds the catalogue of a shared lake; it may hold a password."""
        return self.place.database_url if isinstance(self.place, SharedPlace) else None

    def snapshots(self) -> list[Snapshot]:
        """All snapshots that a load made, oldest first."""
        return [
            Snapshot(
                id=number,
                loaded_at=time.astimezone(UTC),
                source=source,
                details=json.loads(details) if details else {},
            )
            for number, time, source, details in self.place.snapshot_rows()
        ]

    def snapshot(self, number: int | None = None) -> Snapshot:
        """A snapshot by its number, by default the latest.

        Raises:
            EmptyLake: nothing was loaded.
            UnknownSnapshot: there is no such snapshot.
        """
        snapshots = self.snapshots()
        if not snapshots:
            raise EmptyLake(
                f"There are no data in {self.place.name}. "
                "Load some first, for example with `rollbook load demo`."
            )
        return snapshots[-1] if number is None else snapshot_numbered(number, snapshots)

    def state(self) -> str:
        """The number of the latest snapshot.

        Raises:
            EmptyLake: nothing was loaded.
        """
        mark = self.place.mark()
        return _newest(self, mark) if mark else str(self.snapshot().id)

    @telling_catalogue_unavailable()
    def engine(self, snapshot: int | None = None) -> LakeEngine:
        """A view of one snapshot, by default the latest.

        Raises:
            EmptyLake: nothing was loaded.
            UnknownSnapshot: there is no such snapshot.
        """
        pinned, reader = self._pinned(snapshot)
        try:
            with naming_limits(self.limits):
                return LakeEngine(
                    self._attached(read_only=True, snapshot=pinned.id),
                    snapshot=str(pinned.id),
                    source=pinned.source,
                    data_as_of=pinned.data_as_of,
                    loaded_at=pinned.loaded_at,
                    load_details=pinned.details,
                    reader=reader,
                    limits=self.limits,
                )
        except BaseException:
            reader.release()
            raise

    @contextmanager
    def reading(self, snapshot: Snapshot) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that sees a snapshot, attached as `lake`.

        Raises:
            UnknownSnapshot: the snapshot is gone.
        """
        _, reader = self._pinned(snapshot.id)
        try:
            with closing(self._attached(read_only=True, snapshot=snapshot.id)) as connection:
                yield connection
        finally:
            reader.release()

    @property
    def readers(self) -> Readers:
        """Who holds which snapshot."""
        return self.place.readers()

    def size(self) -> int:
        """Bytes of the Parquet files."""
        return self.place.size()

    def _pinned(self, number: int | None) -> tuple[Snapshot, Reader]:
        """A snapshot that stays until its reader is released."""
        self.snapshot(number)  # An empty lake gets no folder of readers.
        with self.readers.standing_still():
            snapshot = self.snapshot(number)
            return snapshot, self.readers.add(snapshot.id)

    @contextmanager
    def writing(
        self, source: str, details: Mapping[str, Any] | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection inside one transaction, committed as one snapshot at the end.

        The lake is attached as `lake`; what the block raises leaves the lake as it was.

        Args:
            source: what is written, in words.
            details: kept with the snapshot as JSON, as they are when the block ends.

        Raises:
            LoadConflict: another load is running; this one changed nothing.
            ResourceError: memory or disk ran out, or may not be written; nothing was changed.
        """
        with self.changing() as connection:
            self._unfinished.touch()
            try:
                connection.execute("BEGIN")
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS lake.{SCHEMA}")
                yield connection
                connection.execute(
                    "CALL lake.set_commit_message('rollbook', ?, extra_info => ?)",
                    [source, json.dumps(details) if details else None],
                )
                connection.execute("COMMIT")
            except BaseException:
                # Where that fails, the next load does it.
                with suppress(duckdb.Error, OSError):
                    connection.execute("ROLLBACK")
                    self._remove_unfinished(connection)
                raise
            self._unfinished.unlink()

    @contextmanager
    def changing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that may change the lake, attached as `lake`, while nobody else changes it.

        What a load left that was killed is gone.

        Raises:
            LoadConflict: a load or a clean-up is running.
            ResourceError: memory or disk ran out, or may not be written.
        """
        with naming_causes():
            self.folder.mkdir(parents=True, exist_ok=True)
        with self._write_lock(), naming_limits(self.limits), naming_causes():
            self.place.prepare()
            with closing(self._attached(read_only=False)) as connection:
                if self._unfinished.exists():
                    self._remove_unfinished(connection)
                yield connection

    def _remove_unfinished(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Take away what no snapshot has: while nobody loads, it is nobody's."""
        connection.execute("CALL ducklake_delete_orphaned_files('lake', cleanup_all => true)")
        self._unfinished.unlink()

    @property
    def _unfinished(self) -> Path:
        """Exists while a load is running, and after one that was killed."""
        return self.folder / "lake.unfinished"

    @contextmanager
    def _write_lock(self) -> Iterator[None]:
        with self.place.write_lock() as is_ours:
            if not is_ours:
                raise LoadConflict(
                    f"Another load or clean-up of {self.place.name} is running. Wait until it has "
                    "ended, then run this one again; nothing was changed."
                )
            yield

    def _attached(
        self, *, read_only: bool, snapshot: int | None = None
    ) -> duckdb.DuckDBPyConnection:
        connection = connect(self.limits)
        options = ["READ_ONLY"] if read_only else []
        if snapshot is not None:
            options.append(f"SNAPSHOT_VERSION {int(snapshot)}")
        self.place.attach(connection, options)
        return connection


@lru_cache(maxsize=8)
def _newest(lake: Lake, _mark: Hashable) -> str:
    # Every request to the API asks for it.
    return str(lake.snapshot().id)


def snapshot_numbered(number: int, snapshots: Sequence[Snapshot]) -> Snapshot:
    """The snapshot of a number.

    Raises:
        UnknownSnapshot: there is none.
    """
    found = next((snapshot for snapshot in snapshots if snapshot.id == number), None)
    if found is None:
        raise UnknownSnapshot(
            f"There is no snapshot {number}. `rollbook snapshots` lists those that are kept."
        )
    return found


class LakeEngine:
    """What one connection sees of the lake: a pinned snapshot, or a load's own transaction."""

    name = "lake"

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        *,
        snapshot: str,
        source: str,
        data_as_of: datetime | None,
        loaded_at: datetime | None = None,
        load_details: Mapping[str, Any] | None = None,
        reader: Reader | None = None,
        limits: DuckLimits | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.source = source
        self.data_as_of = data_as_of
        self.loaded_at = loaded_at
        self.load_details = load_details or {}
        self._reader = reader
        self.interrupted = False
        self._limits = limits or DuckLimits()
        self._connection = connection
        self._backend: Backend = ibis.duckdb.from_connection(connection)
        self._schemas = schemas_in_lake(connection)

    def columns(self, table: str) -> frozenset[str] | None:
        schema = self._schemas.get(table)
        return None if schema is None else frozenset(schema.names)

    def source_table(self, table: str) -> ir.Table:
        namespace = ops.Namespace(catalog="lake", database=SCHEMA)
        return ops.DatabaseTable(
            name=table, schema=self._schemas[table], source=self._backend, namespace=namespace
        ).to_expr()

    def rows(self, expression: ir.Table) -> list[dict[str, Any]]:
        with naming_limits(self._limits):
            rows: list[dict[str, Any]] = self._backend.to_pyarrow(expression).to_pylist()
        return rows

    def batches(self, expression: ir.Table, *, chunk_rows: int) -> pa.RecordBatchReader:
        with naming_limits(self._limits):
            reader = self._backend.to_pyarrow_batches(expression, chunk_size=chunk_rows)

        def pieces() -> Iterator[pa.RecordBatch]:
            with naming_limits(self._limits):
                yield from reader

        return pa.RecordBatchReader.from_batches(reader.schema, pieces())

    def sql(self, expression: ir.Table) -> str:
        return str(ibis.to_sql(expression, dialect="duckdb"))

    def interrupt(self) -> None:
        self.interrupted = True
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()
        if self._reader:
            self._reader.release()


def schemas_in_lake(connection: duckdb.DuckDBPyConnection) -> dict[str, Schema]:
    """The tables the lake holds, with columns and types, as the connection sees them."""
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = 'lake' AND schema_name = ? ORDER BY table_name, column_index",
        [SCHEMA],
    ).fetchall()
    columns: dict[str, dict[str, dt.DataType]] = {}
    for table, column, data_type in rows:
        columns.setdefault(table, {})[column] = _type_named(data_type)
    return {table: Schema(fields) for table, fields in columns.items()}


@cache
def _type_named(data_type: str) -> dt.DataType:
    return DuckDBType.from_string(data_type)
