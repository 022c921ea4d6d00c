"""Every case: given its tables, when its report runs, then its rows."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from conformance.cells import Row, difference, read_files
from engines.postgres_server import CanvasDatabase

import rollbook
from rollbook.errors import RollbookError
from rollbook.institution import Institution
from rollbook.load.json_tables import load_tables
from rollbook.reports.texts import failure_message


def test_case(case_file: Path, engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    case = json.loads(case_file.read_text("utf-8"))
    expected = case["expect"]
    with loaded(case, engine, tmp_path, request) as institution:
        if expected["kind"] == "error":
            with pytest.raises(RollbookError) as error:
                run(case, institution, tmp_path)
            assert (expected["message"] or "") in f"{failure_message(case['report'])} {error.value}"
            return
        product = run(case, institution, tmp_path)
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
) -> Institution:
    """The case's tables, on one of the engines."""
    host_name = case.get("host") or ""
    if engine == "postgres":
        database: CanvasDatabase = request.getfixturevalue("canvas_database")
        database.fill(case["tables"])
        return rollbook.open(database.url, host_name=host_name)
    shutil.copytree(request.getfixturevalue("empty_lake"), folder / "data")
    institution = rollbook.open(folder / "data", host_name=host_name)
    filled = {name: rows for name, rows in case["tables"].items() if rows}
    load_tables(institution.lake, filled, "a conformance case", keep_others=True)
    return institution


def run(case: dict[str, Any], institution: Institution, folder: Path) -> Path:
    result = institution.run(
        case["report"],
        case["parameters"],
        account=str(case["account_id"]),
        now=datetime.fromisoformat(case["now"]),
    )
    return result.write(folder)


def compare(expected: dict[str, Any], found: list[Row], *, in_order: bool) -> str:
    header, *rows = found
    problem: str = difference([tuple(expected["header"])], [header], in_order=True)
    wanted = [tuple(row) for row in expected["rows"]]
    return problem or difference(wanted, rows, in_order=in_order)
