"""Who reads the lake, on which snapshot: a locked file for each reader.

A lock ends with its process, however that ends, so that nobody has to say good-bye.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

_GATE = "gate.lock"
_AWAITED = "awaited.json"


class Reader:
    """One reader's hold on a snapshot."""

    def __init__(self, file: Path) -> None:
        self._file = file
        # Whoever closes a view may be another thread than who opened it.
        self._lock = FileLock(file, thread_local=False)
        self._lock.acquire(blocking=False)

    def release(self) -> None:
        """Let go of the snapshot."""
        self._lock.release()
        self._file.unlink(missing_ok=True)


@dataclass(frozen=True)
class Readers:
    """All readers of a lake, in whatever process of this machine."""

    folder: Path

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """No reader comes while the block works; those who want to wait for its end."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / _GATE).acquire(poll_interval=0.005):
            yield

    def add(self, snapshot: int) -> Reader:
        """Hold a snapshot; to be called while readers stand still."""
        return Reader(self.folder / f"{snapshot}-{secrets.token_hex(8)}.lock")

    def living(self) -> dict[str, int]:
        """The snapshot that each reader holds, by the reader's name; strikes off the dead.

        To be called while readers stand still: one that is just coming looks dead.
        """
        return {
            file.stem: int(file.stem.partition("-")[0])
            for file in self.folder.glob("*-*.lock")
            if _is_held(file)
        }

    def await_present(self) -> None:
        """From now on `awaited` is true until all who read at this moment have ended."""
        with self.standing_still():
            written = self.folder / f"{_AWAITED}.new"
            written.write_text(json.dumps(list(self.living())))
            written.replace(self.folder / _AWAITED)

    def await_unknown(self) -> None:
        """Forget who was awaited: whoever asks next awaits all who read then."""
        (self.folder / _AWAITED).unlink(missing_ok=True)

    def awaited(self) -> bool:
        """Whether a reader of those who were to be awaited still reads."""
        if not (self.folder / _AWAITED).exists():
            self.await_present()
        names = json.loads((self.folder / _AWAITED).read_text())
        with self.standing_still():
            return not self.living().keys().isdisjoint(names)


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
