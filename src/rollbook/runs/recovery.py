"""Finds what dead processes left behind, and has it brought to an end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from rollbook.reports import texts
from rollbook.runs.dispatch import Dispatcher
from rollbook.runs.jobs import DurableJobs, Jobs
from rollbook.runs.model import UNFINISHED, Run
from rollbook.runs.service import end_stopped, utc_now
from rollbook.runs.store import RunStore
from rollbook.state.database import Database
from rollbook.state.tables import workers

SILENCE = timedelta(seconds=15)
"""A worker that was not heard of for so long is taken for dead."""
_LONG_AGO = datetime.fromtimestamp(0, UTC)
_GRACE = timedelta(seconds=3)
"""Younger runs are still being handed over by who accepted them."""

_log = logging.getLogger(__name__)


def hand_over_forgotten(store: RunStore, jobs: Jobs, dispatcher: Dispatcher) -> None:
    """Enqueue runs that should have been by somebody who died; end those whose work has ended."""
    dispatcher.settle_all()
    now = datetime.now(UTC)
    unfinished = store.unfinished(not_between=(now - _GRACE, now + _GRACE))
    progress = jobs.progress(run.id for run in unfinished)
    for run in unfinished:
        if run.id not in progress:
            _log.info("run enqueued late", extra={"action": "run_enqueued_late", "run": run.id})
            jobs.enqueue(run.id)
        elif progress[run.id] == "ended":
            _end(store, run)


def _end(store: RunStore, run: Run) -> None:
    if run.status in UNFINISHED:
        reason = "the server lost its own records while it worked. Start the report again."
        store.fail(
            run.id,
            of_attempt=run.attempt,
            cause="RecordsLost",
            extra_text=texts.failure_extra_text(reason),
            message=texts.failure_message(run.report),
            now=datetime.now(UTC),
        )
    end_stopped(store, run)


def take_over(jobs: DurableJobs, worker: str) -> None:
    """Have others perform what a dead worker held."""
    for run_id in jobs.held_by(worker):
        _log.info("run taken over", extra={"action": "run_taken_over", "run": run_id})
        jobs.take_back(run_id, worker)


class OwnWork:
    """What a living worker holds, to find what it was given and never began.

    That happens where the database goes away in the moment between.
    """

    def __init__(self, jobs: DurableJobs, worker: str) -> None:
        self._jobs = jobs
        self._worker = worker
        self._at_work = set[int]()
        self._idle_before = set[int]()

    @contextmanager
    def at(self, run_id: int) -> Iterator[None]:
        """The worker performs the run while the block runs."""
        self._at_work.add(run_id)
        try:
            yield
        finally:
            self._at_work.discard(run_id)

    def give_back(self) -> None:
        """Queue again what was not begun since this was called before."""
        idle = self._jobs.held_by(self._worker) - self._at_work
        for run_id in idle & self._idle_before:
            _log.warning("run was not begun", extra={"action": "run_given_back", "run": run_id})
            self._jobs.take_back(run_id, self._worker)
        self._idle_before = idle


class Heartbeats:
    """Which workers live.

    Clocks jump, and those of machines differ. So a worker counts as silent by how long its row has
    not changed under the eyes of this process, not by the time that the row names.

    Args:
        database: the state.
        clock: tells the present, aware.
        monotonic: seconds that only grow.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._clock = clock
        self._monotonic = monotonic
        self._unchanged_since: dict[str, tuple[datetime, float]] = {}

    def beat(self, name: str, pid: int) -> None:
        """Say that a worker lives."""
        values = {"pid": pid, "seen_at": self._clock()}
        with self._database.writing() as connection:
            known = connection.execute(
                workers.update().where(workers.c.name == name).values(values)
            )
            if known.rowcount == 0:
                connection.execute(workers.insert().values(name=name, **values))

    def living(self) -> dict[str, int]:
        """The workers heard of lately: name to process id."""
        now = self._clock()
        with self._database.reading() as connection:
            rows = connection.execute(workers.select().order_by(workers.c.name)).all()
        return {row.name: row.pid for row in rows if abs(now - row.seen_at) < SILENCE}

    def silent(self) -> list[str]:
        """The workers not heard of since this was first asked, and for long."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(workers.c.name, workers.c.seen_at)).all()
        present = self._monotonic()
        before = self._unchanged_since
        self._unchanged_since = {
            row.name: before[row.name]
            if row.name in before and before[row.name][0] == row.seen_at
            else (row.seen_at, present)
            for row in rows
        }
        return [
            name
            for name, (_, since) in self._unchanged_since.items()
            if present - since >= SILENCE.total_seconds()
        ]

    def retire(self, name: str) -> None:
        """Say that a worker ended; if it does not come back, others take over its work."""
        with self._database.writing() as connection:
            connection.execute(
                workers.update().where(workers.c.name == name).values(seen_at=_LONG_AGO)
            )

    def forget(self, name: str) -> None:
        """Strike a worker off, because others took over its work."""
        with self._database.writing() as connection:
            connection.execute(workers.delete().where(workers.c.name == name))
