"""The runs of a data folder, opened beside the server that may be running on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from rollbook.config import Settings
from rollbook.runs.dispatch import Dispatcher, Limits
from rollbook.runs.jobs import DurableJobs, Jobs, prepare_jobs
from rollbook.runs.reuse import Reuse
from rollbook.runs.service import RunService, utc_now
from rollbook.runs.store import RunStore
from rollbook.state.database import open_database


def run_service(
    settings: Settings, store: RunStore, jobs: Jobs, clock: Callable[[], datetime] = utc_now
) -> RunService:
    """The service of runs, as the settings want it."""
    dispatcher = dispatcher_of(settings, store, jobs, clock)
    return RunService(store, dispatcher, settings.duplicate_check, clock)


def dispatcher_of(
    settings: Settings, store: RunStore, jobs: Jobs, clock: Callable[[], datetime] = utc_now
) -> Dispatcher:
    """What hands runs over, as the settings want it."""
    limits = Limits(
        settings.runs_per_account, settings.runs_per_report, settings.runs_per_report_of
    )
    reuse = Reuse(store, settings.report_host, settings.reuse)
    return Dispatcher(store, jobs, reuse, clock, limits)


@contextmanager
def open_runs(settings: Settings) -> Iterator[RunService]:
    """The service of runs; what it opened is closed at the end."""
    prepare_jobs(settings)
    database = open_database(settings)
    jobs = DurableJobs(settings)
    try:
        yield run_service(settings, RunStore(database), jobs)
    finally:
        jobs.close()
        database.close()
