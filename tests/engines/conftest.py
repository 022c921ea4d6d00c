"""Lakes on this machine, and shared by many."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from engines.postgres_server import new_database
from output.s3_server import S3Server

import rollbook
from rollbook.engines.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake without data, on this machine."""
    return rollbook.open(tmp_path).lake


@pytest.fixture(params=["on this machine", "shared"])
def either_lake(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Lake:
    """A lake without data; shared, it is in a Postgres and a bucket."""
    if request.param == "shared":
        server: str = request.getfixturevalue("postgres_server")
        bucket: S3Server = request.getfixturevalue("s3_server")
        name = f"lake_{uuid.uuid4().hex}"
        # A process that opens the same folder finds the same lake.
        for variable, value in {
            **bucket.variables,
            "ROLLBOOK_DATABASE_URL": new_database(server, name),
            "ROLLBOOK_FILES_URL": f"{bucket.url}/{name}",
        }.items():
            monkeypatch.setenv(variable, value)
    return rollbook.open(tmp_path).lake
