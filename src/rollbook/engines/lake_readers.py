"""Who reads the lake, on which snapshot.

Each reader holds a lock that ends with its process, however that ends, so that nobody has to say
good-bye: of a file, or, where many machines read, in Postgres.
"""

from __future__ import annotations

import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.dialects.postgresql import JSONB

from rollbook.shared_database import (
    hold_in_transaction,
    lone_connection,
    shared_engine,
    telling_unavailable,
)

CATALOGUE_SCHEMA = "lake"
"""Of what the lake keeps in a Postgres."""
_GATE = "gate.lock"
_AWAITED = "awaited.json"


class Reader(Protocol):
    """One reader's hold on a snapshot."""

    def release(self) -> None:
        """Let go of the snapshot."""


class Readers(ABC):
    """All readers of a lake, in whatever process."""

    @abstractmethod
    def standing_still(self) -> AbstractContextManager[None]:
        """No reader comes while the block works; those who want to wait for its end."""

    @abstractmethod
    def add(self, snapshot: int) -> Reader:
        """Hold a snapshot; to be called while readers stand still."""

    @abstractmethod
    def living(self) -> dict[str, int]:
        """The snapshot that each reader holds, by the reader's name.

        To be called while readers stand still.
        """

    def await_present(self) -> None:
        """From now on `awaited` is true until all who read at this moment have ended."""
        with self.standing_still():
            self._keep_awaited(self.living())

    @abstractmethod
    def await_unknown(self) -> None:
        """Forget who was awaited: whoever asks next awaits all who read then."""

    def awaited(self) -> bool:
        """Whether a reader of those who were to be awaited still reads."""
        names = self._kept_awaited()
        if names is None:
            self.await_present()
            names = self._kept_awaited()
        with self.standing_still():
            return not self.living().keys().isdisjoint(names or ())

    @abstractmethod
    def _keep_awaited(self, names: Collection[str]) -> None:
        """Remember who is awaited."""

    @abstractmethod
    def _kept_awaited(self) -> Collection[str] | None:
        """Who is awaited; None if that was forgotten."""


@dataclass(frozen=True)
class LocalReaders(Readers):
    """The readers on this machine: a locked file for each."""

    folder: Path

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / _GATE).acquire(poll_interval=0.005):
            yield

    def add(self, snapshot: int) -> Reader:
        return _FileReader(self.folder / f"{snapshot}-{secrets.token_hex(8)}.lock")

    def living(self) -> dict[str, int]:
        # Strikes off the dead.
        return {
            file.stem: int(file.stem.partition("-")[0])
            for file in self.folder.glob("*-*.lock")
            if _is_held(file)
        }

    def await_unknown(self) -> None:
        (self.folder / _AWAITED).unlink(missing_ok=True)

    def _keep_awaited(self, names: Collection[str]) -> None:
        written = self.folder / f"{_AWAITED}.new"
        written.write_text(json.dumps(list(names)))
        written.replace(self.folder / _AWAITED)

    def _kept_awaited(self) -> Collection[str] | None:
        try:
            names: list[str] = json.loads((self.folder / _AWAITED).read_text())
        except FileNotFoundError:
            return None
        return names


class _FileReader:
    def __init__(self, file: Path) -> None:
        self._file = file
        # Whoever closes a view may be another thread than who opened it.
        self._lock = FileLock(file, thread_local=False)
        self._lock.acquire(blocking=False)

    def release(self) -> None:
        self._lock.release()
        self._file.unlink(missing_ok=True)


def _is_held(file: Path) -> bool:
    lock = FileLock(file, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    with suppress(OSError):
        file.unlink()
    lock.release()
    return False


_metadata = sa.MetaData(schema=CATALOGUE_SCHEMA)
_awaited = sa.Table("awaited_readers", _metadata, sa.Column("names", JSONB, nullable=False))
_HELD = sa.text(
    "SELECT classid, objid FROM pg_locks "
    # Those with two numbers: of the others Rollbook makes its locks with a name.
    "WHERE locktype = 'advisory' AND objsubid = 2 AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@dataclass(frozen=True)
class SharedReaders(Readers):
    """The readers on all machines: for each a connection to Postgres with an advisory lock.

    The lock's two numbers are the snapshot's and one by chance.
    """

    database_url: str = field(repr=False)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        with self._transaction() as connection:
            hold_in_transaction(connection, "readers")
            yield

    def add(self, snapshot: int) -> Reader:
        connection = lone_connection(self.database_url)
        lock = sa.func.pg_advisory_lock(
            sa.cast(snapshot, sa.Integer), sa.cast(secrets.randbelow(2**31), sa.Integer)
        )
        with telling_unavailable():
            connection.execute(sa.select(lock))
        return _SharedReader(connection)

    def living(self) -> dict[str, int]:
        with self._transaction() as connection:
            held = connection.execute(_HELD).all()
        return {f"{snapshot}-{number}": snapshot for snapshot, number in held}

    def await_unknown(self) -> None:
        with self._transaction() as connection:
            connection.execute(_awaited.delete())

    def _keep_awaited(self, names: Collection[str]) -> None:
        with self._transaction() as connection:
            connection.execute(_awaited.delete())
            connection.execute(_awaited.insert().values(names=list(names)))

    def _kept_awaited(self) -> Collection[str] | None:
        with self._transaction() as connection:
            names: list[str] | None = connection.execute(sa.select(_awaited.c.names)).scalar()
        return names

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        with telling_unavailable(), shared_engine(self.database_url).begin() as connection:
            yield connection


def prepare_shared_readers(connection: sa.Connection) -> None:
    """Make the table of a lake's awaited readers, unless it is there."""
    _metadata.create_all(connection)


@dataclass(frozen=True)
class _SharedReader:
    connection: sa.Connection

    def release(self) -> None:
        # The lock ends with the connection.
        self.connection.close()
