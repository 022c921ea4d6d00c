"""Workers as processes: their names, their deaths, and runs that kill them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from api.inside import Inside, inside
from api.institution import TABLES
from api.live import ended, start, until
from filelock import FileLock
from prometheus_client.parser import text_string_to_metric_families

from rollbook.errors import ConfigurationError
from rollbook.runs.supervisor import Supervisor
from rollbook.runs.worker import work
from rollbook.state.tables import files

ALL = "/api/v1/accounts/self/reports"

REPORTS = """
import os
import signal

from rollbook.reports.report import Column, OutputFile, Plan, Report


def accounts(tables, scope):
    return Plan((OutputFile("accounts", (Column("id", tables.accounts.id),), tables.accounts),))


def killer(tables, scope):
    os.kill(os.getpid(), signal.SIGKILL)


REPORTS = tuple(
    Report(key=key, title=key, description="", parameters=(), tables=("accounts",), plan=plan)
    for key, plan in (("accounts_csv", accounts), ("killer_csv", killer))
)
"""
"""One report that works, and one that kills its process, as a lack of memory does."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """A server without workers, with reports from a folder."""
    reports = tmp_path_factory.mktemp("reports")
    (reports / "ours.py").write_text(REPORTS)
    folder = tmp_path_factory.mktemp("data")
    with inside(folder, workers=1, reports_folder=reports) as api:
        api.http.headers.update(api.headers())
        yield api


@contextmanager
def worker(api: Inside, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """`rollbook worker` as a process of its own."""
    settings = api.settings.model_dump(mode="json", exclude_unset=True)
    variables = {
        f"ROLLBOOK_{key.upper()}": value if isinstance(value, str) else json.dumps(value)
        for key, value in settings.items()
    }
    command = [sys.executable, "-m", "rollbook", "worker", *options]
    process = subprocess.Popen(command, env=os.environ | variables, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def living(api: Inside) -> list[str]:
    workers: list[str] = api.http.get("/readyz").json()["workers"]
    return workers


def test_a_run_that_kills_its_worker_three_times_is_given_up(api: Inside) -> None:
    """Once that of `rollbook worker`, then, under the same name, those that a server starts."""
    with worker(api, "--name", "worker-1") as process:
        run = start(api.http, f"{ALL}/accounts_csv")
        assert ended(api.http, run, f"{ALL}/accounts_csv")["status"] == "complete"
        assert living(api) == ["worker-1"]
        killer = start(api.http, f"{ALL}/killer_csv")
        assert process.wait(60) == -signal.SIGKILL
    supervisor = Supervisor(api.settings, first_pause=0.05)
    supervisor.start()
    try:
        beside = start(api.http, f"{ALL}/accounts_csv")
        killed = ended(api.http, killer, f"{ALL}/killer_csv")
        assert killed["status"] == "error"
        assert killed["parameters"]["extra_text"] == (
            "Failed, 3 workers ended while they worked on it, maybe for want of memory."
        )
        # The worker that gave it up lives on, and a run that waited beside it is done.
        assert ended(api.http, beside, f"{ALL}/accounts_csv")["status"] == "complete"
        until(lambda: living(api) == ["worker-1"])
    finally:
        supervisor.stop()
    assert living(api) == []


def test_the_numbers_tell_what_became_of_runs(api: Inside) -> None:
    """Given the runs of the tests above."""
    found = {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(api.http.get("/metrics").text)
        for sample in family.samples
    }
    with api.services.runs.store._database.reading() as connection:
        sizes = list(connection.execute(sa.select(files.c.size)).scalars())
    assert found["rollbook_run_seconds_count", "complete", "accounts_csv"] == len(sizes)
    assert found["rollbook_run_seconds_bucket", "+Inf", "complete", "accounts_csv"] == len(sizes)
    assert found["rollbook_rows_total", "accounts_csv"] == len(TABLES["accounts"]) * len(sizes)
    assert found["rollbook_bytes_total", "accounts_csv"] == sum(sizes)
    assert found["rollbook_errors_total", "WorkerDied"] == 1
    assert found["rollbook_queue_length",] == found["rollbook_runs_at_work",] == 0
    assert found["rollbook_workers_alive",] == 0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../elsewhere", "'../elsewhere' cannot be the name of a worker."),
        ("taken", "A worker named taken is at work already."),
    ],
)
def test_a_name_that_cannot_be_is_refused(api: Inside, name: str, reason: str) -> None:
    folder = api.settings.data / "work"
    folder.mkdir(exist_ok=True)
    with FileLock(folder / "taken.lock"), pytest.raises(ConfigurationError, match=reason):
        work(api.settings, name)
