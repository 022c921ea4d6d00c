"""Where a lake's catalogue and data are: on this machine, or where many machines reach them."""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import duckdb
import sqlalchemy as sa
from filelock import FileLock, Timeout
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from rollbook.bucket import Bucket
from rollbook.engines.duck import load_extension, quoted
from rollbook.engines.lake_readers import (
    CATALOGUE_SCHEMA,
    LocalReaders,
    Readers,
    SharedReaders,
    prepare_shared_readers,
)
from rollbook.faults import explained, naming_causes
from rollbook.shared_database import (
    holding,
    shared_engine,
    telling_catalogue_unavailable,
    telling_unavailable,
)

SnapshotRow = tuple[int, datetime, str, str | None]
"""Number, time (aware), message, further information."""

_SNAPSHOTS = """
SELECT snapshot_id, snapshot_time, commit_message, commit_extra_info
FROM {schema}ducklake_snapshot JOIN {schema}ducklake_snapshot_changes USING (snapshot_id)
WHERE commit_message IS NOT NULL
ORDER BY snapshot_id
"""


class LakePlace(Protocol):
    """Where a lake's catalogue and data are."""

    @property
    def name(self) -> str:
        """The place in words."""

    def snapshot_rows(self) -> Sequence[SnapshotRow]:
        """The snapshots that have a message, oldest first; none where there is no lake yet.

        Straight from the catalogue: attaching the lake for it would cost 100 times as much.
        """

    def mark(self) -> Hashable:
        """Another one after each change of the catalogue; None if that cannot be told at no cost."""

    def write_lock(self) -> AbstractContextManager[bool]:
        """Whether nobody else writes; nobody else can while the block runs."""

    def prepare(self) -> None:
        """Make what attaching a new lake needs; only who has the write lock may."""

    def attach(self, connection: duckdb.DuckDBPyConnection, options: Sequence[str]) -> None:
        """Attach the lake as `lake`, with DuckLake's options."""

    def readers(self) -> Readers:
        """Who holds which snapshot."""

    def size(self) -> int:
        """Bytes of the Parquet files."""


@dataclass(frozen=True)
class LocalPlace:
    """A catalogue in SQLite, on this machine."""

    catalogue: Path
    """The SQLite file."""
    data: Path | Bucket
    """The folder of the Parquet files."""

    @property
    def name(self) -> str:
        return str(self.catalogue.parent)

    def snapshot_rows(self) -> Sequence[SnapshotRow]:
        if not self.catalogue.exists():
            return []
        with closing(_reading_catalogue(self.catalogue)) as connection:
            try:
                rows = connection.execute(_SNAPSHOTS.format(schema="")).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise explained(error) or error from error
        return [(number, datetime.fromisoformat(time), *more) for number, time, *more in rows]

    def mark(self) -> Hashable:
        log = self.catalogue.with_name(f"{self.catalogue.name}-wal")
        return _mark_of(self.catalogue), _mark_of(log)

    @contextmanager
    def write_lock(self) -> Iterator[bool]:
        lock = FileLock(self.catalogue.with_suffix(".lock"))
        try:
            with naming_causes():
                lock.acquire(blocking=False)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def prepare(self) -> None:
        _prepare_catalogue(self.catalogue)

    def attach(self, connection: duckdb.DuckDBPyConnection, options: Sequence[str]) -> None:
        _attach(connection, f"sqlite:{self.catalogue}", self.data, options)

    def readers(self) -> Readers:
        return LocalReaders(self.catalogue.parent / "lake-readers")

    def size(self) -> int:
        return _size(self.data)


@dataclass(frozen=True)
class SharedPlace:
    """A catalogue in Postgres, in a schema of its own."""

    database_url: str = field(repr=False)
    data: Path | Bucket
    """The folder of the Parquet files."""

    @property
    def name(self) -> str:
        return f"the lake of database {sa.make_url(self.database_url).database}"

    def snapshot_rows(self) -> Sequence[SnapshotRow]:
        snapshots = f"{CATALOGUE_SCHEMA}.ducklake_snapshot"
        query = sa.text(_SNAPSHOTS.format(schema=f"{CATALOGUE_SCHEMA}."))
        with telling_unavailable(), shared_engine(self.database_url).connect() as connection:
            if connection.scalar(sa.select(sa.func.to_regclass(snapshots))) is None:
                return []
            return [tuple(row) for row in connection.execute(query)]

    def mark(self) -> Hashable:
        return None

    def write_lock(self) -> AbstractContextManager[bool]:
        return holding(self.database_url, "load")

    def prepare(self) -> None:
        with telling_unavailable(), shared_engine(self.database_url).begin() as connection:
            connection.execute(sa.schema.CreateSchema(CATALOGUE_SCHEMA, if_not_exists=True))
            prepare_shared_readers(connection)

    def attach(self, connection: duckdb.DuckDBPyConnection, options: Sequence[str]) -> None:
        load_extension(connection, "postgres_scanner")
        address: dict[str, Any] = conninfo_to_dict(self.database_url)
        # Apart, because errors show the rest.
        password = str(address.pop("password", None) or "")
        connection.execute(f"CREATE SECRET catalogue (TYPE postgres, PASSWORD {quoted(password)})")
        in_catalogue = (f"META_SCHEMA '{CATALOGUE_SCHEMA}'", "META_SECRET 'catalogue'")
        with telling_catalogue_unavailable():
            _attach(
                connection,
                f"postgres:{make_conninfo(**{'application_name': 'rollbook', **address})}",
                self.data,
                (*in_catalogue, *options),
            )

    def readers(self) -> Readers:
        return SharedReaders(self.database_url)

    def size(self) -> int:
        return _size(self.data)


def _mark_of(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _attach(
    connection: duckdb.DuckDBPyConnection,
    catalogue: str,
    data: Path | Bucket,
    options: Sequence[str],
) -> None:
    if isinstance(data, Bucket):
        _open_bucket(connection, data)
        folder = f"s3://{data.name}/{data.prefix}lake/"
    else:
        folder = f"{data.absolute()}/"
    # The catalogue remembers where the data lay; they may have been moved since.
    where = (f"DATA_PATH {quoted(folder)}", "OVERRIDE_DATA_PATH true")
    connection.execute(
        f"ATTACH {quoted(f'ducklake:{catalogue}')} AS lake ({', '.join((*where, *options))})"
    )


def _size(data: Path | Bucket) -> int:
    if isinstance(data, Bucket):
        import obstore  # noqa: PLC0415 (few need it)

        return sum(item["size"] for page in obstore.list(data.store("lake")) for item in page)
    return sum(file.stat().st_size for file in data.rglob("*") if file.is_file())


def _open_bucket(connection: duckdb.DuckDBPyConnection, bucket: Bucket) -> None:
    load_extension(connection, "httpfs")
    values = {
        "KEY_ID": bucket.key_id,
        "SECRET": bucket.secret_key,
        "REGION": bucket.region,
        "SESSION_TOKEN": bucket.session_token,
        # Without it, DuckDB goes to Amazon's.
        "ENDPOINT": bucket.endpoint and bucket.endpoint.partition("://")[2].rstrip("/"),
        "URL_STYLE": bucket.endpoint and "path",
    }
    given = [f"{name} {quoted(value)}" for name, value in values.items() if value]
    connection.execute(
        f"CREATE SECRET files (TYPE s3, USE_SSL {bucket.is_encrypted}, {', '.join(given)})"
    )


def _reading_catalogue(catalogue: Path) -> sqlite3.Connection:
    """A connection that, unlike others, never removes the log when it closes.

    Python's SQLite and DuckDB's do not know of each other in one process, so that the one would
    remove the log that the other still reads.
    """
    return sqlite3.connect(f"{catalogue.absolute().as_uri()}?mode=ro", uri=True)


def _prepare_catalogue(catalogue: Path) -> None:
    """Keep the catalogue in WAL mode: else a commit waits for every report that is being read."""
    if catalogue.exists():
        with closing(_reading_catalogue(catalogue)) as connection:
            if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
                return
    with closing(sqlite3.connect(catalogue)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
