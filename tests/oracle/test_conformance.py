"""The oracles against the conformance cases: both were written from the spec pages."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from conformance.cells import difference
from oracle.catalogue import ORACLES
from oracle.rules import Institution, Request

CASES = Path(__file__).parents[1] / "conformance" / "cases"


def enrollments_file(case: dict[str, Any]) -> str | None:
    files: dict[str, Any] = case["expect"].get("files", {})
    if case["report"] not in {"provisioning_csv", "sis_export_csv"}:
        return "report.csv"
    if "enrollments.csv" in files:
        return "enrollments.csv"
    is_alone = [
        name for name in ("users", "courses", "enrollments") if case["parameters"].get(name)
    ]
    return "report.csv" if is_alone == ["enrollments"] else None


def given_cases() -> list[Any]:
    files = sorted(CASES.rglob("*.json"))
    cases = [(file, json.loads(file.read_text("utf-8"))) for file in files]
    return [
        pytest.param(case, name, id=file.relative_to(CASES).with_suffix("").as_posix())
        for file, case in cases
        if case["report"] in ORACLES and case["expect"]["kind"] != "error"
        if (name := enrollments_file(case)) is not None
    ]


@pytest.mark.parametrize(("case", "file"), given_cases())
def test_oracle_gives_the_rows_of_a_case(case: dict[str, Any], file: str) -> None:
    request = Request(
        account_id=case["account_id"],
        parameters=case["parameters"],
        now=datetime.fromisoformat(case["now"]),
        host=case.get("host") or "",
    )
    found = ORACLES[case["report"]](Institution(case["tables"]), request)
    expected = case["expect"]["files"][file]
    assert list(found.header) == expected["header"]
    assert not difference(
        [tuple(row) for row in expected["rows"]],
        [line.cells for line in found.lines],
        in_order=case["expect"]["order"] == "exact",
    )
