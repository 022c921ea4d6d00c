"""Postgres read through DuckDB's own extension: the quickest way into a lake.

A query is one stream on the one connection whose transaction began at first. The extension could
scan a table with several connections, but on replicas each of them would see its own moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb
import pyarrow as pa

from rollbook.engines.duck import load_extension, quoted
from rollbook.engines.postgres_link import cause_of, driver_is_missing, sentence_of
from rollbook.errors import BadSource, SourceUnavailable

_DATABASE = "postgres_source"
_BATCH_ROWS = 122_880
"""What DuckDB writes as one row group."""


class ScannerTransaction:
    """A `rollbook.engines.postgres_link.Link` through DuckDB.

    Its transaction is its own: whatever becomes of it, that of `connection` goes on.

    Args:
        connection: a connection to the DuckDB that reads.
        url: what libpq connects to; it may hold a password, and shows up nowhere else.
        name: the database in words.

    Raises:
        ConfigurationError: the extension is not installed.
        SourceUnavailable: the database cannot be reached, or does not let us in.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, url: str, name: str) -> None:
        self._name = name
        self._cursor = connection.cursor()
        self._canceller = connection.cursor()
        try:
            self._attach(url)
            (self._process,) = self.fetch("SELECT pg_backend_pid() AS process")[
                "process"
            ].to_pylist()
        except BaseException:
            self._close_cursors()
            raise

    def fetch(self, sql: str) -> pa.Table:
        with self._telling_causes():
            return self._execute(sql).to_arrow_table()

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        with self._telling_causes():
            yield from self._execute(sql).to_arrow_reader(_BATCH_ROWS)

    def cancel(self) -> None:
        self._cursor.interrupt()
        # DuckDB does not look up while it waits for the server, for a lock perhaps.
        with suppress(duckdb.Error):
            cancel = f"SELECT pg_cancel_backend({int(self._process)})"
            self._canceller.execute(f"FROM postgres_query('{_DATABASE}', ?)", [cancel]).fetchall()

    def close(self) -> None:
        # The server may be gone: then there is nothing left to end.
        for statement in ("ROLLBACK", f"DETACH {_DATABASE}"):
            with suppress(duckdb.Error):
                self._cursor.execute(statement)
        self._close_cursors()

    def _close_cursors(self) -> None:
        self._canceller.close()
        self._cursor.close()

    def _attach(self, url: str) -> None:
        try:
            load_extension(self._cursor, "postgres_scanner")
        except ModuleNotFoundError as error:
            raise driver_is_missing() from error
        try:
            # Read-only transactions of the extension are REPEATABLE READ.
            self._cursor.execute(f"ATTACH {quoted(url)} AS {_DATABASE} (TYPE postgres, READ_ONLY)")
            self._cursor.execute("BEGIN")
        except duckdb.Error as error:
            reason = sentence_of(error).rpartition(f'"{url}": ')[2]
            raise SourceUnavailable(f"{self._name} cannot be opened: {reason}") from None

    def _execute(self, sql: str) -> duckdb.DuckDBPyConnection:
        return self._cursor.execute(f"FROM postgres_query('{_DATABASE}', ?)", [sql])

    @contextmanager
    def _telling_causes(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if sentence := cause_of(error):
                raise SourceUnavailable(f"{self._name} {sentence}") from error
            # Without the query, which DuckDB shows at the end.
            reason = sentence_of(error).partition(" LINE 1: ")[0]
            raise BadSource(f"{self._name} cannot be read: {reason}") from error
