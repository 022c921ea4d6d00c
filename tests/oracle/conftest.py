from __future__ import annotations

from pathlib import Path

import pytest
from engines.memory_lake import MemoryLake
from oracle.comparison import Comparison


@pytest.fixture
def comparison(memory_lake: MemoryLake, tmp_path: Path, pytestconfig: pytest.Config) -> Comparison:
    return Comparison(memory_lake, tmp_path, pytestconfig.getoption("oracle_examples"))
