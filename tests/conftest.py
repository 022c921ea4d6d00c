from __future__ import annotations

import rollbook.rare_collection  # noqa: F401 (before all that it is to speed up)

# isort: split
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines.memory_lake import MemoryLake
from engines.postgres_server import canvas_database, postgres_server, shared_canvas_database
from output.s3_server import s3_server

__all__ = ["canvas_database", "postgres_server", "s3_server", "shared_canvas_database"]

# One process for each core runs the tests: engines with more threads would wait for each other.
os.environ["ROLLBOOK_THREADS"] = "1"


def pytest_addoption(parser: pytest.Parser) -> None:
    # Only the outermost conftest is read before the command line.
    parser.addoption(
        "--cases",
        type=Path,
        default=Path(__file__).parent / "conformance" / "cases",
        help="the folder of the conformance cases",
    )
    parser.addoption(
        "--engine",
        choices=("lake", "postgres", "copy", "all"),
        default="lake",
        help="the engine that runs the conformance cases, or all of them; `copy` is a lake loaded "
        "from Postgres, which takes seconds a case: `all` runs a few so",
    )
    parser.addoption(
        "--oracle-examples",
        type=int,
        default=30,
        help="how many generated institutions each report is compared on",
    )
    parser.addoption(
        "--fuzz-long",
        action="store_true",
        help="send more than 20,000 requests to the API, which takes ten minutes",
    )
    parser.addoption(
        "--kills",
        type=int,
        default=2,
        help="how many loads are killed, each at a random moment",
    )
    parser.addoption(
        "--run-kills",
        type=int,
        default=10,
        help="at how many points of a run the worker, the server or both are killed",
    )
    parser.addoption(
        "--all-orders",
        action="store_true",
        help="follow all orders in which a run is started, done, aborted and deleted at once",
    )
    parser.addoption(
        "--official-clients",
        action="store_true",
        help="install the official client of Canvas Data and run it against the tests' server",
    )
    parser.addoption(
        "--shared-runs",
        type=int,
        default=20,
        help="how many runs workers on many machines do while they and their database are killed; "
        "200 take minutes",
    )


@pytest.fixture(scope="session")
def memory_lake() -> Iterator[MemoryLake]:
    lake = MemoryLake()
    yield lake
    lake.close()
