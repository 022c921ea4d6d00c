"""A load that is killed: the lake is at the old snapshot or the new one, and the next load works.

`pytest tests/faults --kills 100` takes some minutes.
"""

from __future__ import annotations

import logging
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

import rollbook
from rollbook.engines.lake import Lake
from rollbook.load.json_tables import load_tables

_log = logging.getLogger(__name__)

TABLES = ("courses", "enrollments", "users")

LOADER = """
import sys
import rollbook
sys.path.insert(0, sys.argv[1])
from test_killed_loads import rows_of_version
from rollbook.load.json_tables import load_tables

lake = rollbook.open(sys.argv[2]).lake
rows = rows_of_version(int(sys.argv[3]))
print("loading", flush=True)
load_tables(lake, rows, "load " + sys.argv[3], keep_others=True)
"""


def rows_of_version(version: int) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Tables whose every row tells its version."""
    return {
        table: [{"id": n, "workflow_state": f"v{version}"} for n in range(1, 3_001)]
        for table in TABLES
    }


def start_loading(folder: Path, version: int) -> subprocess.Popen[str]:
    """A process that is about to load."""
    words = (str(Path(__file__).parent), str(folder), str(version))
    process = subprocess.Popen(
        [sys.executable, "-c", LOADER, *words], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "loading\n"
    return process


def versions(lake: Lake) -> set[str]:
    """The versions that the rows of the newest snapshot tell, and the one its name tells."""
    engine = lake.engine()
    found = {engine.source.removeprefix("load ")}
    for table in TABLES:
        rows = engine.source_table(table)
        counted = rows.group_by("workflow_state").aggregate(number=rows.count())
        read = engine.rows(counted)
        assert [row["number"] for row in read] == [3_000]
        found |= {row["workflow_state"].removeprefix("v") for row in read}
    engine.close()
    return found


def unknown_files(lake: Lake) -> set[str]:
    """The files that no snapshot has."""
    with closing(
        sqlite3.connect(f"file:{lake.folder}/lake.sqlite?mode=ro", uri=True)
    ) as connection:
        known = {
            Path(row[0]).name
            for table in ("ducklake_data_file", "ducklake_files_scheduled_for_deletion")
            for row in connection.execute(f"SELECT path FROM {table}")
        }
    return {file.name for file in (lake.folder / "lake").rglob("*.parquet")} - known


def test_a_load_killed_at_any_moment_is_whole_or_nothing(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    lake = rollbook.open(tmp_path).lake
    load_tables(lake, rows_of_version(0), "load 0", keep_others=True)
    with start_loading(tmp_path, 1) as undisturbed:
        began = time.monotonic()
        assert undisturbed.wait() == 0
    whole = time.monotonic() - began
    chance = random.Random(20_261_127)  # noqa: S311 (moments, not secrets)
    ends = {"old": 0, "new": 0, "left files": 0}

    for attempt in range(2, 2 + pytestconfig.getoption("--kills")):
        (before,) = versions(lake)
        with start_loading(tmp_path, attempt) as loader:
            with suppress(subprocess.TimeoutExpired):
                loader.wait(chance.random() * whole)
            loader.kill()

        (after,) = versions(lake)
        assert after in (before, str(attempt))
        ends["new" if after == str(attempt) else "old"] += 1
        ends["left files"] += bool(unknown_files(lake))

        load_tables(lake, rows_of_version(-attempt), f"load {-attempt}", keep_others=True)
        assert versions(lake) == {str(-attempt)}
        assert unknown_files(lake) == set()
    _log.info("killed loads ended %s", ends)
