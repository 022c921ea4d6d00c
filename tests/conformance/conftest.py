from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cases", type=Path, default=HERE / "cases", help="the folder of the conformance cases"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case_file" not in metafunc.fixturenames:
        return
    folder: Path = metafunc.config.getoption("cases", HERE / "cases")
    files = sorted(folder.rglob("*.json"))
    if not files:
        raise pytest.UsageError(f"There is no case (*.json) in {folder}.")
    names = [file.relative_to(folder).with_suffix("").as_posix() for file in files]
    metafunc.parametrize("case_file", files, ids=names)
