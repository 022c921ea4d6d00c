from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from api.live import anonymous, as_user, client, large, live
from engines.postgres_server import new_database
from runs.bench import bench, data
from runs.small_disk import disk

from rollbook.config import Settings

__all__ = ["anonymous", "as_user", "bench", "client", "data", "disk", "large", "live"]


STATE_DATABASES = ["sqlite", "postgres"]


@pytest.fixture(scope="module", params=STATE_DATABASES)
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation for the tests of a module, its state in each kind of database."""
    return _settings(request, tmp_path_factory.mktemp("state"))


@pytest.fixture(params=STATE_DATABASES)
def own_kept(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """As `kept`, for one test, without runs."""
    return _settings(request, tmp_path)


def _settings(request: pytest.FixtureRequest, folder: Path) -> Settings:
    if request.param == "sqlite":
        return Settings(data=folder)
    server: str = request.getfixturevalue("postgres_server")
    return Settings(data=folder, database_url=new_database(server, f"state_{uuid.uuid4().hex}"))
