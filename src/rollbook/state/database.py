"""The database of Rollbook's state: opened, brought up to date, read and written."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from filelock import FileLock
from sqlalchemy.exc import DBAPIError

from rollbook.config import Settings
from rollbook.errors import DatabaseUnavailable

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

_BUSY_SECONDS = 30
_CONNECT_SECONDS = 10
_AWAY_SECONDS = 0.5
"""How often is asked for a database that is away."""

_log = logging.getLogger(__name__)


class Database:
    """Transactions on the state; short ones only, for SQLite has one writer at a time."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._is_postgres = engine.dialect.name == "postgresql"
        # One statement needs no transaction around it; what SQLite does instead, `_begin` says.
        self._reading = engine.execution_options(
            read_only=True, **({"isolation_level": "AUTOCOMMIT"} if self._is_postgres else {})
        )

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for one statement that changes nothing.

        Raises:
            DatabaseUnavailable: Postgres cannot be reached, or went away.
        """
        with telling_unavailable(), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, *, alone_in: str | None = None) -> Iterator[sa.Connection]:
        """One transaction: all that the block does, or nothing of it.

        Args:
            alone_in: names a matter in which what is read must still hold when it is written: of
                transactions with the same name one begins after the other has ended.

        Raises:
            DatabaseUnavailable: Postgres cannot be reached, or went away; nothing was done, or,
                where it went away during the commit, all.
        """
        with telling_unavailable(), self.engine.begin() as connection:
            # SQLite has one writer at a time anyway.
            if alone_in is not None and self._is_postgres:
                number = sa.func.hashtextextended(f"rollbook:{alone_in}", 0)
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def open_database(settings: Settings) -> Database:
    """Open the state, in Postgres or in the data folder, creating or migrating it first.

    Raises:
        DatabaseUnavailable: Postgres cannot be reached.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    if settings.database_url is not None:
        database = Database(_postgres_engine(settings.database_url))
        migrate(database)
        return database
    database = Database(_sqlite_engine(f"sqlite:///{settings.data / 'state.sqlite'}"))
    # Several processes start together; on Postgres the transaction itself lets one migrate.
    with FileLock(settings.data / "state.lock"):
        migrate(database)
    return database


def migrate(database: Database) -> None:
    """Bring the tables to the newest form."""
    config = Config()
    config.set_main_option("script_location", "rollbook.state:migrations")
    config.set_main_option("path_separator", "os")
    with database.writing(alone_in="migration") as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def telling_unavailable() -> Iterator[None]:
    """Has the block raise DatabaseUnavailable where Postgres is away, or cannot serve just now."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
            raise
        raise DatabaseUnavailable(
            "The database of Rollbook's state cannot be reached. Try again in a moment; if it "
            "stays away, look at the server and at ROLLBOOK_DATABASE_URL."
        ) from error


def patiently(
    call: Callable[Arguments, Answer], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Answer:
    """What a call answers once the database can be reached; until then this waits.

    Args:
        call: may be done twice, because a commit may be done though its answer was lost.
        args: of the call.
        kwargs: of the call.
    """
    while True:
        try:
            return call(*args, **kwargs)
        except DatabaseUnavailable:
            _log.warning("waiting for the database", extra={"action": "database_away"})
            time.sleep(_AWAY_SECONDS)


def _postgres_engine(url: str) -> sa.Engine:
    return sa.create_engine(
        sqlalchemy_url(url),
        connect_args={"application_name": "rollbook", "connect_timeout": _CONNECT_SECONDS},
        # What a restart of the server broke is found out before it is used.
        pool_pre_ping=True,
        hide_parameters=True,
    )


def sqlalchemy_url(url: str) -> sa.URL:
    """The address of a Postgres, for the driver that Rollbook uses."""
    return sa.make_url(url).set(drivername="postgresql+psycopg")


def _sqlite_engine(url: str) -> sa.Engine:
    engine = sa.create_engine(
        url,
        connect_args={"timeout": _BUSY_SECONDS},
        # Errors, which are logged, would show what clients sent.
        hide_parameters=True,
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: `_begin` does.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A writer takes its lock at once; one that read first could never wait for it. What
        # reads does it in one statement, which needs no transaction.
        if not connection.get_execution_options().get("read_only", False):
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
