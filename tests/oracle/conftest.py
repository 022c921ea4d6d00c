from __future__ import annotations

import pytest

EXAMPLES = 60
"""Generated institutions a report in the normal run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--oracle-examples",
        type=int,
        default=EXAMPLES,
        help="how many generated institutions each report is compared on",
    )


@pytest.fixture
def number_of_examples(pytestconfig: pytest.Config) -> int:
    number: int = pytestconfig.getoption("oracle_examples", EXAMPLES)
    return number
