"""The lake: a load is one snapshot or nothing, a run reads one snapshot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import rollbook
from rollbook.engines.lake import Lake
from rollbook.errors import EmptyLake, LoadConflict, UnknownSnapshot
from rollbook.load.json_tables import load_tables
from rollbook.load.loading import loading

LOADER = """
import sys
from pathlib import Path
import rollbook
from rollbook.load.json_tables import load_tables

lake = rollbook.open(sys.argv[1]).lake
load_tables(lake, {"users": [{"id": n, "name": "new"} for n in range(1, 4)]}, "second")
"""


def test_a_run_is_not_disturbed_by_a_load_in_another_process(
    either_lake: Lake, tmp_path: Path
) -> None:
    users = [{"id": n, "name": "old"} for n in range(1, 20_001)]
    load_tables(either_lake, {"users": users}, "first")
    engine = either_lake.engine()
    batches = engine.batches(engine.source_table("users").select("name"), chunk_rows=1_000)
    first = batches.read_next_batch()

    # While rows are still being read, another process replaces the table.
    subprocess.run([sys.executable, "-c", LOADER, str(tmp_path)], check=True, timeout=120)

    names = first["name"].to_pylist()
    names += [name for batch in batches for name in batch["name"].to_pylist()]
    assert names == ["old"] * 20_000
    assert engine.rows(engine.source_table("users").limit(1).select("name")) == [{"name": "old"}]
    later = either_lake.engine()
    assert [row["name"] for row in later.rows(later.source_table("users"))] == ["new"] * 3
    engine.close()
    later.close()


def test_an_earlier_snapshot_can_be_opened(lake: Lake) -> None:
    load_tables(lake, {"users": [{"id": 1}]}, "first")
    load_tables(lake, {"users": [{"id": 1}, {"id": 2}]}, "second")
    first, second = lake.snapshots()
    assert (first.source, second.source) == ("first", "second")
    engine = lake.engine(first.id)
    assert len(engine.rows(engine.source_table("users").select("id"))) == 1
    engine.close()


def load_half(lake: Lake) -> None:
    with loading(lake, "broken") as load:
        load.replace("users", "SELECT 2 AS id")
        raise RuntimeError("half way")


def test_a_load_that_fails_changes_nothing(either_lake: Lake) -> None:
    load_tables(either_lake, {"users": [{"id": 1}]}, "first")
    with pytest.raises(RuntimeError, match="half way"):
        load_half(either_lake)
    assert [snapshot.source for snapshot in either_lake.snapshots()] == ["first"]
    engine = either_lake.engine()
    assert engine.rows(engine.source_table("users").select("id")) == [{"id": 1}]
    engine.close()


def test_two_loads_at_a_time_are_one_too_many(either_lake: Lake) -> None:
    with loading(either_lake, "slow") as load:
        load.replace("users", "SELECT 1 AS id")
        with pytest.raises(LoadConflict, match="Another load"):
            load_tables(either_lake, {}, "impatient")
    assert [snapshot.source for snapshot in either_lake.snapshots()] == ["slow"]


def test_an_empty_lake_says_what_to_do(lake: Lake) -> None:
    with pytest.raises(EmptyLake, match="rollbook load demo"):
        lake.engine()


def test_an_unknown_snapshot_is_said(lake: Lake) -> None:
    load_tables(lake, {}, "first")
    with pytest.raises(UnknownSnapshot, match="snapshot 99"):
        lake.engine(99)


def test_a_folder_that_was_moved_is_still_read(tmp_path: Path) -> None:
    with rollbook.open(tmp_path / "here") as institution:
        load_tables(institution.lake, {"users": [{"id": 1}]}, "first")
    engine = rollbook.open((tmp_path / "here").rename(tmp_path / "there")).lake.engine()
    assert engine.rows(engine.source_table("users").select("id")) == [{"id": 1}]
    engine.close()
