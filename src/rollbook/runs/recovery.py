"""Finds what dead processes left behind, and has it brought to an end."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from rollbook.reports import texts
from rollbook.runs.dispatch import Dispatcher
from rollbook.runs.jobs import Jobs
from rollbook.runs.model import UNFINISHED, Run, Status
from rollbook.runs.service import end_stopped
from rollbook.runs.store import RunStore
from rollbook.state.database import Database
from rollbook.state.tables import workers

SILENCE = timedelta(seconds=15)
"""A worker that was not heard of for so long is taken for dead."""
_GRACE = timedelta(seconds=3)
"""Younger runs are still being handed over by who accepted them."""

_log = logging.getLogger(__name__)


def hand_over_forgotten(store: RunStore, jobs: Jobs, dispatcher: Dispatcher) -> None:
    """Enqueue runs that should have been by somebody who died; end those whose work has ended."""
    dispatcher.settle_all()
    now = datetime.now(UTC)
    unfinished = store.unfinished(created_before=now - _GRACE)
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
        store.move(
            run.id,
            Status.ERROR,
            of_attempt=run.attempt,
            progress=100,
            ended_at=datetime.now(UTC),
            message=texts.failure_message(run.report),
            parameters={**run.parameters, "extra_text": texts.failure_extra_text(reason)},
        )
    end_stopped(store, run)


class Heartbeats:
    """Which workers live."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def beat(self, name: str, pid: int) -> None:
        """Say that a worker lives."""
        values = {"pid": pid, "seen_at": datetime.now(UTC)}
        with self._database.writing() as connection:
            known = connection.execute(
                workers.update().where(workers.c.name == name).values(values)
            )
            if known.rowcount == 0:
                connection.execute(workers.insert().values(name=name, **values))

    def living(self) -> dict[str, int]:
        """The workers heard of lately: name to process id."""
        with self._database.reading() as connection:
            rows = connection.execute(
                sa.select(workers.c.name, workers.c.pid).where(
                    workers.c.seen_at > datetime.now(UTC) - SILENCE
                )
            ).all()
        return {row.name: row.pid for row in rows}

    def silent(self) -> list[str]:
        """The workers not heard of for long."""
        with self._database.reading() as connection:
            names = sa.select(workers.c.name).where(
                workers.c.seen_at <= datetime.now(UTC) - SILENCE
            )
            return list(connection.execute(names).scalars())

    def forget(self, name: str) -> None:
        """Strike a worker off: it said good-bye, or others took over its work."""
        with self._database.writing() as connection:
            connection.execute(workers.delete().where(workers.c.name == name))
