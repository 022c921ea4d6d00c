"""A run moves only where the table of moves lets it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbook.audit import NOBODY
from rollbook.config import Settings
from rollbook.runs.model import MOVES, UNFINISHED, Run, Status, sources_of
from rollbook.runs.store import RunStore
from rollbook.state.database import Database, open_database

WAYS = {
    Status.CREATED: [],
    Status.RUNNING: [Status.RUNNING],
    Status.COMPILING: [Status.RUNNING, Status.COMPILING],
    Status.COMPLETE: [Status.RUNNING, Status.COMPLETE],
    Status.ERROR: [Status.RUNNING, Status.ERROR],
    Status.ABORTED: [Status.ABORTED],
    Status.DELETED: [Status.DELETED],
}
"""How a new run gets to each state."""


@pytest.fixture(scope="module")
def database(kept: Settings) -> Iterator[Database]:
    database = open_database(kept)
    yield database
    database.close()


@pytest.fixture(scope="module")
def store(database: Database) -> RunStore:
    return RunStore(database)


def new_run(store: RunStore, *way: Status, **values: Any) -> Run:
    given: dict[str, Any] = {"account_id": 1, "report": "x", "parameters": {}, **values}
    run, _ = store.create(actor=NOBODY, now=datetime.now(UTC), **given)
    for status in way:
        assert store.move(run.id, status)
    return store.get(run.id)


@pytest.mark.parametrize(("source", "target"), list(product(Status, Status)))
def test_a_run_moves_along_the_table_and_nowhere_else(
    store: RunStore, source: Status, target: Status
) -> None:
    run = new_run(store, *WAYS[source])
    moved = store.move(run.id, target)
    assert moved == (target in MOVES[source])
    assert store.get(run.id).status == (target if moved else source)


def test_every_state_has_its_moves() -> None:
    assert set(MOVES) == set(Status)
    assert all(sources_of(target) == {s for s in Status if target in MOVES[s]} for target in Status)


def test_whoever_is_not_finished_can_be_ended() -> None:
    assert {s for s in Status if Status.ERROR in MOVES[s]} == UNFINISHED
    assert {s for s in Status if Status.ABORTED in MOVES[s]} == UNFINISHED


@given(st.lists(st.sampled_from(list(Status)), max_size=12))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_tried_an_ended_run_stays_ended(
    store: RunStore, attempts: list[Status]
) -> None:
    run = new_run(store)
    seen = [Status.CREATED]
    for target in attempts:
        store.move(run.id, target)
        seen.append(store.get(run.id).status)
    ends = [status for status in seen if status not in UNFINISHED]
    assert len({*ends} - {Status.DELETED}) <= 1
    assert ends == seen[len(seen) - len(ends) :]


def test_of_many_who_move_at_once_one_does(store: RunStore) -> None:
    run = new_run(store, Status.RUNNING)
    barrier, moved = Barrier(8), list[bool]()

    def complete() -> None:
        barrier.wait()
        moved.append(store.move(run.id, Status.COMPLETE))

    threads = [Thread(target=complete) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(moved) == [False] * 7 + [True]


def test_of_equal_starts_at_once_one_makes_a_run(store: RunStore) -> None:
    barrier, made = Barrier(8), list[bool]()

    def start() -> None:
        barrier.wait()
        _, is_new = store.create(
            account_id=2,
            report="twins",
            parameters={},
            actor=NOBODY,
            now=datetime.now(UTC),
            twin=lambda runs: runs[0] if runs else None,
        )
        made.append(is_new)

    threads = [Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False] * 7 + [True]


def test_a_worker_that_lost_a_run_moves_it_no_more(store: RunStore) -> None:
    run = new_run(store)
    store.move(run.id, Status.RUNNING, of_attempt=0, attempt=1)
    store.move(run.id, Status.RUNNING, of_attempt=1, attempt=2)
    assert not store.move(run.id, Status.COMPLETE, of_attempt=1)
    store.note(run.id, of_attempt=1, progress=50)
    assert store.get(run.id).progress == 0
    assert store.move(run.id, Status.COMPLETE, of_attempt=2)


def test_a_file_comes_with_its_complete_run_or_not_at_all(store: RunStore) -> None:
    file = {
        "account_id": 1,
        "user_id": None,
        "link_key": "u",
        "filename": "x.csv",
        "content_type": "text/csv",
        "size": 1,
        "location": "1-0.csv",
        "created_at": datetime.now(UTC),
    }
    aborted, running = new_run(store, Status.ABORTED), new_run(store, Status.RUNNING)
    assert not store.complete(aborted.id, of_attempt=0, file=file)
    assert store.complete(running.id, of_attempt=0, file=file)
    assert store.get(aborted.id).file is None
    shown = store.get(running.id).file
    assert shown is not None
    assert shown.filename == "x.csv"


def test_times_come_back_as_they_went_in(store: RunStore) -> None:
    now = datetime.now(UTC)
    run = new_run(store)
    store.move(run.id, Status.RUNNING, started_at=now)
    assert store.get(run.id).started_at == now


@pytest.mark.parametrize(
    ("started", "ended", "expected"), [(None, None, 90.0), (30, None, 60.0), (30, 70, 40.0)]
)
def test_run_time_waits_runs_and_stops(
    store: RunStore, started: int | None, ended: int | None, expected: float
) -> None:
    def moment(seconds: int | None) -> datetime | None:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    run = new_run(store)
    store.move(
        run.id,
        Status.RUNNING,
        created_at=moment(0),
        started_at=moment(started),
        ended_at=moment(ended),
    )
    assert store.get(run.id).seconds(datetime.fromtimestamp(90, UTC)) == expected


def test_opening_the_state_again_keeps_it(kept: Settings) -> None:
    first = open_database(kept)
    run = new_run(RunStore(first))
    first.close()
    second = open_database(kept)
    assert RunStore(second).get(run.id) == run
    second.close()
