from __future__ import annotations

from pathlib import Path

import pytest
from load.canvas_data.dump import Dump


@pytest.fixture
def dump(tmp_path: Path) -> Dump:
    return Dump(tmp_path)
