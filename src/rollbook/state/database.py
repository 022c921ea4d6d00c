"""The database of Rollbook's state: opened, brought up to date, read and written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from filelock import FileLock

from rollbook.config import Settings
from rollbook.shared_database import hold_in_transaction, shared_engine, telling_unavailable

_BUSY_SECONDS = 30


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
                hold_in_transaction(connection, alone_in)
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
        database = Database(shared_engine(settings.database_url))
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
