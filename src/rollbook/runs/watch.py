"""Sees that a run is stopped when somebody aborts or deletes it, or another worker has it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from sqlalchemy.exc import SQLAlchemyError

from rollbook.engines.engine import Engine
from rollbook.errors import DatabaseUnavailable, RunStopped
from rollbook.runs.model import Run, Status
from rollbook.runs.store import RunStore

WATCH_SECONDS = 0.2
NOTE_SECONDS = 0.3
"""Progress is written at most so often."""

_log = logging.getLogger(__name__)


@contextmanager
def watching(store: RunStore, run: Run, engine: Engine) -> Iterator[None]:
    """Interrupt the engine while the block works, once the run is no longer ours to do."""
    done = Event()

    def watch() -> None:
        while not done.wait(WATCH_SECONDS):
            if not _is_ours(store, run):
                # Again and again: between two queries there is nothing to interrupt.
                engine.interrupt()

    thread = Thread(target=watch, name=f"watch-run-{run.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _is_ours(store: RunStore, run: Run) -> bool:
    try:
        return store.status(run.id) == (Status.RUNNING, run.attempt)
    except (SQLAlchemyError, DatabaseUnavailable):
        _log.warning("state not readable", extra={"action": "watch_failed", "run": run.id})
        return True


class ProgressNotes:
    """Writes a run's progress into the store, not more often than people can read it."""

    def __init__(self, store: RunStore, run: Run, engine: Engine) -> None:
        self._store = store
        self._run = run
        self._engine = engine
        # Of an earlier attempt; it never falls back.
        self._percent = run.progress
        self._written_at = time.monotonic()

    def __call__(self, lines: int, percent: int) -> None:
        """Take note; stops the run if it was interrupted between two queries.

        Raises:
            RunStopped: the engine was interrupted.
        """
        if self._engine.interrupted:
            raise RunStopped("The run was stopped while it worked.")
        self._percent = max(self._percent, percent)
        now = time.monotonic()
        if now - self._written_at < NOTE_SECONDS:
            return
        self._written_at = now
        try:
            self._store.note(
                self._run.id,
                of_attempt=self._run.attempt,
                progress=self._percent,
                current_line=lines,
            )
        except (SQLAlchemyError, DatabaseUnavailable):
            # The next note tells more anyway.
            _log.warning("progress not noted", extra={"action": "note_failed", "run": self._run.id})
