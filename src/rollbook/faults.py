"""What the operating system and databases say when the machine lacks something, in our words."""

from __future__ import annotations

import errno
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

import stamina

from rollbook.errors import DiskFull, NotWritable, ResourceError, StateUnavailable

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

_LONGEST_PAUSE = 5
"""Seconds between two attempts at what the machine does not let us do."""
_FULL = (
    "The disk is full, or cannot be written. Free some space, then try again; "
    "`rollbook doctor` shows what is left."
)
_FORBIDDEN = (
    "Rollbook may not open or write a file that it needs{name}. Give its user the right to, then "
    "try again; `rollbook doctor` shows what it may not."
)
_ERRNO: Mapping[int, type[ResourceError]] = {
    errno.ENOSPC: DiskFull,
    errno.EDQUOT: DiskFull,
    errno.EFBIG: DiskFull,
    errno.EIO: DiskFull,
    errno.EACCES: NotWritable,
    errno.EPERM: NotWritable,
    errno.EROFS: NotWritable,
}
_PHRASES: Mapping[str, type[ResourceError]] = {
    # Of the operating system, as DuckDB quotes it.
    "No space left on device": DiskFull,
    "Disk quota exceeded": DiskFull,
    "File too large": DiskFull,
    "Permission denied": NotWritable,
    "Read-only file system": NotWritable,
    # Of SQLite.
    "database or disk is full": DiskFull,
    "disk I/O error": DiskFull,
    "readonly database": NotWritable,
    "unable to open database file": NotWritable,
}
_SENTENCES: Mapping[type[ResourceError], str] = {DiskFull: _FULL, NotWritable: _FORBIDDEN}
_QUOTED_FILE = re.compile(r"""["']([^"']+)["']""")
_STATE_PHRASES: Mapping[str, str] = {
    "locked": (
        "The state database is held by another program, such as a backup or an open SQLite shell. "
        "End that, then try again."
    ),
    "unable to open": (
        "The state database is gone, or may not be opened. Bring state.sqlite back to the data "
        "folder, then try again; `rollbook doctor` shows what is wrong."
    ),
    "malformed": "The state database is damaged. Stop Rollbook, and restore it from a backup.",
    "not a database": "The state database is damaged. Stop Rollbook, and restore it from a backup.",
}


def explained(error: BaseException) -> ResourceError | None:
    """The error that a person can act on; None if it may be a defect of Rollbook.

    Args:
        error: of the operating system, of DuckDB or of SQLite.
    """
    kind = _ERRNO.get(error.errno or 0) if isinstance(error, OSError) else None
    if kind is None:
        kind = next((kind for words, kind in _PHRASES.items() if words in str(error)), None)
    if kind is None:
        return None
    # The last part alone: clients need not know our folders.
    quoted = _QUOTED_FILE.search(str(error))
    return kind(_SENTENCES[kind].format(name=f" ({Path(quoted[1]).name})" if quoted else ""))


def explained_of_state(error: BaseException) -> ResourceError | None:
    """As `explained`, for an error of the state database."""
    for words, sentence in _STATE_PHRASES.items():
        if words in str(error):
            return StateUnavailable(sentence)
    return explained(error)


@contextmanager
def naming_causes() -> Iterator[None]:
    """Errors of the operating system and of SQLite in the block become errors that a person can act on.

    Raises:
        ResourceError: the disk is full, or may not be written.
    """
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if known := explained(error):
            raise known from error
        raise


def patiently(
    call: Callable[Arguments, Answer], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Answer:
    """What a call answers once the machine lets it; until then this waits, at growing intervals.

    For what would be lost if nobody waited: however long a disk is full or a database away.

    Args:
        call: raises ResourceError while it cannot be done. It may be done twice, because a commit
            may be done though its answer was lost.
        args: of the call.
        kwargs: of the call.
    """
    # In a block, because the log would else show the arguments.
    for attempt in stamina.retry_context(
        on=ResourceError, attempts=None, timeout=None, wait_max=_LONGEST_PAUSE
    ):
        with attempt:
            return call(*args, **kwargs)
    raise AssertionError("retries without an end have ended")
