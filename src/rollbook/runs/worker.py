"""A worker process: takes runs off the queue and performs them.

It may be killed at any moment. What it was working on is begun again, by itself after a restart
or by another worker.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from threading import Event, Thread

from dbos import DBOS, DBOSConfig
from sqlalchemy.exc import SQLAlchemyError

from rollbook.config import Settings, read_settings
from rollbook.errors import DatabaseUnavailable
from rollbook.output.files import open_files
from rollbook.runs.dispatch import Dispatcher
from rollbook.runs.jobs import (
    APPLICATION,
    QUEUE,
    VERSION,
    WORKFLOW,
    DurableJobs,
    Jobs,
    jobs_url,
    prepare_jobs,
)
from rollbook.runs.logs import log_to_stderr
from rollbook.runs.opening import dispatcher_of
from rollbook.runs.performance import Workplace, perform
from rollbook.runs.recovery import SILENCE, Heartbeats, hand_over_forgotten
from rollbook.runs.retention import keep_purging, retention_of
from rollbook.runs.store import RunStore
from rollbook.runs.views import views_of
from rollbook.state.database import open_database

POLL_SECONDS = 0.1
CARE_SECONDS = 5.0
"""How often a worker says that it lives and looks for what others left."""

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
        view=views_of(settings.tables, folder),
        folder=folder,
        host=settings.report_host,
        find_report=settings.reports.find,
        reuse=dispatcher.reuse,
        settle=dispatcher.settle,
    )
    _launch(settings, name, place)
    _log.info("worker ready", extra={"action": "worker_ready", "worker": name})
    heartbeats = Heartbeats(database)
    # Apart, because to read a large file would keep this thread from saying that the worker lives.
    purging = (store, place.files, retention_of(settings), stop)
    Thread(target=keep_purging, args=purging, name="purging", daemon=True).start()
    takes_over_from = time.monotonic()
    while True:
        takes_over = time.monotonic() >= takes_over_from
        if not _care(name, store, jobs, dispatcher, heartbeats, takes_over=takes_over):
            # The others could not say that they live, either.
            takes_over_from = time.monotonic() + SILENCE.total_seconds()
        if stop.wait(CARE_SECONDS):
            break
    heartbeats.forget(name)


def _launch(settings: Settings, name: str, place: Workplace) -> None:
    config: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": jobs_url(settings),
        "application_version": VERSION,
        "executor_id": name,
        "console_log_level": "WARNING",
        "use_listen_notify": False,
        # Connections are dear to Postgres; of these one suffices for all but the runs.
        "sys_db_pool_size": settings.runs_per_worker + 3,
    }
    DBOS(config=config)

    @DBOS.step(name="perform")
    def perform_step(run_id: int) -> None:
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


def _care(
    name: str,
    store: RunStore,
    jobs: Jobs,
    dispatcher: Dispatcher,
    heartbeats: Heartbeats,
    *,
    takes_over: bool,
) -> bool:
    """Say that this worker lives and look after what others left; whether that could be done."""
    try:
        heartbeats.beat(name, os.getpid())
        hand_over_forgotten(store, jobs, dispatcher)
        for silent in heartbeats.silent() if takes_over else ():
            _log.warning(
                "taking over from a silent worker", extra={"action": "take_over", "worker": silent}
            )
            # DBOS leaves it to its host to say who is dead, and has no public name for this.
            DBOS._recover_pending_workflows([silent])  # noqa: SLF001
            heartbeats.forget(silent)
    except (SQLAlchemyError, DatabaseUnavailable):
        _log.exception("worker could not look around", extra={"action": "care_failed"})
        return False
    return True


def main(arguments: list[str] | None = None) -> None:
    """`python -m rollbook.runs.worker --data FOLDER [--name NAME]`."""
    parser = argparse.ArgumentParser(prog="rollbook.runs.worker", description=main.__doc__)
    parser.add_argument("--data", type=Path, help="the data folder")
    parser.add_argument("--name", default="worker-1", help="the same after each restart")
    parser.add_argument(
        "--supervised",
        action="store_true",
        help="read settings as a line of JSON from standard input, and end when it ends",
    )
    options = parser.parse_args(arguments)
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    log_to_stderr()
    if options.supervised:
        settings = Settings(**json.loads(sys.stdin.readline()))
        Thread(target=_stop_with_parent, args=[stop], daemon=True).start()
    else:
        settings = read_settings(data=options.data)
    run_worker(settings, name=options.name, stop=stop)
    # Threads may be in the middle of runs: those are begun again by the next worker.
    shutil.rmtree(settings.data / "work" / options.name, ignore_errors=True)
    sys.stderr.flush()
    os._exit(0)


def _stop_with_parent(stop: Event) -> None:
    # The parent holds the other end and never writes: this returns when the parent is gone.
    sys.stdin.read()
    stop.set()
    time.sleep(10)
    os._exit(1)


if __name__ == "__main__":
    main()
