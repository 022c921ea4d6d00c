"""The database of Rollbook's state: opened, brought up to date, read and written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock
from sqlalchemy.exc import DBAPIError, DisconnectionError

from rollbook.config import Settings
from rollbook.faults import explained_of_state, naming_causes
from rollbook.shared_database import hold_in_transaction, shared_engine, telling_unavailable
from rollbook.state.memory import Memory

_BUSY_SECONDS = 30


class Database:
    """Transactions on the state; short ones only, for SQLite has one writer at a time."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.memory = Memory(engine)
        self._is_postgres = engine.dialect.name == "postgresql"
        # One statement needs no transaction around it; what SQLite does instead, `_begin` says.
        self._reading = engine.execution_options(
            read_only=True, **({"isolation_level": "AUTOCOMMIT"} if self._is_postgres else {})
        )

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for one statement that changes nothing.

        Raises:
            ResourceError: the database is held by others, damaged or gone.
        """
        with self._naming_causes(), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, *, alone_in: str | None = None) -> Iterator[sa.Connection]:
        """One transaction: all that the block does, or nothing of it.

        Args:
            alone_in: names a matter in which what is read must still hold when it is written: of
                transactions with the same name one begins after the other has ended.

        Raises:
            ResourceError: as above, or the disk is full; nothing was done, or, where Postgres went
                away during the commit, all.
        """
        with self._naming_causes(), self.engine.begin() as connection:
            # SQLite has one writer at a time anyway.
            if alone_in is not None and self._is_postgres:
                hold_in_transaction(connection, alone_in)
            yield connection

    def _naming_causes(self) -> AbstractContextManager[None]:
        return telling_unavailable() if self._is_postgres else _naming_causes_of_sqlite()

    def close(self) -> None:
        self.memory.close()
        self.engine.dispose()


def open_database(settings: Settings) -> Database:
    """Open the state, in Postgres or in the data folder, creating or migrating it first.

    Raises:
        ResourceError: it cannot be reached, opened or written.
    """
    if settings.database_url is not None:
        database = Database(shared_engine(settings.database_url))
        migrate(database)
        return database
    path = settings.data / "state.sqlite"
    with naming_causes():
        settings.data.mkdir(parents=True, exist_ok=True)
        # Several processes start together; on Postgres the transaction itself lets one migrate.
        with FileLock(settings.data / "state.lock"):
            path.touch()
            database = Database(_sqlite_engine(path))
            migrate(database)
    return database


def existing_database(settings: Settings) -> Database | None:
    """The state as it is, for who only looks; None where there is none yet.

    Raises:
        ResourceError: its Postgres cannot be reached.
    """
    if settings.database_url is not None:
        database = Database(shared_engine(settings.database_url))
        return None if revisions(database)[0] is None else database
    path = settings.data / "state.sqlite"
    return Database(_sqlite_engine(path)) if path.exists() else None


def revisions(database: Database) -> tuple[str | None, str]:
    """The form that the tables have, and the newest that this release knows."""
    with database.reading() as connection:
        known = MigrationContext.configure(connection).get_current_revision()
    newest = ScriptDirectory.from_config(_migrations()).get_current_head()
    return known, str(newest)


@contextmanager
def _naming_causes_of_sqlite() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if known := explained_of_state(error):
            raise known from error
        raise


def migrate(database: Database) -> None:
    """Bring the tables to the newest form."""
    config = _migrations()
    with database.writing(alone_in="migration") as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", "rollbook.state:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _sqlite_engine(path: Path) -> sa.Engine:
    # An existing file alone: where it is gone, an empty one in its place would hide that.
    url = f"{path.absolute().as_uri()}?mode=rw"
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(
            url, uri=True, timeout=_BUSY_SECONDS, check_same_thread=False
        ),
        poolclass=sa.QueuePool,
        # Errors, which are logged, would show what clients sent.
        hide_parameters=True,
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: Any) -> None:
        record.info["file"] = path.stat().st_ino
        # The driver must not begin transactions by itself: `_begin` does.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @sa.event.listens_for(engine, "checkout")
    def _still_there(_connection: Any, record: Any, _proxy: Any) -> None:
        # A file that was removed or replaced goes on taking writes that nobody would see again.
        if not path.exists() or path.stat().st_ino != record.info["file"]:
            raise DisconnectionError("unable to open database file")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A writer takes its lock at once; one that read first could never wait for it. What
        # reads does it in one statement, which needs no transaction.
        if not connection.get_execution_options().get("read_only", False):
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
