"""Server and workers as processes: responsive, abortable, and hard to kill."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from api.live import LARGE, PROVISIONING, LiveServer, complete, ended, start, start_server, until

from rollbook.runs.recovery import Heartbeats
from rollbook.state.database import open_database


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of the test's own, to be hurt."""
    server = start_server(tmp_path_factory.mktemp("own"))
    server.wait_until_ready()
    yield server
    if server.process.poll() is None:
        server.stop()


def running(client: httpx.Client) -> dict[str, Any]:
    """A run of the large root that has begun to work."""
    started = start(client, LARGE, enrollments=True)

    def look() -> dict[str, Any] | None:
        run: dict[str, Any] = client.get(f"{LARGE}/{started['id']}").json()
        assert run["status"] in ("created", "running")
        return run if "locale" in run["parameters"] else None

    return until(look)


def worker_id(server: LiveServer, name: str = "worker-1") -> int:
    database = open_database(server.settings)
    try:
        return Heartbeats(database).living()[name]
    finally:
        database.close()


def is_alive(process_id: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process_id, 0)
        return True
    return False


def work_left(server: LiveServer, run: dict[str, Any]) -> list[str]:
    return [path.name for path in (server.settings.data / "work").glob(f"*/{run['id']}-*")]


def test_abort_stops_a_running_query_within_a_second(large: httpx.Client, live: LiveServer) -> None:
    run = running(large)
    began = time.monotonic()
    assert large.put(f"{LARGE}/{run['id']}/abort").json()["status"] == "aborted"
    aborted = ended(large, run, LARGE)
    until(lambda: not work_left(live, run))
    # The rule is one second; a test machine may be busy with others.
    assert time.monotonic() - began < 3
    assert aborted["status"] == "aborted"
    assert aborted["started_at"] is not None
    assert aborted["parameters"]["extra_text"] == "Report has been aborted"
    assert aborted["file_url"] is None


def test_deleting_a_running_report_stops_it(large: httpx.Client, live: LiveServer) -> None:
    run = running(large)
    assert large.delete(f"{LARGE}/{run['id']}").json()["status"] == "deleted"
    until(lambda: not work_left(live, run))
    assert not list((live.settings.data / "files").glob(f"{run['id']}-*"))


def test_others_are_served_while_a_report_runs(large: httpx.Client, client: httpx.Client) -> None:
    run = running(large)
    assert complete(client, users=True)["status"] == "complete"
    assert client.get(PROVISIONING).status_code == 200
    assert large.get(f"{LARGE}/{run['id']}").json()["status"] == "running"
    large.put(f"{LARGE}/{run['id']}/abort")


def test_five_runs_at_once_all_complete(client: httpx.Client) -> None:
    runs = [start(client, users=True, courses=number) for number in range(5)]
    assert {ended(client, run)["status"] for run in runs} == {"complete"}


def test_a_run_survives_the_death_of_its_worker(own: LiveServer) -> None:
    with own.client(own.large_token) as client:
        run = running(client)
        os.kill(worker_id(own), signal.SIGKILL)
        survived = ended(client, run, LARGE)
    assert survived["status"] == "complete"
    assert survived["current_line"] == 6_000_001
    files = [path.name for path in (own.settings.data / "files").iterdir()]
    assert sorted(files) == [f"{run['id']}-2.csv", f"{run['id']}-2.json"]
    written = own.settings.data / "files" / f"{run['id']}-2.csv"
    assert survived["attachment"]["size"] == written.stat().st_size


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_their_server(own: LiveServer, how: signal.Signals) -> None:
    worker = worker_id(own)
    own.process.send_signal(how)
    own.process.wait(20)
    until(lambda: not is_alive(worker), seconds=20)
