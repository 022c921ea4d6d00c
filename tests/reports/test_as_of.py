"""`as_of`: which snapshot a number or a moment means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rollbook.engines.engine import Snapshot
from rollbook.engines.postgres import Postgres
from rollbook.errors import BadParameter, EmptyLake, RollbookError, UnknownSnapshot
from rollbook.reports.as_of import find_snapshot, given_as_of, open_as_of, without_as_of

DENVER = ZoneInfo("America/Denver")
SNAPSHOTS = [
    Snapshot(number, datetime(2026, 11, day, 6, tzinfo=UTC), "a load")
    for number, day in ((3, 20), (5, 21), (8, 22))
]


@pytest.mark.parametrize(
    ("as_of", "number"),
    [
        (5, 5),
        ("8", 8),
        # Loaded at this very moment counts.
        ("2026-11-21T06:00:00Z", 5),
        ("2026-11-21T05:59:59Z", 3),
        # Midnight in Denver is seven o'clock in UTC.
        ("2026-11-21", 5),
        ("2026-11-20 23:00", 5),
        ("2026-11-20T22:59", 3),
        ("2026-11-22T07:00:00+01:00", 8),
        ("2099-01-01", 8),
        (datetime(2026, 11, 21, 6, tzinfo=UTC), 5),
    ],
)
def test_it_is_a_number_or_the_newest_snapshot_at_or_before_a_moment(
    as_of: Any, number: int
) -> None:
    assert find_snapshot(as_of, SNAPSHOTS, DENVER).id == number


@pytest.mark.parametrize(
    ("as_of", "error", "sentence"),
    [
        (4, UnknownSnapshot, "There is no snapshot 4. `rollbook snapshots` lists"),
        (
            "2026-11-19",
            UnknownSnapshot,
            "the oldest snapshot, 3, was loaded at 2026-11-19T23:00:00-07:00.",
        ),
        ("yesterday", BadParameter, "as_of is a snapshot's number, a date or a time"),
        (True, BadParameter, "not True"),
        ({"a": "b"}, BadParameter, "as_of is"),
        ("9" * 5_000, BadParameter, "as_of is"),
        ("2026-02-30", BadParameter, "There is no such time"),
    ],
)
def test_what_it_cannot_mean_is_said(as_of: Any, error: type[RollbookError], sentence: str) -> None:
    with pytest.raises(error) as raised:
        find_snapshot(as_of, SNAPSHOTS, DENVER)
    assert sentence in str(raised.value)


def test_without_data_there_is_no_earlier_state() -> None:
    with pytest.raises(EmptyLake):
        find_snapshot(1, [], DENVER)


def test_a_database_has_no_earlier_state() -> None:
    # Said before anything is read: there is no such server.
    source = Postgres("postgresql://127.0.0.1:1/canvas")
    with pytest.raises(BadParameter, match="only the lake keeps earlier snapshots"):
        open_as_of(source, "2026-11-21", "self")


def test_it_is_taken_out_of_the_parameters() -> None:
    assert given_as_of({"as_of": " ", "a": 1}) is None
    assert given_as_of({"as_of": 3}) == 3
    assert without_as_of({"as_of": 3, "a": 1}) == {"a": 1}
