"""The Postgres that many machines share: connections, locks, and what happens when it is away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import cache
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from rollbook.errors import RollbookError, StateUnavailable
from rollbook.faults import patiently

_CONNECT_SECONDS = 10
_LOST_WORDS = (
    "connection to server",
    "server closed the connection",
    "terminating connection",
    "no connection to the server",
    "the database system is",
    "Current transaction is aborted",
)
"""What libpq says, through DuckDB, of a server that is away."""


def sqlalchemy_url(url: str) -> sa.URL:
    """The address of a Postgres, for the driver that Rollbook uses."""
    return sa.make_url(url).set(drivername="postgresql+psycopg")


@cache
def shared_engine(url: str) -> sa.Engine:
    """The connections of this process to a Postgres."""
    # What a restart of the server broke is found out before it is used.
    return _engine(url, pool_pre_ping=True)


@cache
def _lone_engine(url: str) -> sa.Engine:
    return _engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")


def _engine(url: str, **options: Any) -> sa.Engine:
    return sa.create_engine(
        sqlalchemy_url(url),
        connect_args={"application_name": "rollbook", "connect_timeout": _CONNECT_SECONDS},
        # Errors, which are logged, would show what clients sent.
        hide_parameters=True,
        **options,
    )


def hold_in_transaction(connection: sa.Connection, name: str) -> None:
    """Wait for a lock of all machines, and hold it until the transaction ends."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_lock_number(name))))


@contextmanager
def holding(url: str, name: str) -> Iterator[bool]:
    """Whether a lock of all machines could be had at once; held while the block runs.

    Raises:
        StateUnavailable: Postgres cannot be reached.
    """
    with closing(lone_connection(url)) as connection:
        lock = sa.func.pg_try_advisory_lock(_lock_number(name))
        with telling_unavailable():
            came = bool(connection.scalar(sa.select(lock)))
        yield came


def lone_connection(url: str) -> sa.Connection:
    """A connection that ends when it is closed, and with it what it holds.

    Raises:
        StateUnavailable: Postgres cannot be reached.
    """
    with telling_unavailable():
        return _lone_engine(url).connect()


def _lock_number(name: str) -> sa.Function[int]:
    return sa.func.hashtextextended(f"rollbook:{name}", 0)


@contextmanager
def telling_unavailable() -> Iterator[None]:
    """Has the block raise StateUnavailable where Postgres is away, or cannot serve just now."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
            raise
        raise StateUnavailable(
            "The database of Rollbook's state cannot be reached. Try again in a moment; if it "
            "stays away, look at the server and at ROLLBOOK_DATABASE_URL."
        ) from error


@contextmanager
def telling_catalogue_unavailable(url: str | None = None) -> Iterator[None]:
    """Has the block raise StateUnavailable where DuckDB lost the Postgres of the catalogue.

    Args:
        url: of that Postgres. DuckDB's errors do not always tell; that it was started meanwhile does.
    """
    started_at = None if url is None else _started_at(url)
    try:
        yield
    except (RollbookError, GeneratorExit):
        raise
    except Exception as error:
        # Arrow wraps DuckDB's errors in its own; the words stay.
        is_said = any(words in str(error) for words in _LOST_WORDS)
        if not is_said and (url is None or patiently(_started_at, url) == started_at):
            raise
        raise StateUnavailable(
            "The database of the lake's catalogue cannot be reached. Try again in a moment."
        ) from error


def _started_at(url: str) -> datetime:
    """When a Postgres was started.

    Raises:
        StateUnavailable: it cannot be reached.
    """
    with telling_unavailable(), shared_engine(url).connect() as connection:
        started: datetime = connection.execute(
            sa.select(sa.func.pg_postmaster_start_time())
        ).scalar_one()
        return started
