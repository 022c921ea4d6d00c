"""Expire and compact: the lake becomes small, and nobody who reads it notices."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
import pytest

import rollbook
from rollbook.config import read_settings
from rollbook.engines.engine import Snapshot
from rollbook.engines.lake import Lake
from rollbook.engines.lake_upkeep import Policy, compact, expire
from rollbook.errors import EmptyLake, UnknownSnapshot

NOW = datetime(2026, 11, 27, tzinfo=UTC)
ROWS = 20_000
NEWEST_ALONE = Policy(days=0, number=1)

READER = """
import sys
import rollbook

engine = rollbook.open(sys.argv[1]).lake.engine(int(sys.argv[2]))
users = engine.source_table("users")
batches = engine.batches(users.select("name"), chunk_rows=1_000)
names = batches.read_next_batch()["name"].to_pylist()
print("reading", flush=True)
sys.stdin.readline()
names += [name for batch in batches for name in batch["name"].to_pylist()]
(again,) = engine.rows(users.aggregate(number=users.count()))
print(sorted(set(names)), len(names), again["number"])
"""

HOLDER = """
import sys
import rollbook

readers = rollbook.open(sys.argv[1]).lake.readers
with readers.standing_still():
    held = readers.add(int(sys.argv[2]))
print("reading", flush=True)
sys.stdin.readline()
"""

READERS_BY_CHANCE = """
import random, sys
from threading import Thread
import rollbook
from rollbook.errors import UnknownSnapshot

lake = rollbook.open(sys.argv[1]).lake
ended = []
Thread(target=lambda: ended.append(sys.stdin.readline()), daemon=True).start()
print("reading", flush=True)
reads = 0
while not ended:
    snapshot = random.choice(lake.snapshots())
    try:
        engine = lake.engine(snapshot.id)
    except UnknownSnapshot:
        continue  # It expired between the two lines.
    users = engine.source_table("users")
    read = engine.rows(users.aggregate(rows=users.count(), names=users.name.nunique()))
    expected = int(snapshot.source.split()[-1])
    assert read == [{"rows": 20_000, "names": 1 + expected}], (snapshot, read)
    engine.close()
    reads += 1
print(reads)
"""


@pytest.fixture
def changed_lake(lake: Lake) -> Lake:
    return four_times_loaded(lake)


@pytest.fixture
def either_changed_lake(either_lake: Lake) -> Lake:
    return four_times_loaded(either_lake)


def four_times_loaded(lake: Lake) -> Lake:
    """The first load makes a table, the others each change a thousand rows of it."""
    for number in range(4):
        load(lake, number)
    return lake


def load(lake: Lake, number: int) -> None:
    with lake.writing(f"load {number}") as connection:
        users = "lake.canvas.users"
        if number == 0:
            connection.execute(
                f"CREATE TABLE {users} AS SELECT range AS id, 'v0' AS name FROM range({ROWS})"
            )
            return
        rows = f"range({1_000 * number}, {1_000 * (number + 1)})"
        connection.execute(f"DELETE FROM {users} WHERE id IN (SELECT range FROM {rows})")
        connection.execute(f"INSERT INTO {users} SELECT range, 'v{number}' FROM {rows}")


def contents(lake: Lake) -> dict[str, tuple[int, int]]:
    """By load: the rows and the number of different names."""
    found = {}
    for snapshot in lake.snapshots():
        engine = lake.engine(snapshot.id)
        users = engine.source_table("users")
        (row,) = engine.rows(users.aggregate(rows=users.count(), names=users.name.nunique()))
        found[snapshot.source] = (row["rows"], row["names"])
        engine.close()
    return found


def files(lake: Lake) -> set[str]:
    bucket = read_settings(data=lake.folder).bucket
    if bucket is None:
        return {str(file) for file in (lake.folder / "lake").rglob("*") if file.is_file()}
    pages = obstore.list(bucket.store("lake"))
    return {str(item["path"]) for page in pages for item in page}


@contextmanager
def another_process(code: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has said that it is reading."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        yield process
        process.kill()


def snapshot(number: int, days_old: int) -> Snapshot:
    return Snapshot(number, NOW - timedelta(days=days_old), f"load {number}")


@pytest.mark.parametrize(
    ("policy", "expired"),
    [
        (Policy(days=5, number=1), [1, 2]),
        (Policy(days=5, number=3), [1]),
        (Policy(days=0, number=1), [1, 2, 3]),
        (Policy(days=30, number=1), []),
        (Policy(days=0, number=9), []),
    ],
)
def test_a_policy_keeps_what_is_young_and_so_many_of_the_newest(
    policy: Policy, expired: list[int]
) -> None:
    kept = [snapshot(number, days_old) for number, days_old in ((1, 9), (2, 6), (3, 4), (4, 1))]
    assert [item.id for item in policy.expired(kept, NOW)] == expired


def test_expired_snapshots_go_with_their_files(either_changed_lake: Lake) -> None:
    before = files(either_changed_lake)
    expired = expire(either_changed_lake, Policy(days=0, number=2), datetime.now(UTC))
    assert (len(expired.expired), expired.held, expired.files_awaiting_readers) == (2, (), 0)
    assert contents(either_changed_lake) == {"load 2": (ROWS, 3), "load 3": (ROWS, 4)}
    assert files(either_changed_lake) < before
    with pytest.raises(UnknownSnapshot, match="rollbook snapshots"):
        either_changed_lake.engine(expired.expired[0])


def test_compacting_leaves_every_snapshot_as_it_is(changed_lake: Lake) -> None:
    before = contents(changed_lake)
    done = compact(changed_lake)
    assert done.files_before > done.files_after > 0
    assert contents(changed_lake) == before
    expire(changed_lake, NEWEST_ALONE, datetime.now(UTC))
    load(changed_lake, 4)
    assert contents(changed_lake) == {"load 3": (ROWS, 4), "load 4": (ROWS, 5)}


def test_a_killed_reader_holds_nothing(either_changed_lake: Lake, tmp_path: Path) -> None:
    first = either_changed_lake.snapshots()[0]
    with another_process(HOLDER, str(tmp_path), str(first.id)) as reader:
        assert expire(either_changed_lake, NEWEST_ALONE, datetime.now(UTC)).held == (first.id,)
        reader.kill()
        reader.wait()
    assert first.id in expire(either_changed_lake, NEWEST_ALONE, datetime.now(UTC)).expired


def test_a_view_that_nobody_closed_holds_nothing_once_it_is_gone(changed_lake: Lake) -> None:
    first = changed_lake.snapshots()[0]
    engine = changed_lake.engine(first.id)
    assert expire(changed_lake, NEWEST_ALONE, datetime.now(UTC)).held == (first.id,)
    del engine
    gc.collect()
    assert expire(changed_lake, NEWEST_ALONE, datetime.now(UTC)).expired == (first.id,)


def test_what_another_process_reads_stays_until_it_has_ended(
    either_changed_lake: Lake, tmp_path: Path
) -> None:
    first = either_changed_lake.snapshots()[0]
    before = files(either_changed_lake)
    with another_process(READER, str(tmp_path), str(first.id)) as reader:
        assert compact(either_changed_lake).files_awaiting_readers > 0
        done = expire(either_changed_lake, NEWEST_ALONE, datetime.now(UTC))
        assert done.held == (first.id,)
        # Not even files of snapshots that are gone: they cannot be told from the others.
        assert done.files_awaiting_readers > 0
        assert before < files(either_changed_lake)
        # Who comes later does not matter.
        later = either_changed_lake.engine()
        answer, errors = reader.communicate("go on\n", timeout=60)
    assert (answer, errors) == (f"['v0'] {ROWS} {ROWS}\n", "")
    done = expire(either_changed_lake, NEWEST_ALONE, datetime.now(UTC))
    assert (done.expired, done.files_awaiting_readers) == ((first.id,), 0)
    assert before - files(either_changed_lake)
    later.close()


def test_reads_at_any_moment_of_upkeep_see_one_whole_snapshot(
    changed_lake: Lake, tmp_path: Path
) -> None:
    with another_process(READERS_BY_CHANCE, str(tmp_path)) as reader:
        for number in range(4, 6):
            load(changed_lake, number)
            expire(changed_lake, Policy(days=0, number=2), datetime.now(UTC))
            compact(changed_lake)
        answer, errors = reader.communicate("enough\n", timeout=60)
    assert (reader.returncode, errors) == (0, "")
    assert int(answer) > 0


def test_without_data_there_is_nothing_to_keep_small(tmp_path: Path) -> None:
    empty = rollbook.open(tmp_path).lake
    with pytest.raises(EmptyLake):
        expire(empty, NEWEST_ALONE, NOW)
    with pytest.raises(EmptyLake):
        compact(empty)
    assert list(tmp_path.iterdir()) == []
