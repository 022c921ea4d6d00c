"""One run that is started, worked on, aborted, deleted at once: every order of the steps ends well.

The orders are those of real service, worker and store; only the rows are given.
Of many actors some orders are followed; `pytest tests/runs/test_interleavings.py --all-orders` follows
all, which takes minutes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from runs.bench import accounts_file, report
from runs.interleavings import (
    Actor,
    SteppedDatabase,
    SteppedFiles,
    World,
    explore,
)

from rollbook.canvas.accounts import Account
from rollbook.config import Settings
from rollbook.errors import FileNotFound, RunNotAbortable, RunNotFound
from rollbook.reports.execution import Product
from rollbook.reports.scope import Host
from rollbook.runs import performance
from rollbook.runs.dispatch import Dispatcher
from rollbook.runs.jobs import Progress
from rollbook.runs.model import UNFINISHED, Run, Status
from rollbook.runs.performance import Workplace, perform
from rollbook.runs.recovery import hand_over_forgotten
from rollbook.runs.reuse import Reuse
from rollbook.runs.service import RunService
from rollbook.runs.store import RunStore
from rollbook.state.database import Database, open_database
from rollbook.state.tables import audit, run_totals

_log = logging.getLogger(__name__)

NOW = datetime(2026, 11, 27, tzinfo=UTC)
REPORT = report(accounts_file)
WHICH = {"account_id": 1, "report": REPORT.key}
CONTENT = "id\n1\n"


@dataclass
class Queue:
    """Whom the workers are to perform."""

    waiting: list[int] = field(default_factory=list)
    ended: bool = False

    def enqueue(self, run_id: int) -> None:
        if run_id not in self.waiting:
            self.waiting.append(run_id)

    def progress(self, run_ids: Iterable[int]) -> dict[int, Progress]:
        state: Progress = "ended" if self.ended else "working"
        return {run_id: state for run_id in run_ids if run_id in self.waiting}


class DispatcherOfOne(Dispatcher):
    """Has no others to see to, who would wait for the run."""

    def settle(self, run_id: int) -> None:
        """Nothing to do."""


@dataclass
class OneRun:
    """The run, and the real parts around it."""

    database: Database
    folder: Path
    queue: Queue = field(default_factory=Queue)
    statuses: list[str] = field(default_factory=list)
    """Each that it had."""

    def __post_init__(self) -> None:
        self.store = RunStore(SteppedDatabase(self.database.engine))
        reuse = Reuse(self.store, Host(), is_on=False)
        self.dispatcher = DispatcherOfOne(self.store, self.queue, reuse, lambda: NOW)
        self.service = RunService(self.store, self.dispatcher, clock=lambda: NOW)
        with self.database.writing() as connection:
            for table in ("files", "runs", "audit", "run_totals"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
            # So that the run has the same id each time.
            connection.exec_driver_sql("DELETE FROM sqlite_sequence")
        for file in (self.folder / "files").glob("*"):
            file.unlink()

    def start(self) -> None:
        self.service.start(REPORT, account_id=1, parameters={})

    def abort(self) -> None:
        with suppress(RunNotAbortable, RunNotFound):
            self.service.abort("1", account_id=1, report=REPORT.key)

    def delete(self) -> None:
        with suppress(RunNotFound):
            self.service.delete("1", account_id=1, report=REPORT.key)

    def delete_file(self) -> None:
        with suppress(FileNotFound):
            self.service.delete_file(self.service.run_of_file("1"), self.place().files)

    def work(self) -> None:
        perform(self.place(), 1)
        self.queue.ended = True

    def place(self) -> Workplace:
        """Of a worker of its own."""
        return Workplace(
            store=self.store,
            files=SteppedFiles(self.folder / "files"),
            view=lambda *_: pytest.fail("nothing is computed"),
            folder=self.folder / "work",
            host=Host(),
            find_report=lambda _: REPORT,
            clock=lambda: NOW,
            settle=self.dispatcher.settle,
        )

    def look(self) -> Run | None:
        return RunStore(self.database).by_id(1)

    def stored(self) -> list[str]:
        return sorted(file.name for file in (self.folder / "files").glob("*"))

    def events(self) -> list[str]:
        with self.database.reading() as connection:
            return list(connection.execute(sa.select(audit.c.event)).scalars())

    def totals(self) -> dict[str, int]:
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(run_totals.c.outcome, run_totals.c.runs))
            return {row.outcome: row.runs for row in rows}

    def note(self) -> None:
        """Look at the status now."""
        with self.database.reading() as connection:
            status = connection.scalar(sa.text("SELECT status FROM runs"))
        if status and self.statuses[-1:] != [status]:
            self.statuses.append(status)

    def at_end(self) -> None:
        if self.queue.waiting:
            # Which workers do every few seconds.
            hand_over_forgotten(RunStore(self.database), self.queue, self.dispatcher)
        run = self.look()
        assert run is not None
        finals = [status for status in self.statuses if status not in UNFINISHED]
        kept = [status for status in finals if status != Status.DELETED]
        assert run.status not in UNFINISHED
        assert finals == self.statuses[-len(finals) :]
        assert len(kept) <= 1
        assert finals[len(kept) :] in ([], [Status.DELETED])

        was_complete = Status.COMPLETE in finals
        assert run.status is not Status.ERROR
        assert (run.file is not None) <= was_complete
        location = run.file and run.file.location
        assert self.stored() == ([location, f"{str(location)[:-4]}.json"] if location else [])

        if run.status is not Status.DELETED:
            assert run.progress == 100
            assert run.ended_at is not None
            assert self.totals() == {run.status.value: 1}
        else:
            assert self.totals() in ([{"complete": 1}] if was_complete else [{}, {"aborted": 1}])
        events = self.events()
        assert len(set(events)) == len(events)
        assert ("run_completed" in events) == was_complete
        assert ("run_aborted" in events) == (Status.ABORTED in finals)
        assert ("run_deleted" in events) == (Status.DELETED in finals)
        assert ("file_deleted" in events) == (was_complete and run.file is None)


Choose = Callable[[OneRun], dict[str, Actor]]


def actors(one: OneRun, *names: str) -> dict[str, Actor]:
    found = {
        "start": Actor(one.start),
        "work": Actor(one.work, lambda: bool(one.queue.waiting)),
        "abort": Actor(one.abort, lambda: bool(one.statuses)),
        "delete": Actor(one.delete, lambda: bool(one.statuses)),
        "delete_file": Actor(one.delete_file, lambda: bool(one.statuses)),
    }
    worker = found["work"]
    # One that others take for dead, because it was silent.
    found["work_too"] = Actor(one.work, lambda: worker.began)
    found["kill"] = Actor(worker.die, lambda: worker.began)
    found["work_again"] = Actor(one.work, lambda: found["kill"].ended)
    return {name: found[name] for name in names}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database(Settings(data=tmp_path_factory.mktemp("state")))
    database.engine.dispose()

    @sa.event.listens_for(database.engine, "connect")
    def _hurry(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    yield database
    database.close()


def publish_at_once(place: Workplace, run: Run, folder: Path) -> None:
    """The end of a worker's work, with a file that needs no computing."""
    file = folder / "own.csv"
    file.write_text(CONTENT)
    product = Product(
        file=file,
        extension="csv",
        lines={"own": 2},
        account=Account(1, "Example", None, None, None, None, None, None, None, None, {}),
        extra_text="",
        message="",
    )
    manifest = {"parameters": {}, "size": len(CONTENT), "rows": 1, "sha256": "0" * 64}
    performance._publish(place, run, product, manifest)


FEW = [("work", "abort"), ("work", "delete"), ("start", "abort"), ("start", "delete")]
"""Whose orders are few enough to follow all of them each time."""


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "names",
    [
        *FEW,
        ("start", "work", "abort"),
        ("start", "work", "delete"),
        ("start", "abort", "delete"),
        ("work", "delete", "delete_file"),
        ("work", "work_too"),
        ("work", "work_too", "abort"),
        ("work", "kill", "work_again", "abort"),
        ("work", "kill", "work_again", "delete"),
        ("work", "abort", "delete"),
        ("start", "work", "abort", "delete"),
        ("start", "work", "abort", "delete", "delete_file"),
    ],
    ids="-".join,
)
def test_every_order_ends_well(
    names: tuple[str, ...],
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
) -> None:
    monkeypatch.setattr(performance, "_work", publish_at_once)

    def new_world() -> World:
        one = OneRun(database, tmp_path)
        if "start" not in names:
            one.start()
            one.note()
        return World(actors(one, *names), one.note, one.at_end)

    most = None if names in FEW or pytestconfig.getoption("--all-orders") else 25
    began = time.process_time()
    ends = explore(new_world, most)
    _log.info("%s: %s orders, %.1f s", names, ends, time.process_time() - began)
    assert ends > 1
