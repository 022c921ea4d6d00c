"""Every case: given its tables, when its report runs, then its rows."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from conformance.cells import Row, difference, read_files

import rollbook
from rollbook.errors import RollbookError
from rollbook.load.json_tables import load_tables
from rollbook.reports.texts import failure_message


def test_case(case_file: Path, tmp_path: Path) -> None:
    case = json.loads(case_file.read_text("utf-8"))
    expected = case["expect"]
    if expected["kind"] == "error":
        with pytest.raises(RollbookError) as error:
            run(case, tmp_path)
        assert (expected["message"] or "") in f"{failure_message(case['report'])} {error.value}"
        return
    product = run(case, tmp_path)
    assert product.suffix == f".{expected['kind']}"
    found = read_files(product)
    assert list(found) == list(expected["files"])
    problems = [
        f"{name}:\n{problem}"
        for name, file in expected["files"].items()
        if (problem := compare(file, found[name], in_order=expected["order"] == "exact"))
    ]
    assert not problems, "\n".join([case["name"], *problems])


def run(case: dict[str, Any], folder: Path) -> Path:
    with rollbook.open(folder / "data", host_name=case.get("host") or "") as institution:
        load_tables(institution.lake, case["tables"], "a conformance case")
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
