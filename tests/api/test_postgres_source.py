"""The whole API over a Postgres with Canvas's tables, without a lake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from api.institution import TABLES
from api.live import LiveServer, complete, free_port, get, serve
from engines.postgres_server import CanvasDatabase

from rollbook.config import Settings


@pytest.fixture
def over_postgres(canvas_database: CanvasDatabase, tmp_path: Path) -> Iterator[LiveServer]:
    canvas_database.fill(TABLES)
    server = serve(Settings(data=tmp_path, port=free_port(), source=canvas_database.url))
    server.wait_until_ready()
    yield server
    server.stop()


def test_runs_read_the_database_as_it_is_when_they_begin(
    over_postgres: LiveServer, canvas_database: CanvasDatabase
) -> None:
    with over_postgres.client(over_postgres.token) as client:
        assert [item["id"] for item in client.get("/api/v1/accounts").json()] == [1]
        before = get(complete(client, courses=True)["attachment"]["url"]).text
        canvas_database.execute("UPDATE canvas.courses SET name = 'Topology' WHERE id = 1")
        after = get(complete(client, courses=True)["attachment"]["url"]).text
    assert "Algebra" in before
    assert after == before.replace("Algebra", "Topology")
    assert not (over_postgres.settings.data / "lake.sqlite").exists()
