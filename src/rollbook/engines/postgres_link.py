"""One transaction on a Postgres database that only reads: queries in, Arrow batches out.

Reports read through ADBC, loads through DuckDB's own extension (`postgres_scanner`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from rollbook.errors import ConfigurationError, SourceUnavailable

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection, Cursor

# One state of the data for all queries; and Postgres itself refuses to write.
_BEGIN = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

_LOST = ("08", "57P")
"""Classes of SQLSTATE that mean: the connection is gone."""
_LOST_WORDS = ("server closed the connection", "terminating connection", "connection to server")
_SCARCE = "53"
"""The class that means: no disk, no memory or no connection left."""


class Link(Protocol):
    """A connection inside a transaction that sees one state of the data; one query at a time."""

    def fetch(self, sql: str) -> pa.Table:
        """All rows of a small query.

        Raises:
            SourceUnavailable: the database went away, or a replica stopped the query.
        """

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows of a query, some megabytes at a time, computed while they are read.

        Raises:
            SourceUnavailable: the database went away, or a replica stopped the query.
        """

    def cancel(self) -> None:
        """Stop the query that runs now; callable from another thread."""

    def close(self) -> None:
        """End the transaction and the connection."""


class ReadingTransaction:
    """A `Link` through ADBC.

    Args:
        url: what libpq connects to; it may hold a password, and shows up nowhere else.
        name: the database in words.

    Raises:
        ConfigurationError: the driver is not installed.
        SourceUnavailable: the database cannot be reached, or does not let us in.
    """

    def __init__(self, url: str, name: str) -> None:
        self._name = name
        self._connection = _connected(url, name)
        self._cursor: Cursor | None = None
        self._execute(_BEGIN)

    def fetch(self, sql: str) -> pa.Table:
        with self._telling_causes():
            return self._execute(sql).fetch_arrow_table()

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        with self._telling_causes():
            yield from self._execute(sql).fetch_record_batch()

    def cancel(self) -> None:
        self._connection.adbc_cancel()

    def close(self) -> None:
        self._forget_query()
        self._connection.close()

    def _execute(self, sql: str) -> Cursor:
        self._forget_query()
        self._cursor = self._connection.cursor()
        return self._cursor.execute(sql)

    def _forget_query(self) -> None:
        # Closed, because the driver would let the rows of an earlier query end without a word.
        if self._cursor is not None:
            self._cursor.close()
            self._cursor = None

    @contextmanager
    def _telling_causes(self) -> Iterator[None]:
        from adbc_driver_manager import Error  # noqa: PLC0415 (an optional dependency)

        try:
            yield
        except (Error, OSError) as error:
            if sentence := cause_of(error):
                raise SourceUnavailable(f"{self._name} {sentence}") from error
            raise


def driver_is_missing() -> ConfigurationError:
    """The error of an installation without what reads Postgres."""
    return ConfigurationError(
        "Reading from Postgres needs a driver that is not installed. "
        'Install it with: pip install "rollbook[postgres]".'
    )


def _connected(url: str, name: str) -> Connection:
    try:
        from adbc_driver_manager import Error  # noqa: PLC0415 (an optional dependency)
        from adbc_driver_postgresql import dbapi  # noqa: PLC0415
    except ImportError as error:
        raise driver_is_missing() from error
    try:
        connection: Connection = dbapi.connect(url)
    except Error as error:
        raise SourceUnavailable(f"{name} cannot be opened: {sentence_of(error)}") from None
    return connection


def cause_of(error: Exception) -> str | None:
    """Why the database could not go on, and what to do; None for a fault of the query."""
    state = getattr(error, "sqlstate", None) or ""
    text = sentence_of(error)
    if "conflict with recovery" in text:
        return (
            "is a replica that stopped the query to keep up with its primary. Try again; if it "
            "happens often, set hot_standby_feedback = on there, or raise "
            "max_standby_streaming_delay."
        )
    if state.startswith(_LOST) or any(words in text for words in _LOST_WORDS):
        return f"went away while it was read. Try again. It said: {text}"
    if state.startswith(_SCARCE):
        return f"has too little disk, memory or connections left. It said: {text}"
    return None


def sentence_of(error: Exception) -> str:
    """What libpq and the server said, in one line."""
    text = " ".join(str(error).split())
    for prefix in ("IO: ", "IO Error: ", "[libpq] ", "Failed to connect: "):
        text = text.removeprefix(prefix)
    return text
