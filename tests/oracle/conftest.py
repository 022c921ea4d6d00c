from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from oracle.comparison import Comparison, MemoryLake

EXAMPLES = 20
"""Generated institutions a report in the normal run; half as many where a run takes long."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--oracle-examples",
        type=int,
        default=EXAMPLES,
        help="how many generated institutions each report is compared on",
    )


@pytest.fixture(scope="session")
def memory_lake() -> Iterator[MemoryLake]:
    lake = MemoryLake()
    yield lake
    lake.close()


@pytest.fixture
def comparison(memory_lake: MemoryLake, tmp_path: Path, pytestconfig: pytest.Config) -> Comparison:
    examples = pytestconfig.getoption("oracle_examples", EXAMPLES)
    return Comparison(memory_lake, tmp_path, examples)
