"""A worker process: takes runs off the queue and performs them.

It may be killed at any moment. What it was working on is begun again, by itself after a restart
or by another worker.
"""

from __future__ import annotations

import rollbook.rare_collection  # noqa: F401 (before all that it is to speed up)

# isort: split
import json
import logging
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import NoReturn

from dbos import DBOS, DBOSConfig
from filelock import FileLock, Timeout
from sqlalchemy.exc import SQLAlchemyError

from rollbook.config import Settings
from rollbook.errors import ConfigurationError, ResourceError, RollbookError
from rollbook.faults import naming_causes
from rollbook.output.files import open_files
from rollbook.runs.dispatch import Dispatcher
from rollbook.runs.jobs import (
    APPLICATION,
    QUEUE,
    VERSION,
    WORKFLOW,
    DurableJobs,
    jobs_url,
    prepare_jobs,
)
from rollbook.runs.logs import log_to_stderr
from rollbook.runs.opening import dispatcher_of
from rollbook.runs.performance import Workplace, perform
from rollbook.runs.recovery import (
    SILENCE,
    Heartbeats,
    OwnWork,
    hand_over_forgotten,
    take_over,
)
from rollbook.runs.retention import keep_purging, retention_of
from rollbook.runs.store import RunStore
from rollbook.runs.views import views_of
from rollbook.state.database import open_database

POLL_SECONDS = 0.1
CARE_SECONDS = 5.0
"""How often a worker says that it lives and looks for what others left."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_CLOSE_SECONDS = 2.0
"""How long a worker that ends waits for a run that it is just beginning."""
_GRACE_SECONDS = 10.0
"""How long a worker may take to end after its supervisor did."""

_log = logging.getLogger(__name__)


def run_worker(settings: Settings, *, name: str = "worker-1", stop: Event | None = None) -> None:
    """Work until told to stop; gives back when the process should end.

    Args:
        settings: the installation.
        name: stays the same over restarts; no two living workers share one.
        stop: set when it is time to end.
    """
    stop = stop or Event()
    prepare_jobs(settings)
    database = open_database(settings)
    store = RunStore(database)
    folder = settings.data / "work" / name
    # What a killed worker of this name was making.
    shutil.rmtree(folder, ignore_errors=True)
    jobs = DurableJobs(settings)
    dispatcher = dispatcher_of(settings, store, jobs)
    place = Workplace(
        store=store,
        files=open_files(settings),
        view=views_of(settings.tables_of_a_worker, folder),
        folder=folder,
        host=settings.report_host,
        find_report=settings.reports.find,
        reuse=dispatcher.reuse,
        settle=dispatcher.settle,
        run_seconds=settings.run_minutes * 60,
    )
    own_work = OwnWork(jobs, name)
    # What an earlier worker of this name held.
    take_over(jobs, name)
    _launch(settings, name, place, own_work)
    _log.info("worker ready", extra={"action": "worker_ready", "worker": name})
    care = _Care(name, store, jobs, dispatcher, Heartbeats(database), own_work)
    # Apart, because to read a large file would keep this thread from saying that the worker lives.
    purging = (store, place.files, retention_of(settings), stop)
    Thread(target=keep_purging, args=purging, name="purging", daemon=True).start()
    takes_over_from = time.monotonic()
    while True:
        takes_over = time.monotonic() >= takes_over_from
        if not care.look_around(takes_over=takes_over):
            # The others could not say that they live, either.
            takes_over_from = time.monotonic() + SILENCE.total_seconds()
        if stop.wait(CARE_SECONDS):
            break
    with suppress(ResourceError):
        for run in place.attempts.close(_CLOSE_SECONDS):
            store.give_back(run)
            _log.info("attempt given back", extra={"action": "attempt_given_back", "run": run.id})
        care.heartbeats.retire(name)


def _launch(settings: Settings, name: str, place: Workplace, own_work: OwnWork) -> None:
    config: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": jobs_url(settings),
        "application_version": VERSION,
        "executor_id": name,
        "log_level": "WARNING",
        "use_listen_notify": False,
        # Connections are dear to Postgres; of these one suffices for all but the runs.
        "sys_db_pool_size": settings.runs_per_worker + 3,
    }
    DBOS(config=config)

    @DBOS.step(name="perform")
    def perform_step(run_id: int) -> None:
        with own_work.at(run_id):
            perform(place, run_id)

    @DBOS.workflow(name=WORKFLOW)
    def perform_run(run_id: int) -> None:
        perform_step(run_id)

    DBOS.launch()
    DBOS.register_queue(
        QUEUE,
        worker_concurrency=settings.runs_per_worker,
        polling_interval_sec=POLL_SECONDS,
        on_conflict="always_update",
    )


@dataclass(frozen=True)
class _Care:
    """What a worker does beside its runs."""

    name: str
    store: RunStore
    jobs: DurableJobs
    dispatcher: Dispatcher
    heartbeats: Heartbeats
    own_work: OwnWork

    def look_around(self, *, takes_over: bool) -> bool:
        """Say that this worker lives and look after what others left; whether that could be done."""
        try:
            self.heartbeats.beat(self.name, os.getpid())
            self.own_work.give_back()
            hand_over_forgotten(self.store, self.jobs, self.dispatcher)
            for silent in self.heartbeats.silent() if takes_over else ():
                _log.warning(
                    "taking over from a silent worker",
                    extra={"action": "take_over", "worker": silent},
                )
                take_over(self.jobs, silent)
                self.heartbeats.forget(silent)
        except (SQLAlchemyError, ResourceError):
            _log.exception("worker could not look around", extra={"action": "care_failed"})
            return False
        return True


def work(
    settings: Settings, name: str, stop: Event | None = None, *, wait_seconds: float = 0
) -> NoReturn:
    """Be a worker, until told to stop; then this process ends, whatever its threads do.

    Args:
        settings: the installation.
        name: stays the same over restarts.
        stop: set when it is time to end; SIGTERM and SIGINT set it, too.
        wait_seconds: how long a predecessor of the same name may take to end.

    Raises:
        ConfigurationError: a living worker has the name, or it cannot be one.
    """
    stop = stop or Event()
    with _sole_bearer(settings, name, wait_seconds):
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        signal.signal(signal.SIGINT, lambda *_: stop.set())
        run_worker(settings, name=name, stop=stop)
        # Threads may be in the middle of runs: those were given back, the next worker begins them.
        shutil.rmtree(settings.data / "work" / name, ignore_errors=True)
        sys.stderr.flush()
        os._exit(0)


@contextmanager
def _sole_bearer(settings: Settings, name: str, wait_seconds: float) -> Iterator[None]:
    """Holds the name until the process ends, however it ends: it is a folder and an identity."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} cannot be the name of a worker. Use letters, digits, dots and hyphens."
        )
    folder = settings.data / "work"
    try:
        with naming_causes():
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / f"{name}.lock").acquire(timeout=wait_seconds)
    except Timeout as error:
        raise ConfigurationError(
            f"A worker named {name} is at work already. Give this one another name with --name."
        ) from error
    with lock:
        yield


def main(arguments: list[str] | None = None) -> None:
    """`python -m rollbook.runs.worker NAME`, as a supervisor starts it.

    Settings come as a line of JSON on standard input. The worker ends when that ends.
    """
    (name,) = sys.argv[1:] if arguments is None else arguments
    stop = Event()
    log_to_stderr()
    settings = Settings(**json.loads(sys.stdin.readline()))
    Thread(target=_stop_with_parent, args=[stop], daemon=True).start()
    try:
        work(settings, name, stop, wait_seconds=_GRACE_SECONDS)
    except RollbookError as error:
        _log.error("%s", error, extra={"action": "worker_refused", "worker": name})
        sys.exit(error.exit_status)


def _stop_with_parent(stop: Event) -> None:
    # The parent holds the other end and never writes: this returns when the parent is gone.
    sys.stdin.read()
    stop.set()
    time.sleep(_GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
