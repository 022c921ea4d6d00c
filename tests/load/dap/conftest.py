from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from load.canvas_data.dump import Dump
from load.dap.server import DapServer, dap_server

from rollbook.load.dap.client import Patience
from rollbook.load.dap.downloads import Finished
from rollbook.load.dap.fetching import FetchOptions, fetch_tables
from rollbook.load.dap.sync import SyncOptions, SyncSummary, sync_canvas_data


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """To install the official client takes long: only where it is asked for."""
    is_of_client = collection_path.name == "test_official_client.py"
    return True if is_of_client and not config.getoption("--official-clients") else None


QUICK = Patience(
    attempts=3, first_pause=0.001, longest_pause=0.001, first_poll=0.001, longest_poll=0.001
)


@dataclass(frozen=True)
class Fetcher:
    """Fetches tables into a folder, for a lake in a certain state."""

    server: DapServer
    folder: Path

    def __call__(
        self, *tables: str, lake_until: dict[str, str] | None = None, **options: Any
    ) -> list[Finished]:
        options.setdefault("patience", QUICK)
        chosen = FetchOptions(tables=tables, **options)
        return fetch_tables(self.folder, self.server.service, chosen, lake_until=lake_until or {})

    def names(self, table: str = "users") -> list[str]:
        """What the files of a table hold."""
        texts = [gzip.decompress(file.read_bytes()) for file in self.files(table)]
        found = [json.loads(line) for text in texts for line in text.splitlines()]
        return sorted(record["value"]["name"] for record in found)

    def files(self, table: str = "users") -> list[Path]:
        """The files of a table."""
        return sorted((self.folder / table).glob("part-*"))


@dataclass(frozen=True)
class Syncer:
    """Syncs a lake."""

    server: DapServer
    dump: Dump

    def __call__(self, *tables: str, **options: Any) -> SyncSummary:
        chosen = SyncOptions(fetching=FetchOptions(tables=tables, patience=QUICK), **options)
        return sync_canvas_data(self.dump.lake, self.server.service, chosen)

    @property
    def users(self) -> list[tuple[int, str]]:
        """Ids and names in the lake."""
        return [(row[0], row[1]) for row in self.dump.rows("users", "id", "name")]

    @property
    def downloads(self) -> Path:
        return self.dump.lake.folder / "dap"


@pytest.fixture
def server() -> Iterator[DapServer]:
    with dap_server() as running:
        yield running


@pytest.fixture
def fetch(server: DapServer, tmp_path: Path) -> Fetcher:
    return Fetcher(server, tmp_path)


@pytest.fixture
def sync(server: DapServer, tmp_path: Path) -> Syncer:
    return Syncer(server, Dump(tmp_path))
