"""Snapshots replace tables, incrementals change them (data_sources.md, 2.7)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from load.canvas_data.dump import Dump, Record, deletions, records, updates, write_job

from rollbook.engines.lake import LakeEngine
from rollbook.errors import BadSource, MissingTable
from rollbook.load.demo import load_demo

EIGHT, NINE, TEN = (f"2025-01-01T{hour:02}:00:00Z" for hour in (8, 9, 10))
ANA, BEN, CY = ({"id": n, "name": name} for n, name in ((1, "Ana"), (2, "Ben"), (3, "Cy")))
USERS = records(ANA, BEN, ts=EIGHT)


def users(dump: Dump) -> list[tuple[Any, ...]]:
    return dump.rows("users", "id", "name")


def test_changes_add_replace_and_delete(dump: Dump) -> None:
    dump.load_records("users", USERS)

    dump.load_records(
        "users", [*updates({"id": 2, "name": "Benjamin"}, CY, ts=NINE), *deletions(1, ts=NINE)]
    )

    assert users(dump) == [(2, "Benjamin"), (3, "Cy")]
    details = dump.details("users")
    assert (details["changed"], details["deleted"], details["rows_before"]) == (2, 1, 2)


def test_older_changes_than_the_lakes_rows_count_no_more(dump: Dump) -> None:
    dump.load_records("users", USERS)
    dump.load_records("users", [*updates({"id": 1, "name": "new"}, ts=TEN), *deletions(2, ts=TEN)])

    dump.load_records("users", updates({"id": 1, "name": "old"}, BEN, ts=NINE))

    assert users(dump) == [(1, "new")]
    assert dump.details("users")["stale"] == 2


def test_a_row_that_was_deleted_can_come_back(dump: Dump) -> None:
    dump.load_records("users", USERS)
    dump.load_records("users", deletions(2, ts=NINE))
    dump.load_records("users", updates(BEN, ts=TEN))

    assert users(dump) == [(1, "Ana"), (2, "Ben")]


def test_a_snapshot_replaces_all_rows_and_forgets_deletions(dump: Dump) -> None:
    dump.load_records("users", USERS)
    dump.load_records("users", [*updates(CY, ts=TEN), *deletions(2, ts=TEN)])

    dump.load_records("users", records(BEN, ts=NINE))
    dump.load_records("users", updates({"id": 2, "name": "Benno"}, ts=NINE))

    assert users(dump) == [(2, "Benno")]


def test_only_the_newest_record_of_a_key_counts(dump: Dump) -> None:
    twice = records({"id": 1, "name": "new"}, ts=TEN) + records({"id": 1, "name": "old"}, ts=NINE)

    summary = dump.load_records("users", twice)

    assert users(dump) == [(1, "new")]
    assert dump.details("users")["duplicates"] == 1
    assert summary.warnings == ("users: 1 record had the key of another; the newest stayed.",)


def test_snapshot_and_changes_of_one_dump_make_one_snapshot_of_the_lake(dump: Dump) -> None:
    for number, ts in ((3, TEN), (2, NINE)):
        write_job(
            dump.folder / "d" / "users" / f"job_{number}",
            [*updates({"id": 2, "name": f"of {ts}"}, ts=ts), *deletions(1, ts=ts)],
        )
    write_job(dump.folder / "d" / "users" / "job_9", USERS)
    write_job(dump.folder / "d" / "roles" / "job_4", USERS)

    dump.load(dump.folder / "d")

    assert len(dump.lake.snapshots()) == 1
    assert users(dump) == [(2, f"of {TEN}")]


def test_tables_without_files_stay(dump: Dump) -> None:
    dump.load_records("roles", USERS)
    dump.load_records("users", USERS)

    assert dump.values("roles", "name") == ["Ana", "Ben"]
    assert dump.details("roles")["rows"] == 2


def test_data_of_another_kind_are_replaced(dump: Dump) -> None:
    load_demo(dump.lake, "tiny")

    summary = dump.load_records("users", USERS)

    assert users(dump) == [(1, "Ana"), (2, "Ben")]
    with pytest.raises(MissingTable):
        dump.rows("courses", "id")
    assert "The lake held other data (demo tiny)" in summary.warnings[0]


def test_changes_of_nothing_are_refused(dump: Dump) -> None:
    with pytest.raises(BadSource, match="the lake has no such table to change"):
        dump.load_records("users", updates(ANA, ts=NINE))
    assert dump.lake.snapshots() == []


def test_changes_without_times_are_refused(dump: Dump) -> None:
    dump.load_records("users", USERS)
    file = dump.folder / "d" / "users-incremental" / "users.csv"
    file.parent.mkdir(parents=True)
    file.write_text("key.id,value.name,meta.action\n1,Ana,U\n")

    with pytest.raises(BadSource, match=r"no column meta\.ts"):
        dump.load(dump.folder / "d")


def test_new_columns_come_with_the_dump_that_has_them(dump: Dump) -> None:
    dump.load_records("users", records(*({"id": n, "name": "x"} for n in range(1, 31)), ts=EIGHT))
    dump.load_records("users", updates({"id": 1, "name": "y", "pronouns": "she"}, ts=NINE))

    found = dump.rows("users", "name", "pronouns")

    assert (found[0], set(found[1:])) == (("y", "she"), {("x", None)})
    engine = dump.lake.engine()
    assert without_pronouns(engine) == 29
    engine.close()


def without_pronouns(engine: LakeEngine) -> int:
    """A question whose answer the engine may take from statistics."""
    found = engine._connection.execute(
        "SELECT count(*) - count(pronouns) FROM lake.canvas.users WHERE pronouns IS NULL"
    ).fetchone()
    assert found
    return int(found[0])


def test_columns_that_a_dump_lost_are_empty(dump: Dump) -> None:
    dump.load_records("users", records({"id": 1, "name": "x", "pronouns": "she"}, ts=EIGHT))
    dump.load_records("users", updates({"id": 1, "name": "y"}, ts=NINE))
    assert dump.rows("users", "name", "pronouns") == [("y", None)]

    dump.load_records("users", records({"id": 1, "name": "z"}, ts=TEN))
    assert "pronouns" in dump.details("users")["missing_columns"]
    assert dump.rows("users", "name", "pronouns") == [("z", None)]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_file_without_records_is_a_table_without_rows(dump: Dump, form: str) -> None:
    write_job(dump.folder / "d" / "users", [], form, columns=["name"])
    write_job(dump.folder / "d" / "roles", USERS)

    dump.load(dump.folder / "d")
    assert users(dump) == []

    dump.load(dump.folder / "d")
    dump.load_records("users", USERS)
    write_job(dump.folder / "e" / "users", [], "jsonl")
    dump.load(dump.folder / "e")
    assert len(users(dump)) == 2  # Nothing tells that it is not an incremental without changes.


@dataclass(frozen=True)
class History:
    """A table as it was, and what happened to it, in pieces."""

    start: dict[int, int]
    changes: list[dict[int, tuple[int, bool]]]
    """Of each piece, by key: the moment, and whether the row is gone."""


@st.composite
def histories(draw: st.DrawFn) -> History:
    keys = st.integers(1, 5)
    start = dict.fromkeys(draw(st.sets(keys)), 0)
    moment, pieces = 0, []
    for _ in range(draw(st.integers(1, 4))):
        piece = {}
        for key in draw(st.sets(keys, min_size=1)):
            moment += 1
            piece[key] = (moment, draw(st.booleans()))
        pieces.append(piece)
    return History(start, pieces)


def moment(number: int) -> str:
    return f"2025-01-01T00:{number:02}:00.000Z"


def as_records(piece: dict[int, tuple[int, bool]]) -> list[Record]:
    return [
        Record(key, {} if gone else {"name": str(at)}, moment(at), "D" if gone else "U")
        for key, (at, gone) in piece.items()
    ]


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), st.randoms(use_true_random=False))
def test_changes_in_any_order_and_number_give_the_same_rows(
    history: History, random: Random
) -> None:
    expected = dict.fromkeys(history.start, "0")
    for piece in history.changes:
        for key, (at, gone) in piece.items():
            expected[key] = str(at)
            if gone:
                del expected[key]
    order = [*history.changes, random.choice(history.changes)]
    random.shuffle(order)
    with TemporaryDirectory() as folder:
        dump = Dump(Path(folder))
        start = records(*({"id": key, "name": "0"} for key in history.start), ts=moment(0))
        write_job(dump.folder / "start" / "users", start, columns=["name"])
        dump.load(dump.folder / "start")
        while order:
            # Some loads bring several pieces at once.
            source = dump.folder / f"in-{len(order)}"
            for number in range(random.randint(1, len(order))):
                form = random.choice(["csv", "jsonl", "tsv"])
                job = source / "users" / f"job_{number}"
                write_job(job, as_records(order.pop()), form, columns=["name"])
            dump.load(source)
        assert dict(users(dump)) == expected
