from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from engines.postgres_server import CanvasDatabase, create_table
from load.postgres.small_database import Copying

_TABLES = ("accounts", "users", "pseudonyms", "courses", "assignments")


@pytest.fixture
def canvas(canvas_database: CanvasDatabase, tmp_path: Path) -> Iterator[Copying]:
    """Some of Canvas's tables as Canvas makes them, empty; a schema of few is copied sooner."""
    canvas_database.execute(
        "CREATE SCHEMA few", *(create_table(name, schema="few") for name in _TABLES)
    )
    yield Copying(canvas_database, "few", tmp_path / "data")
    canvas_database.execute("DROP SCHEMA few CASCADE")


@pytest.fixture
def dap(canvas_database: CanvasDatabase, tmp_path: Path) -> Iterator[Copying]:
    """What `dap initdb` makes, empty, in a schema of another name than the client's."""
    text = Path(__file__).with_name("dap_client_tables.sql").read_text("utf-8")
    canvas_database.execute(*text.replace('"canvas"', '"cd2"').split(";\n")[:-1])
    yield Copying(canvas_database, "cd2", tmp_path / "data")
    canvas_database.execute("DROP SCHEMA cd2 CASCADE", "DROP SCHEMA instructure_dap CASCADE")
