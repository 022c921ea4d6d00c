"""The engine beside the oracle: one lake in memory, refilled for each generated institution."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from conformance.cells import Row, difference, parse
from engines.memory_lake import MemoryLake, Tables
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS
from hypothesis.strategies import SearchStrategy
from oracle.catalogue import ORACLES
from oracle.rules import Expected, Institution, ReportFails, Request, Unspecified

from rollbook.errors import RollbookError
from rollbook.reports.execution import ReportRequest, execute
from rollbook.reports.registry import registry
from rollbook.reports.scope import Host

# Hypothesis's own generator under another name. Under its first name, four examples of five are
# variations of the one before: good for small inputs, but here they leave most rules unvisited.
PLAIN = "plain"
AVAILABLE_PROVIDERS[PLAIN] = AVAILABLE_PROVIDERS["hypothesis"]


@dataclass
class Tally:
    """What the examples of one comparison were like; a comparison of nothing proves nothing."""

    examples: int = 0
    failures: int = 0
    with_lines: int = 0
    columns: dict[str, set[str | None]] = field(default_factory=dict)

    def add(self, expected: Expected | None) -> None:
        self.examples += 1
        if expected is None:
            self.failures += 1
            return
        # Not the single cell that says that there is nothing.
        lines = [line for line in expected.lines if len(line.cells) == len(expected.header)]
        self.with_lines += bool(lines)
        for line in lines:
            for name, cell in zip(expected.header, line.cells, strict=True):
                self.columns.setdefault(str(name), set()).add(cell)


@dataclass(frozen=True)
class Comparison:
    """Runs a report on the engine and by the oracle, on as many examples as asked for."""

    lake: MemoryLake
    folder: Path
    examples: int

    def of(
        self,
        key: str,
        institutions: SearchStrategy[Tables],
        requests: SearchStrategy[Request],
        *,
        share: float = 1,
    ) -> Tally:
        """Fail with the smallest institution found on which the two differ.

        An expensive report takes a share of the examples.
        """
        tally = Tally()

        @settings(
            max_examples=max(1, round(self.examples * share)),
            derandomize=True,
            backend=PLAIN,
            deadline=None,
            # `smallest` knows rows, and is done in a tenth of the time.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(institutions, requests)
        def agree(tables: Tables, request: Request) -> None:
            try:
                expected = foretold(key, tables, request)
            except Unspecified:
                reject()
            tally.add(expected)
            if self._problem(key, tables, request):
                case = self._smallest(key, tables, request)
                raise AssertionError(f"{self._problem(key, *case)}\n{as_case(key, *case)}")

        agree()
        return tally

    def _problem(self, key: str, tables: Tables, request: Request) -> str:
        """In what the engine and the oracle differ; empty where they agree."""
        try:
            expected = foretold(key, tables, request)
        except Unspecified:
            return ""
        self.lake.fill(tables)
        try:
            found, extra_text = self._run(key, request)
        except RollbookError as error:
            return "" if expected is None else f"the run failed: {error}"
        if expected is None:
            return "the run should have failed"
        return (
            difference([expected.header], found[:1], in_order=True)
            or difference([line.cells for line in expected.lines], found[1:], in_order=False)
            or out_of_order(expected, found[1:])
            or ("" if extra_text == expected.extra_text else f"the text is {extra_text!r}")
        )

    def _smallest(self, key: str, tables: Tables, request: Request) -> tuple[Tables, Request]:
        """The same difference with fewer parameters and rows."""
        for name in request.parameters:
            rest = {other: value for other, value in request.parameters.items() if other != name}
            smaller = replace(request, parameters=rest)
            request = smaller if self._problem(key, tables, smaller) else request
        for name in [name for name in tables if name != "accounts"]:
            size = max(1, len(tables[name]) // 2)
            while size:
                tables = self._without(key, tables, request, name, size)
                size //= 2
        return tables, request

    def _without(self, key: str, tables: Tables, request: Request, name: str, size: int) -> Tables:
        """Leave out so many rows of a table at a time, as long as the difference stays."""
        start = 0
        while start < len(tables[name]):
            rows = tables[name]
            smaller = {**tables, name: [*rows[:start], *rows[start + size :]]}
            if self._problem(key, smaller, request):
                tables = smaller
            else:
                start += size
        return tables

    def _run(self, key: str, request: Request) -> tuple[list[Row], str]:
        wanted = ReportRequest(
            report=registry().find(key),
            account=str(request.account_id),
            parameters=request.parameters,
            now=request.now,
            host=Host(name=request.host),
        )
        product = execute(self.lake.engine, wanted, self.folder)
        return parse(product.file.read_bytes().decode()), product.extra_text


def foretold(key: str, tables: Tables, request: Request) -> Expected | None:
    """What the oracle says; None where the run must fail.

    Raises:
        Unspecified: the spec says nothing.
    """
    try:
        return ORACLES[key](Institution(tables), request)
    except ReportFails:
        return None


def as_case(key: str, tables: Tables, request: Request) -> str:
    """A conformance case, ready to be kept once it is clear who is right."""
    expected = foretold(key, tables, request)
    expect: dict[str, Any] = {"kind": "error", "message": None}
    if expected is not None:
        rows = [line.cells for line in expected.lines]
        file = {"header": expected.header, "rows": rows}
        expect = {"kind": "csv", "order": "any", "files": {"report.csv": file}}
    case = {
        "name": "",
        "source": "",
        "report": key,
        "account_id": request.account_id,
        "parameters": request.parameters,
        "now": request.now.isoformat(),
        "host": request.host,
        "tables": {name: rows for name, rows in tables.items() if rows},
        "expect": expect,
    }
    return json.dumps(case, indent=1, ensure_ascii=False)


def out_of_order(expected: Expected, found: Sequence[Row]) -> str:
    """The first lines that stand elsewhere than the spec orders them; empty where none do."""
    start = 0
    for key, lines in groupby(expected.lines, key=lambda line: line.key):
        wanted = [line.cells for line in lines]
        place = list(found[start : start + len(wanted)])
        if difference(wanted, place, in_order=False):
            return f"at row {start}, with key {key}: {wanted} should stand, not {place}"
        start += len(wanted)
    return ""
