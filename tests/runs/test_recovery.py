"""What dead processes left behind is found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from rollbook.audit import NOBODY
from rollbook.config import Settings
from rollbook.runs.dispatch import Dispatcher
from rollbook.runs.jobs import DurableJobs, prepare_jobs
from rollbook.runs.model import Run, Status
from rollbook.runs.opening import dispatcher_of
from rollbook.runs.recovery import Heartbeats, hand_over_forgotten
from rollbook.runs.store import RunStore
from rollbook.state.database import Database, open_database


@dataclass
class Rest:
    """A store and a queue without a worker."""

    database: Database
    store: RunStore
    jobs: DurableJobs
    dispatcher: Dispatcher

    def stored_run(self, *, seconds_ago: float) -> Run:
        run, _ = self.store.create(
            account_id=1,
            report="x",
            parameters={},
            actor=NOBODY,
            now=datetime.now(UTC) - timedelta(seconds=seconds_ago),
        )
        return run


@pytest.fixture
def rest(own_kept: Settings) -> Iterator[Rest]:
    prepare_jobs(own_kept)
    database, jobs = open_database(own_kept), DurableJobs(own_kept)
    store = RunStore(database)
    yield Rest(database, store, jobs, dispatcher_of(own_kept, store, jobs))
    jobs.close()
    database.close()


def test_a_run_stored_but_never_enqueued_is_enqueued(rest: Rest) -> None:
    run = rest.stored_run(seconds_ago=60)
    hand_over_forgotten(rest.store, rest.jobs, rest.dispatcher)
    assert rest.jobs.progress([run.id]) == {run.id: "waiting"}


def test_a_run_just_handed_over_is_left_to_who_did_so(rest: Rest) -> None:
    run = rest.stored_run(seconds_ago=0)
    # As somebody who has not come to enqueue it yet.
    assert rest.store.admit(lambda *_: True, datetime.now(UTC)) == [run.id]
    hand_over_forgotten(rest.store, rest.jobs, rest.dispatcher)
    assert rest.jobs.progress([run.id]) == {}


def test_enqueuing_twice_is_enqueuing_once(rest: Rest) -> None:
    run = rest.stored_run(seconds_ago=60)
    rest.jobs.enqueue(run.id)
    rest.jobs.enqueue(run.id)
    hand_over_forgotten(rest.store, rest.jobs, rest.dispatcher)
    assert rest.jobs.progress([run.id, 99]) == {run.id: "waiting"}


def test_a_run_whose_work_was_lost_ends_in_error(rest: Rest) -> None:
    run = rest.stored_run(seconds_ago=60)
    rest.jobs.enqueue(run.id)
    rest.jobs.cancel(run.id)
    hand_over_forgotten(rest.store, rest.jobs, rest.dispatcher)
    ended = rest.store.get(run.id)
    assert (ended.status, ended.progress) == (Status.ERROR, 100)
    assert ended.parameters["extra_text"].startswith("Failed, ")


@dataclass
class Clocks:
    """The clock on the wall, which people set, and the one that only goes on."""

    wall: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0

    def pass_by(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.seconds += seconds

    def heartbeats(self, rest: Rest) -> Heartbeats:
        return Heartbeats(rest.database, lambda: self.wall, lambda: self.seconds)


def test_a_worker_not_heard_of_is_silent_and_can_be_forgotten(rest: Rest) -> None:
    clocks = Clocks()
    heartbeats = clocks.heartbeats(rest)
    for name in ("one", "two", "two"):
        heartbeats.beat(name, 1)
    assert heartbeats.silent() == []
    clocks.pass_by(20)
    heartbeats.beat("two", 2)
    assert (heartbeats.silent(), heartbeats.living()) == (["one"], {"two": 2})
    heartbeats.forget("one")
    assert heartbeats.silent() == []


def test_a_worker_that_ended_and_stays_away_is_silent(rest: Rest) -> None:
    clocks = Clocks()
    heartbeats = clocks.heartbeats(rest)
    heartbeats.beat("one", 1)
    heartbeats.retire("one")
    assert (heartbeats.silent(), heartbeats.living()) == ([], {})
    clocks.pass_by(20)
    assert heartbeats.silent() == ["one"]


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_jumps_makes_nobody_dead_or_immortal(rest: Rest, hours: int) -> None:
    clocks = Clocks()
    heartbeats = clocks.heartbeats(rest)
    for name in ("lives", "dies"):
        heartbeats.beat(name, 1)
    assert heartbeats.silent() == []
    clocks.wall += timedelta(hours=hours)
    assert heartbeats.silent() == []
    clocks.pass_by(20)
    heartbeats.beat("lives", 1)
    assert (heartbeats.silent(), heartbeats.living()) == (["dies"], {"lives": 1})


def test_a_run_stored_before_the_clock_was_set_back_is_enqueued(rest: Rest) -> None:
    run = rest.stored_run(seconds_ago=-3600)
    hand_over_forgotten(rest.store, rest.jobs, rest.dispatcher)
    assert rest.jobs.progress([run.id]) == {run.id: "waiting"}
