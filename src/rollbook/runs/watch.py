"""Sees that a run is stopped when somebody aborts or deletes it, or another worker has it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from threading import Event, Thread

from rollbook.engines.engine import Engine
from rollbook.errors import ResourceError, RunStopped, TimeExhausted
from rollbook.runs.model import Run, Status
from rollbook.runs.store import RunStore

WATCH_SECONDS = 0.2
NOTE_SECONDS = 0.3
"""Progress is written at most so often."""

_log = logging.getLogger(__name__)


@contextmanager
def watching(store: RunStore, run: Run, engine: Engine, most_seconds: float) -> Iterator[None]:
    """Interrupt the engine while the block works, once the run is no longer ours to do.

    Raises:
        TimeExhausted: the block took longer than it may.
    """
    done = Event()
    # Not by the clock on the wall, which people set.
    deadline = time.monotonic() + most_seconds

    def watch() -> None:
        while not done.wait(WATCH_SECONDS):
            if time.monotonic() > deadline or not _is_ours(store, run):
                # Again and again: between two queries there is nothing to interrupt.
                engine.interrupt()

    thread = Thread(
        target=copy_context().run, args=[watch], name=f"watch-run-{run.id}", daemon=True
    )
    thread.start()
    try:
        yield
    except RunStopped:
        if time.monotonic() > deadline and _is_ours(store, run):
            raise TimeExhausted(
                f"The report took longer than the {most_seconds / 60:g} minutes that a run may. "
                "Raise run_minutes, or ask for less at once: one term, fewer files."
            ) from None
        raise
    finally:
        done.set()
        thread.join()


def _is_ours(store: RunStore, run: Run) -> bool:
    try:
        return store.status(run.id) == (Status.RUNNING, run.attempt)
    except ResourceError:
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
        except ResourceError:
            # The next note tells more anyway.
            _log.warning("progress not noted", extra={"action": "note_failed", "run": self._run.id})
