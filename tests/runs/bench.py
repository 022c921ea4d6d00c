"""A workplace in this process, on a real lake and a real store, and runs on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import pytest

from rollbook.audit import NOBODY
from rollbook.canvas.tables import Tables
from rollbook.config import Settings
from rollbook.load.json_tables import load_tables
from rollbook.output.files import LocalFiles
from rollbook.reports.report import Column, OutputFile, Plan, Report
from rollbook.reports.scope import Scope
from rollbook.runs.model import Run
from rollbook.runs.performance import Workplace, perform
from rollbook.runs.store import RunStore
from rollbook.runs.views import LakeViews
from rollbook.state.database import Database, open_database

ACCOUNTS = [{"id": 1, "name": "Example", "workflow_state": "active"}]


def report(plan: Callable[[Tables, Scope], Plan]) -> Report:
    return Report(key="own_csv", title="Own", description="", parameters=(), tables=(), plan=plan)


def accounts_file(tables: Tables, _scope: Scope) -> Plan:
    rows = tables.accounts.order_by("id")
    return Plan((OutputFile("accounts", (Column("id", rows.id),), rows),), extra_text="Own;")


def endless_file(tables: Tables, _scope: Scope) -> Plan:
    # A hundred billion rows, which are counted before the first comes out.
    numbers = ibis.range(0, 10_000).unnest().name("n").as_table()
    many = numbers.cross_join(numbers, rname="{name}_2").cross_join(numbers, rname="{name}_3")
    rows = many.aggregate(total=(many.n * many.n_2 % (many.n_3 + 1)).sum())
    return Plan((OutputFile("endless", (Column("total", rows.total),), rows),))


@dataclass
class Bench:
    """A workplace and the runs on it."""

    place: Workplace
    folder: Path

    def new_run(self, plan: Callable[[Tables, Scope], Plan], **parameters: Any) -> Run:
        self.place = replace(self.place, find_report=lambda _key: report(plan))
        run, _ = self.place.store.create(
            account_id=1,
            report="own_csv",
            parameters=parameters,
            actor=NOBODY,
            now=datetime.now(UTC),
        )
        return run

    def performed(self, run: Run) -> Run:
        perform(self.place, run.id)
        return self.place.store.get(run.id)

    def stored(self) -> list[str]:
        return sorted(file.name for file in (self.folder / "files").glob("*"))

    def left_over(self) -> list[str]:
        return [path.name for path in (self.folder / "work").glob("*")]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    load_tables(Settings(data=folder).lake, {"accounts": ACCOUNTS}, "tests")
    return folder


@pytest.fixture
def bench(data: Path, tmp_path: Path) -> Iterator[Bench]:
    database = open_database(Settings(data=tmp_path))
    yield bench_on(database, data, tmp_path)
    database.close()


def bench_on(database: Database, data: Path, folder: Path) -> Bench:
    """A bench with the state of a database and the lake of a folder, that writes to another."""
    settings = Settings(data=data)
    place = Workplace(
        store=RunStore(database),
        files=LocalFiles(folder / "files"),
        view=LakeViews(settings.lake, folder / "work").view,
        folder=folder / "work",
        host=settings.report_host,
        find_report=settings.reports.find,
        run_seconds=60,
    )
    return Bench(place, folder)
