"""What was read from the state database, kept for as long as nothing in it changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar, cast

import sqlalchemy as sa

_MOST_KEPT = 200

Found = TypeVar("Found")
_Version = tuple[object, int]
"""Between two that are equal nothing was committed."""


class Memory:
    """Answers to questions that are asked again and again, as by programs that list runs.

    SQLite tells in microseconds whether anybody, in this process or another, has committed; after
    that all is forgotten. Other databases cannot tell, so nothing of theirs is kept.

    Args:
        engine: the database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._watch: _Watch | None = None
        self._version: _Version | None = None
        self._kept: dict[Hashable, tuple[_Version, Any]] = {}

    def get(self, key: Hashable, read: Callable[[], Found]) -> Found:
        """What `read` gives, or gave since the last commit; not to be changed.

        Args:
            key: the question, with all that the answer depends on beside the database.
            read: reads the answer from the database; what it raises is not kept.
        """
        version = self._present_version()
        if version is None:
            return read()
        self._forget_other_than(version)
        kept = self._kept.get(key)
        if kept is not None and kept[0] == version:
            answer: Found = kept[1]
            return answer
        # Whatever is committed meanwhile, the answer is not older than the version.
        answer = read()
        self._kept[key] = (version, answer)
        return answer

    def at_hand(self, key: Hashable) -> Any:
        """What `get` would give without reading; None where it would read. Waits for nobody."""
        kept = self._kept.get(key)
        if kept is None or self._watch is None or kept[0] != self._present_version():
            return None
        return kept[1]

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            self._stop_watching()

    def _forget_other_than(self, version: _Version) -> None:
        if version != self._version or len(self._kept) >= _MOST_KEPT:
            self._kept, self._version = {}, version

    def _present_version(self) -> _Version | None:
        if self._engine.dialect.name != "sqlite":
            return None
        with self._lock:
            try:
                self._watch = self._watch or _Watch(self._engine)
                return self._watch.version()
            except (OSError, sqlite3.Error, sa.exc.DBAPIError):
                # What ails the database is told by who reads it.
                self._stop_watching()
                return None

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.close()
        self._watch = None


class _Watch:
    """A connection that never writes, so that whoever commits is another."""

    def __init__(self, engine: sa.Engine) -> None:
        self._borrowed = engine.raw_connection()
        self._borrowed.detach()
        self._connection = cast("sqlite3.Connection", self._borrowed.dbapi_connection)
        # Where it cannot tell at once, the database is asked.
        self._connection.execute("PRAGMA busy_timeout = 0")
        (_, _, file), *_ = self._connection.execute("PRAGMA database_list")
        self._file = Path(file)
        self._inode = self._file.stat().st_ino

    def version(self) -> _Version:
        """The present version.

        Raises:
            OSError, sqlite3.Error: the file that was opened is there no more, or cannot be read.
        """
        if self._file.stat().st_ino != self._inode:
            raise FileNotFoundError(self._file.name)
        ((number,),) = self._connection.execute("PRAGMA data_version")
        return self, number

    def close(self) -> None:
        self._borrowed.close()
