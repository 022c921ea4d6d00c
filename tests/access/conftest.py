from __future__ import annotations

from collections.abc import Iterator

import pytest
from oracle.comparison import MemoryLake


@pytest.fixture(scope="module")
def memory_lake() -> Iterator[MemoryLake]:
    lake = MemoryLake()
    yield lake
    lake.close()
