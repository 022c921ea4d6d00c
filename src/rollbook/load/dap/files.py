"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from rollbook.errors import DiskFull, NotWritable

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Say in words why nothing can be written below a path.

    Raises:
        DiskFull, NotWritable: there is no room, or the folder is not ours to write into.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull(
                f"There is no room for {error.filename or path}: {error.strerror}. Make room and "
                "try again; what was downloaded is kept."
            ) from error
        if error.errno in _FORBIDDEN:
            raise NotWritable(
                f"{error.filename or path} cannot be written: {error.strerror}. Give it to the "
                "user who runs Rollbook, or choose another folder with --data."
            ) from error
        raise


@contextmanager
def appearing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, which is at its path once the block has ended well.

    Raises:
        DiskFull, NotWritable: it cannot be written.
    """
    partial = path.with_name(f"{path.name}.partial")
    with writable(path):
        with partial.open("wb") as stream:
            yield stream
        partial.replace(path)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write an object; afterwards it survives a power cut.

    Raises:
        DiskFull, NotWritable: it cannot be written.
    """
    with appearing(path) as stream:
        stream.write(json.dumps(value, indent=1).encode())
        stream.flush()
        os.fsync(stream.fileno())
