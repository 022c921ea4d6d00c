"""Who works in one process, and beside whom: a run that may have killed a worker works alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Lock

from rollbook.runs.model import Run


class Turns:
    """Runs work beside each other, except those that want to be alone.

    A run that shares its process with one that kills it would else be blamed for that, too.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._at_work = 0
        self._alone = False
        self._waiting_alone = 0

    @contextmanager
    def turn(self, *, alone: bool, wait_seconds: float) -> Iterator[bool]:
        """A turn for the block; gives whether it came within the time.

        Args:
            alone: nobody else works at the same time.
            wait_seconds: how long to wait for it.
        """
        came = self._take(alone=alone, wait_seconds=wait_seconds)
        try:
            yield came
        finally:
            if came:
                self._give_back()

    def _take(self, *, alone: bool, wait_seconds: float) -> bool:
        with self._changed:
            self._waiting_alone += alone
            try:
                came = self._changed.wait_for(lambda: self._is_free(alone=alone), wait_seconds)
            finally:
                self._waiting_alone -= alone
                self._changed.notify_all()
            if came:
                self._at_work += 1
                self._alone = alone
            return came

    def _is_free(self, *, alone: bool) -> bool:
        if alone:
            return self._at_work == 0
        # Those that want to be alone would else never find the others gone.
        return not self._alone and not self._waiting_alone

    def _give_back(self) -> None:
        with self._changed:
            self._at_work -= 1
            self._alone = False
            self._changed.notify_all()


class Attempts:
    """The attempts at runs that this process has begun and not ended."""

    def __init__(self) -> None:
        self._may_begin = Lock()
        self._open = dict[int, Run]()

    def begin(self, begin: Callable[[], Run | None]) -> Run | None:
        """Begin an attempt; does not return once they are closed.

        Who gave back instead would have the queue take the run for done.
        """
        with self._may_begin:
            run = begin()
            if run is not None:
                self._open[run.id] = run
            return run

    def end(self, run: Run) -> None:
        """An attempt has ended, in whatever way."""
        self._open.pop(run.id, None)

    def close(self, wait_seconds: float) -> list[Run]:
        """Have none begun any more, until the process ends; gives those that are open.

        Args:
            wait_seconds: how long to wait for one that is just being begun.
        """
        self._may_begin.acquire(timeout=wait_seconds)
        return list(self._open.values())
