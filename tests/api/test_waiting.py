"""Waiting for a run: long polls, the queue, estimates, when to ask again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from threading import Thread
from typing import Any

import httpx
import pytest
from api.inside import Inside, inside
from api.live import SECONDS, until

from rollbook.access.tokens import TokenStore
from rollbook.audit import NOBODY
from rollbook.runs.model import Run, Status
from rollbook.runs.store import RunStore


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    with inside(tmp_path_factory.mktemp("waiting")) as server:
        server.http.headers.update(server.headers())
        yield server


@pytest.fixture
def store(server: Inside) -> Iterator[RunStore]:
    store = server.services.runs.store
    yield store
    for run in store.newest(statuses=[Status.CREATED, Status.RUNNING], limit=100):
        store.move(run.id, Status.DELETED)


def new_run(server: Inside, **values: Any) -> Run:
    given = {"account_id": 1, "report": "provisioning_csv", "parameters": {}, **values}
    run, _ = server.services.runs.store.create(actor=NOBODY, now=server.clock.now, **given)
    return run


def address(run: Run) -> str:
    return f"/api/v1/accounts/1/reports/{run.report}/{run.id}"


class Waiting:
    """A request that waits, in a thread of its own."""

    def __init__(self, server: Inside, run: Run, wait: str = "60") -> None:
        self._answer: httpx.Response | None = None

        def ask() -> None:
            with httpx.Client(
                base_url=server.http.base_url, headers=server.http.headers, timeout=SECONDS
            ) as http:
                self._answer = http.get(address(run), params={"wait": wait})

        before = server.services.changes.waiting
        self._thread = Thread(target=ask)
        self._thread.start()
        until(lambda: server.services.changes.waiting > before)

    def answer(self) -> httpx.Response:
        self._thread.join(SECONDS)
        assert self._answer is not None
        return self._answer


def test_an_answer_waits_until_the_state_changes(server: Inside, store: RunStore) -> None:
    run = new_run(server)
    waiting = Waiting(server, run)
    store.move(run.id, Status.RUNNING, started_at=server.clock.now)
    assert waiting.answer().json()["status"] == "running"
    waiting = Waiting(server, run)
    store.note(run.id, of_attempt=0, progress=50)
    store.move(run.id, Status.ERROR, progress=100, ended_at=server.clock.now)
    shown = waiting.answer().json()
    assert (shown["status"], shown["progress"]) == ("error", 100)


def test_when_the_time_is_over_the_run_is_shown_as_it_is(server: Inside, store: RunStore) -> None:
    run = new_run(server)
    waiting = Waiting(server, run, "1")
    answer = waiting.answer()
    assert (answer.status_code, answer.json()["status"]) == (200, "created")
    assert server.services.changes.waiting == 0


@pytest.mark.parametrize("wait", ["", "0", "-5", "soon", "99999999999999999999"])
def test_nobody_waits_for_a_run_that_has_ended(server: Inside, wait: str) -> None:
    run = server.run()
    answer = server.http.get(address(run), params={"wait": wait})
    assert answer.json()["status"] == "complete"


@pytest.mark.parametrize("wait", ["", "0", "-5", "soon", "[]"])
def test_who_names_no_time_does_not_wait(server: Inside, store: RunStore, wait: str) -> None:
    answer = server.http.get(address(new_run(server)), params={"wait": wait})
    assert (answer.status_code, answer.json()["status"]) == (200, "created")


def test_a_run_deleted_meanwhile_is_not_found(server: Inside, store: RunStore) -> None:
    run = new_run(server)
    waiting = Waiting(server, run)
    store.move(run.id, Status.DELETED)
    assert waiting.answer().status_code == 404


def test_a_token_revoked_meanwhile_opens_nothing(server: Inside, store: RunStore) -> None:
    run = new_run(server)
    own = server.headers()
    tokens = TokenStore(store._database)
    server.http.headers, kept = httpx.Headers(own), server.http.headers
    try:
        waiting = Waiting(server, run)
    finally:
        server.http.headers = kept
    tokens.revoke(tokens.recognise(own["Authorization"].removeprefix("Bearer ")).id)
    store.move(run.id, Status.RUNNING)
    assert waiting.answer().status_code == 401


def test_many_wait_while_others_are_served(server: Inside, store: RunStore) -> None:
    """More than the server has threads."""
    run = new_run(server)
    number = 60

    async def wait_all() -> list[int]:
        limits = httpx.Limits(max_connections=number)
        async with httpx.AsyncClient(
            base_url=server.http.base_url,
            headers=server.http.headers,
            timeout=SECONDS,
            limits=limits,
        ) as http:
            answers = await asyncio.gather(
                *(http.get(address(run), params={"wait": "60"}) for _ in range(number))
            )
        return [answer.status_code for answer in answers]

    codes = list[int]()
    thread = Thread(target=lambda: codes.extend(asyncio.run(wait_all())))
    thread.start()
    until(lambda: server.services.changes.waiting == number)
    assert server.http.get(address(run)).json()["status"] == "created"
    store.move(run.id, Status.RUNNING)
    thread.join(SECONDS)
    assert codes == [200] * number


def test_an_unfinished_run_says_when_to_ask_again(server: Inside, store: RunStore) -> None:
    started = server.http.post("/api/v1/accounts/1/reports/provisioning_csv")
    assert started.headers["Retry-After"] == "1"
    run = new_run(server)
    for seconds, expected in ((0, "1"), (75, "7"), (7_500, "30")):
        server.clock.now += timedelta(seconds=seconds)
        assert server.http.get(address(run)).headers["Retry-After"] == expected
    assert "Retry-After" not in server.http.get(address(server.run())).headers


def test_nothing_is_added_for_who_does_not_ask(server: Inside, store: RunStore) -> None:
    shown = server.http.get(address(new_run(server))).json()
    assert not {"queue", "estimate"} & set(shown)


def test_a_waiting_run_has_its_place_in_the_queue(server: Inside, store: RunStore) -> None:
    first, second, third = (new_run(server, account_id=account) for account in (2, 1, 1))
    include = {"include[]": "queue"}
    shown = server.http.get(address(second), params=include).json()["queue"]
    assert shown == {"position": 2, "waiting": 3}
    store.move(first.id, Status.RUNNING)
    listed = server.http.get(address(second).rpartition("/")[0], params=include).json()
    assert [run["queue"]["position"] for run in listed[:2]] == [2, 1]
    store.move(third.id, Status.RUNNING)
    assert server.http.get(address(third), params=include).json()["queue"] is None


def test_the_time_left_is_estimated_from_earlier_runs(server: Inside, store: RunStore) -> None:
    def took(seconds: int, **parameters: Any) -> None:
        run = new_run(server, report="sis_export_csv", parameters=parameters)
        store.move(run.id, Status.RUNNING, started_at=server.clock.now)
        ended_at = server.clock.now + timedelta(seconds=seconds)
        store.move(run.id, Status.COMPLETE, ended_at=ended_at)

    def estimate(run: Run) -> Any:
        return server.http.get(address(run), params={"include": "estimate"}).json()["estimate"]

    assert estimate(new_run(server, report="lti_report_csv")) is None
    for seconds in (10, 20, 60):
        took(seconds, users="1")
    took(500, enrollments="1")
    run = new_run(server, report="sis_export_csv", parameters={"users": "1", "fresh": "1"})
    assert estimate(run) == {"seconds_left": 20, "typical_seconds": 20, "runs": 3}
    store.move(run.id, Status.RUNNING, started_at=server.clock.now)
    server.clock.now += timedelta(seconds=25)
    assert estimate(run) == {"seconds_left": 35, "typical_seconds": 20, "runs": 3}
    server.clock.now += timedelta(seconds=75)
    assert estimate(run) == {"seconds_left": None, "typical_seconds": 20, "runs": 3}
    other = new_run(server, report="sis_export_csv", parameters={"terms": "1"})
    assert estimate(other)["runs"] == 4
    store.move(run.id, Status.ERROR)
    assert estimate(run) is None
