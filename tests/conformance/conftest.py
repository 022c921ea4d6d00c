from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollbook.config import Settings
from rollbook.runs.store import RunStore
from rollbook.state.database import open_database

_COPIED_CASES = 3
"""Each copies all of Canvas's tables, which takes a second."""
_SEED = 20_261_127


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
    cases = [
        pytest.param(file, engine, id=f"{name}-{engine}")
        for engine, chosen in _files_of_engines(metafunc.config.getoption("engine"), files)
        for name, file in zip(names, files, strict=True)
        if file in chosen
    ]
    metafunc.parametrize(("case_file", "engine"), cases)


def _files_of_engines(asked: str, files: list[Path]) -> list[tuple[str, list[Path]]]:
    """Which cases run on which engine; with `all`, some of them through a copy."""
    if asked != "all":
        return [(asked, files)]
    some = random.Random(_SEED).sample(files, min(_COPIED_CASES, len(files)))  # noqa: S311
    return [("lake", files), ("postgres", files), ("copy", some)]
