"""The runs of a data folder, opened beside the server that may be running on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rollbook.config import Settings
from rollbook.runs.jobs import DurableJobs, prepare_jobs
from rollbook.runs.service import RunService
from rollbook.runs.store import RunStore
from rollbook.state.database import open_database


@contextmanager
def open_runs(settings: Settings) -> Iterator[RunService]:
    """The service of runs; what it opened is closed at the end."""
    prepare_jobs(settings)
    database = open_database(settings)
    jobs = DurableJobs(settings)
    try:
        yield RunService(RunStore(database), jobs, settings.duplicate_check)
    finally:
        jobs.close()
        database.close()
