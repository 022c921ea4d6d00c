"""The queue of work: what is put in is done once, though processes die."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Literal, Protocol

from dbos import DBOS, DBOSClient

from rollbook.config import Settings
from rollbook.faults import naming_causes
from rollbook.shared_database import sqlalchemy_url, telling_unavailable

QUEUE = "reports"
WORKFLOW = "perform_run"
APPLICATION = "rollbook"
_PREFIX = "run-"
"""Of a workflow's id, before the run's."""
VERSION = "1"
"""Fixed: a new release goes on with what an old one left."""

Progress = Literal["waiting", "working", "ended"]
_PROGRESS: Mapping[str, Progress] = {
    "ENQUEUED": "waiting",
    "DELAYED": "waiting",
    "PENDING": "working",
}


class Jobs(Protocol):
    """Hands runs to the workers."""

    def enqueue(self, run_id: int) -> None:
        """Have a worker perform the run; a run that was handed over before is not again."""

    def progress(self, run_ids: Iterable[int]) -> dict[int, Progress]:
        """How far the work on runs is; those that were never handed over are missing."""


class DurableJobs:
    """Jobs as DBOS workflows; a run's id makes the id of its workflow."""

    def __init__(self, settings: Settings) -> None:
        # Errors are raised, not waited out: a run that is stored is handed over later anyway.
        self._client = DBOSClient(
            system_database_url=jobs_url(settings),
            application_name=APPLICATION,
            retry_connection_errors=False,
        )

    def enqueue(self, run_id: int) -> None:
        self._client.enqueue(
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": _workflow_id(run_id),
                "app_version": VERSION,
            },
            run_id,
        )

    def progress(self, run_ids: Iterable[int]) -> dict[int, Progress]:
        by_workflow = {_workflow_id(run_id): run_id for run_id in run_ids}
        if not by_workflow:
            return {}
        found = self._client.list_workflows(
            workflow_ids=list(by_workflow), load_input=False, load_output=False
        )
        return {
            by_workflow[item.workflow_id]: _PROGRESS.get(str(item.status), "ended")
            for item in found
        }

    def held_by(self, worker: str) -> set[int]:
        """The runs that were given to a worker and have not ended."""
        found = self._client.list_workflows(
            status="PENDING", executor_id=worker, load_input=False, load_output=False
        )
        return {int(item.workflow_id.removeprefix(_PREFIX)) for item in found}

    def take_back(self, run_id: int, worker: str) -> None:
        """Queue a run again that a worker holds and will not perform."""
        # DBOS has no public name for it. What it does by itself when a worker starts it does once,
        # and never again where the database was away just then.
        system = self._client._sys_db  # noqa: SLF001
        system.reenqueue_for_recovery(_workflow_id(run_id), [worker], QUEUE)

    def cancel(self, run_id: int) -> None:
        """Take a run off the queue."""
        self._client.cancel_workflow(_workflow_id(run_id))

    def close(self) -> None:
        self._client.destroy()


def jobs_url(settings: Settings) -> str:
    """The database of the queue; it may hold a password."""
    if settings.database_url is not None:
        return sqlalchemy_url(settings.database_url).render_as_string(hide_password=False)
    return f"sqlite:///{settings.data / 'jobs.sqlite'}"


def prepare_jobs(settings: Settings) -> None:
    """Create the queue's tables, or bring them up to date.

    Raises:
        ResourceError: they cannot be written, or their database cannot be reached.
    """
    if settings.database_url is None:
        _prepare_sqlite(settings)
    with telling_unavailable():
        DBOS.migrate(jobs_url(settings))


def _prepare_sqlite(settings: Settings) -> None:
    with naming_causes():
        settings.data.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(settings.data / "jobs.sqlite", timeout=30)) as connection:
            # So that workers who look for work do not wait for a run being put in.
            connection.execute("PRAGMA journal_mode = WAL")


def _workflow_id(run_id: int) -> str:
    return f"{_PREFIX}{run_id}"
