"""Every case: given its tables, when its report runs, then its rows."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from conformance.cells import Row, difference, read_files
from engines.filled_lake import fill_lake
from engines.postgres_server import CanvasDatabase

from rollbook.audit import NOBODY
from rollbook.config import Settings
from rollbook.engines.postgres import Postgres
from rollbook.load.postgres import load_postgres
from rollbook.output.files import LocalFiles
from rollbook.runs.model import Run, Status
from rollbook.runs.performance import Workplace, perform
from rollbook.runs.store import RunStore


def test_case(
    case_file: Path, engine: str, tmp_path: Path, store: RunStore, request: pytest.FixtureRequest
) -> None:
    case = json.loads(case_file.read_text("utf-8"))
    expected = case["expect"]
    settings = loaded(case, engine, tmp_path, request)
    run = performed(case, settings, store)
    if expected["kind"] == "error":
        assert run.status is Status.ERROR
        assert (expected["message"] or "") in f"{run.message} {run.parameters['extra_text']}"
        return
    assert run.file, run
    product = LocalFiles(settings.data / "files").path(run.file.location)
    assert product.suffix == f".{expected['kind']}"
    found = read_files(product)
    assert list(found) == list(expected["files"])
    problems = [
        f"{name}:\n{problem}"
        for name, file in expected["files"].items()
        if (problem := compare(file, found[name], in_order=expected["order"] == "exact"))
    ]
    assert not problems, "\n".join([case["name"], *problems])


def loaded(
    case: dict[str, Any], engine: str, folder: Path, request: pytest.FixtureRequest
) -> Settings:
    """The case's tables, on one of the engines."""
    host_name = case.get("host") or ""
    if engine != "lake":
        database: CanvasDatabase = request.getfixturevalue("canvas_database")
        database.fill(case["tables"])
        if engine == "postgres":
            return Settings(data=folder / "data", host_name=host_name, source=database.url)
        load_postgres(Settings(data=folder / "data").lake, Postgres(database.url))
        return Settings(data=folder / "data", host_name=host_name)
    fill_lake(folder / "data", case["tables"])
    return Settings(data=folder / "data", host_name=host_name)


def performed(case: dict[str, Any], settings: Settings, store: RunStore) -> Run:
    """The run, brought to its end as a worker does it."""
    now = datetime.fromisoformat(case["now"])
    run, _ = store.create(
        account_id=case["account_id"],
        report=case["report"],
        parameters=case["parameters"],
        actor=NOBODY,
        now=now,
    )
    place = Workplace(
        store=store,
        files=LocalFiles(settings.data / "files"),
        view=lambda _as_of, _account: closing(settings.tables.engine()),
        folder=settings.data / "work",
        host=settings.report_host,
        find_report=settings.reports.find,
        clock=lambda: now,
    )
    perform(place, run.id)
    return store.get(run.id)


def compare(expected: dict[str, Any], found: list[Row], *, in_order: bool) -> str:
    header, *rows = found
    problem: str = difference([tuple(expected["header"])], [header], in_order=True)
    wanted = [tuple(row) for row in expected["rows"]]
    return problem or difference(wanted, rows, in_order=in_order)
