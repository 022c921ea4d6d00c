from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rollbook.config import Settings
from rollbook.runs.store import RunStore
from rollbook.state.database import open_database


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunStore]:
    database = open_database(Settings(data=tmp_path_factory.mktemp("state")))
    yield RunStore(database)
    database.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case_file" not in metafunc.fixturenames:
        return
    folder: Path = metafunc.config.getoption("cases")
    files = sorted(folder.rglob("*.json"))
    if not files:
        raise pytest.UsageError(f"There is no case (*.json) in {folder}.")
    names = [file.relative_to(folder).with_suffix("").as_posix() for file in files]
    metafunc.parametrize("case_file", files, ids=names)
    asked = metafunc.config.getoption("engine")
    metafunc.parametrize("engine", ("lake", "postgres") if asked == "all" else (asked,))
