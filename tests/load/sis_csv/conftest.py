from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from load.sis_csv.school import School


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    school = School(tmp_path)
    yield school
    school.close()
