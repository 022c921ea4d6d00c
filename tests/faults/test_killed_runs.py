"""Runs whose worker, or server, or both are killed: each accepted one ends once, whole, alone.

`pytest tests/faults/test_killed_runs.py --run-kills 200` takes some minutes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import signal
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from api.live import until
from faults.installation import Installation, asked, installed
from faults.kill_points import STAGES, KillPoint, KillPoints, Role

from rollbook.audit import Event
from rollbook.runs.jobs import DurableJobs
from rollbook.runs.model import UNFINISHED, Run, Status
from rollbook.runs.performance import MOST_DEATHS
from rollbook.runs.store import RunStore
from rollbook.runs.totals import read_totals
from rollbook.state.database import Database, open_database
from rollbook.state.tables import audit

_log = logging.getLogger(__name__)

NUMBERS = "/api/v1/accounts/self/reports/numbers_csv"
GATE = "/api/v1/accounts/self/reports/gate_csv"
REPORTS = """
from pathlib import Path

import ibis

from rollbook.reports.report import Column, OutputFile, Plan, Report


def numbers(tables, scope):
    # Two pieces, so that one is read while the other is written.
    many = ibis.range(130_000).unnest().name("n").as_table().order_by("n")
    return Plan(
        (
            OutputFile("many", (Column("n", many.n),), many),
            OutputFile("accounts", (Column("id", tables.accounts.id),), tables.accounts),
        )
    )


def gate(tables, scope):
    # A pipe, which opens once the test opens its other end.
    Path(GATE).read_bytes()
    return Plan((OutputFile("accounts", (Column("id", tables.accounts.id),), tables.accounts),))


REPORTS = tuple(
    Report(
        key=key,
        title=key,
        description="",
        parameters=(),
        tables=("accounts",),
        repeatable=True,
        plan=plan,
    )
    for key, plan in (("numbers_csv", numbers), ("gate_csv", gate))
)
"""
"""One that writes two files, and one that works until it may end."""
_LEFT_OUT = ("answering", "telling", "taking", "planning")
PLACES: Sequence[tuple[Role, str]] = sorted(
    ((role, stage) for role, stages in STAGES.items() for stage in stages),
    key=lambda place: place[1] in _LEFT_OUT,
)
"""All stages; last those that a short test leaves out."""
VICTIMS: Sequence[Sequence[Role]] = [["worker"], ["server"], ["worker", "server"]]


@dataclass
class Fate:
    """What became of the runs of an installation."""

    installation: Installation
    gate: Path
    """Where runs of the one report wait."""
    database: Database
    jobs: DurableJobs

    @property
    def store(self) -> RunStore:
        return RunStore(self.database)

    def all_ended(self) -> list[Run]:
        """All runs, deleted ones too, once each has ended and nobody works on any."""

        def look() -> list[Run]:
            runs = self.store.newest(limit=10_000, statuses=list(Status))
            progress = set(self.jobs.progress(run.id for run in runs).values())
            at_work = self._made_in(runs) or progress - {"ended"}
            return [] if at_work or any(_is_unfinished(run) for run in runs) else runs

        return until(look)

    def _made_in(self, runs: Sequence[Run]) -> list[Path]:
        """The folders in which files of runs are being made."""
        names = {f"{run.id}-{attempt}" for run in runs for attempt in range(1, run.attempt + 1)}
        folders = (self.installation.settings.data / "work").glob("*/*")
        return [folder for folder in folders if folder.name in names]

    def check(self, runs: Sequence[Run]) -> None:
        """Each run has all that belongs to its end, once, and nothing else."""
        happened, totals = self._records()
        folder = self.installation.settings.data / "files"
        expected = set[str]()
        for run in runs:
            events = happened[run.id]
            assert set(events.values()) == {1}
            assert Event.RUN_STARTED in events
            assert (Event.RUN_COMPLETED in events) >= (run.status is Status.COMPLETE)
            assert (Event.RUN_ABORTED in events) >= (run.status is Status.ABORTED)
            assert (Event.RUN_DELETED in events) == (run.status is Status.DELETED)
            assert not {Event.RUN_COMPLETED, Event.RUN_ABORTED} <= set(events)
            assert (run.file is not None) == (Event.RUN_COMPLETED in events)
            if run.file is not None:
                content = (folder / run.file.location).read_bytes()
                manifest = folder / f"{run.file.location.partition('.')[0]}.json"
                digest = hashlib.sha256(content).hexdigest()
                assert digest == run.file.sha256 == json.loads(manifest.read_text())["sha256"]
                assert len(content) == run.file.size
                expected |= {run.file.location, manifest.name}
        assert {file.name for file in folder.iterdir()} == expected
        assert set(totals) <= {"complete", "aborted"}
        assert totals["complete"] == sum(
            Event.RUN_COMPLETED in events for events in happened.values()
        )
        # A run that is deleted before its last words were written has none.
        most = sum(Event.RUN_ABORTED in events for events in happened.values())
        assert Counter(run.status for run in runs)[Status.ABORTED] <= totals["aborted"] <= most

    def _records(self) -> tuple[Mapping[int, Counter[str]], Counter[str]]:
        """How often the audit log has each event, by run; how many runs the totals have, by outcome."""
        happened, totals = defaultdict[int, Counter[str]](Counter), Counter[str]()
        with self.database.reading() as connection:
            for row in connection.execute(sa.select(audit.c.run_id, audit.c.event)):
                happened[row.run_id][row.event] += 1
            for total in read_totals(connection):
                totals[total.outcome] += total.runs
        return happened, totals


def _is_unfinished(run: Run) -> bool:
    return run.status in UNFINISHED or (run.status is Status.ABORTED and run.ended_at is None)


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> KillPoints:
    return KillPoints(tmp_path_factory.mktemp("points"))


@pytest.fixture(scope="module")
def fate(tmp_path_factory: pytest.TempPathFactory, points: KillPoints) -> Iterator[Fate]:
    folder = tmp_path_factory.mktemp("data")
    reports = tmp_path_factory.mktemp("reports")
    gate = reports / "gate"
    (reports / "ours.py").write_text(f"GATE = {str(gate)!r}\n{REPORTS}")
    os.mkfifo(gate)
    with installed(folder, traced=points.folder, reports_folder=reports) as installation:
        database = open_database(installation.settings)
        jobs = DurableJobs(installation.settings)
        yield Fate(installation, gate, database, jobs)
        jobs.close()
        database.close()


def started(client: httpx.Client, path: str, **form: Any) -> dict[str, Any]:
    """A run that was accepted."""
    answer = asked(client, "POST", path, data=form)
    assert answer.status_code == 200, answer.text
    run: dict[str, Any] = answer.json()
    return run


def ended(client: httpx.Client, path: str, run: dict[str, Any]) -> dict[str, Any]:
    """The run at its end; each request waits for a change, and is sent again if nobody answers."""

    def look() -> dict[str, Any] | None:
        answer = asked(client, "GET", f"{path}/{run['id']}", params={"wait": 30})
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown if shown["progress"] == 100 else None

    return until(look)


def two_clients(installation: Installation, point: int) -> list[dict[str, Any]]:
    """The runs of two who ask for the same at a time: one computes, the other gets its file."""

    def run_one(_number: int) -> dict[str, Any]:
        with installation.client() as client:
            return ended(client, NUMBERS, started(client, NUMBERS, **{"parameters[point]": point}))

    with ThreadPoolExecutor(2) as clients:
        return list(clients.map(run_one, range(2)))


def test_a_run_goes_on_however_often_its_worker_is_told_to_end(fate: Fate) -> None:
    """As by a restart of the service; a death beside that counts once."""
    installation = fate.installation
    with installation.client() as client:
        run = started(client, GATE)

        def is_at_work(attempt: int) -> bool:
            return fate.store.status(run["id"]) == (Status.RUNNING, attempt)

        how = [signal.SIGKILL, *[signal.SIGTERM] * (MOST_DEATHS - 1)]
        for attempt, sign in enumerate(how, start=1):
            until(lambda: is_at_work(attempt))  # noqa: B023 (asked in this round only)
            worker = installation.ids["worker"]
            os.kill(worker, sign)
            installation.wait_for_others_than({worker})
        until(lambda: is_at_work(len(how) + 1))
        # Opens when the run comes to its gate.
        fate.gate.write_bytes(b"")
        assert ended(client, GATE, run)["status"] == "complete"
    done = fate.store.get(run["id"])
    # The attempt that completed it counts as long as none follows.
    assert (done.attempt, done.deaths) == (len(how) + 1, 2)
    statuses = [status for _, status in installation.ends]
    assert statuses == [-sign if sign == signal.SIGKILL else 0 for sign in how]
    installation.ends.clear()
    fate.check(fate.all_ended())


@pytest.mark.timeout(3600)
def test_runs_end_once_whoever_is_killed_in_whatever_stage(
    fate: Fate, points: KillPoints, pytestconfig: pytest.Config
) -> None:
    installation = fate.installation
    points.set(KillPoint("worker", "", line=0))
    two_clients(installation, point=0)
    points.clear()
    lines = points.counted()
    assert set(lines) == set(PLACES)
    (undisturbed, *_) = fate.all_ended()
    assert undisturbed.file is not None

    chance = random.Random(20_261_127)  # noqa: S311 (moments, not secrets)
    number = pytestconfig.getoption("--run-kills")
    reached = Counter[tuple[str, str, str]]()
    for point, (role, stage) in enumerate(islice(cycle(PLACES), number), start=1):
        # Each stage meets all victims, one after the other.
        victims = VICTIMS[sum(divmod(point, len(PLACES))) % len(VICTIMS)]
        ids = {installation.ids[victim] for victim in victims}
        line = chance.randint(1, lines[role, stage])
        points.set(KillPoint(role, stage, line, sorted(ids)))
        answered = two_clients(installation, point)
        was_reached = points.clear()
        if was_reached:
            reached[role, stage, "+".join(victims)] += 1
            installation.wait_for_others_than(ids)

        runs = fate.all_ended()
        mine = [run for run in runs if run.requested == {"point": str(point)}]
        assert {run["status"] for run in answered} == {"complete"}
        assert {run["id"] for run in answered} <= {run.id for run in mine}
        assert {run.status for run in mine} == {Status.COMPLETE}
        assert {run.file.sha256 for run in mine if run.file} == {undisturbed.file.sha256}
        fate.check(runs)
        _log.info(
            "point %s: %s, %s of %s, line %s: %s", point, victims, stage, role, line, was_reached
        )

    _log.info("killed: %s; ends: %s", reached, Counter(installation.ends))
    assert {status for _, status in installation.ends} == {-signal.SIGKILL}
    stages = Counter((role, stage) for role, stage, _ in reached.elements())
    assert set(stages) == set(PLACES[:number])


def steer(installation: Installation, seed: int) -> tuple[int, set[str]]:
    """What a client does with a run that it starts; gives how the run may end then."""
    chance = random.Random(seed)  # noqa: S311
    with installation.client() as client:
        # Some are equal, and wait for each other.
        run = started(
            client, NUMBERS, **{"parameters[steered]": seed % 4, "parameters[of]": seed // 8}
        )
        path, may_end = f"{NUMBERS}/{run['id']}", {"complete"}
        for _ in range(chance.randrange(12)):
            asked(client, "GET", path)
        if chance.random() < 0.5:
            answer = asked(client, "PUT", f"{path}/abort")
            # Sent again, it finds the run aborted; or it had ended before.
            may_end = {"aborted"} if answer.status_code == 200 else {"aborted", "complete"}
        if chance.random() < 0.4:
            asked(client, "DELETE", path)
            assert asked(client, "GET", path).status_code == 404
            may_end = {"deleted"}
        else:
            assert ended(client, NUMBERS, run)["status"] in may_end
    return run["id"], may_end


@pytest.mark.timeout(3600)
def test_runs_that_are_aborted_deleted_and_killed_at_random_end_once(
    fate: Fate, points: KillPoints, pytestconfig: pytest.Config
) -> None:
    chance = random.Random(20_261_128)  # noqa: S311
    ends = Counter[Status]()
    for batch in range(pytestconfig.getoption("--run-kills") // 10):
        role, stage = chance.choice(PLACES)
        ids = {fate.installation.ids[victim] for victim in chance.choice(VICTIMS)}
        points.set(KillPoint(role, stage, chance.randint(1, 40), sorted(ids)))
        with ThreadPoolExecutor(3) as clients:
            seeds = range(8 * batch, 8 * batch + 8)
            may_end = dict(clients.map(lambda seed: steer(fate.installation, seed), seeds))
        if points.clear():
            fate.installation.wait_for_others_than(ids)
        runs = fate.all_ended()
        fate.check(runs)
        by_id = {run.id: run for run in runs}
        assert all(by_id[run_id].status in may_be for run_id, may_be in may_end.items())
        ends.update(by_id[run_id].status for run_id in may_end)
    _log.info("ends: %s", ends)
    assert len(ends) > 1
