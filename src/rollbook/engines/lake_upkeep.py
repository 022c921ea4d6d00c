"""What keeps a lake small: expired snapshots go, small files become large ones.

Reports go on beside it. A snapshot that somebody reads stays, and a file that was replaced stays
until all who may still read it have ended.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from rollbook.engines.engine import Snapshot
from rollbook.engines.lake import Lake

_REWRITTEN_SHARE = 0.1
"""A file that lost so much of its rows is written anew without them."""


@dataclass(frozen=True)
class Policy:
    """Which snapshots are kept: those that are young, and some more."""

    days: int
    """Younger snapshots are kept."""
    number: int
    """So many of the newest are kept whatever their age; the newest always is."""

    def expired(self, snapshots: Sequence[Snapshot], now: datetime) -> list[Snapshot]:
        """The snapshots that need not be kept, of those given from the oldest to the newest."""
        oldest = now - timedelta(days=self.days)
        old = snapshots[: -max(self.number, 1)]
        return [snapshot for snapshot in old if snapshot.loaded_at < oldest]


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """What was expired."""

    expired: tuple[int, ...]
    """The snapshots that are gone."""
    held: tuple[int, ...]
    """The snapshots that would have gone, but are being read."""
    freed_bytes: int
    files_awaiting_readers: int
    """Files that go later, as reports that began before they were replaced may read them."""


@dataclass(frozen=True, kw_only=True)
class Compaction:
    """What was compacted."""

    files_before: int
    """The files that were written anew."""
    files_after: int
    """The files that took their place."""
    freed_bytes: int
    files_awaiting_readers: int
    """As in `Expiry`."""


def expire(lake: Lake, policy: Policy, now: datetime) -> Expiry:
    """Take the snapshots away that a policy does not keep and nobody reads, with their files.

    Args:
        lake: the lake.
        policy: what is kept.
        now: the present, aware.

    Raises:
        EmptyLake: nothing was loaded.
        LoadConflict: a load or another clean-up is running.
    """
    lake.snapshot()
    with lake.changing() as connection:
        size = lake.size()
        _delete_replaced_files(lake, connection)
        had_replaced_files = _replaced_files(connection)
        with lake.readers.standing_still():
            held = set(lake.readers.living().values())
            unwanted = {snapshot.id for snapshot in policy.expired(lake.snapshots(), now)}
            _expire(connection, lake, unwanted - held)
        if not had_replaced_files:
            # What waits now belonged to expired snapshots alone, so that nobody reads it.
            _delete_files(connection)
        return Expiry(
            expired=tuple(sorted(unwanted - held)),
            held=tuple(sorted(unwanted & held)),
            freed_bytes=max(size - lake.size(), 0),
            files_awaiting_readers=_replaced_files(connection),
        )


def compact(lake: Lake) -> Compaction:
    """Merge small files, drop deleted rows, take away files that no snapshot has.

    All snapshots stay as they are.

    Raises:
        EmptyLake: nothing was loaded.
        LoadConflict: a load or another clean-up is running.
    """
    lake.snapshot()
    with lake.changing() as connection:
        size = lake.size()
        _delete_replaced_files(lake, connection)
        # Whoever reads until the new files are committed may have the old ones in hand.
        lake.readers.await_unknown()
        written = connection.execute(
            f"CALL ducklake_rewrite_data_files('lake', delete_threshold => {_REWRITTEN_SHARE})"
        ).fetchall()
        written += connection.execute("CALL ducklake_merge_adjacent_files('lake')").fetchall()
        lake.readers.await_present()
        _delete_replaced_files(lake, connection)
        connection.execute("CALL ducklake_delete_orphaned_files('lake', cleanup_all => true)")
        return Compaction(
            files_before=sum(row[2] for row in written),
            files_after=sum(row[3] for row in written),
            freed_bytes=max(size - lake.size(), 0),
            files_awaiting_readers=_replaced_files(connection),
        )


def _expire(connection: duckdb.DuckDBPyConnection, lake: Lake, unwanted: Collection[int]) -> None:
    """Expire snapshots, and with them those that only upkeep made and nobody can ask for."""
    if not unwanted:
        return
    numbers = [row[0] for row in connection.execute("FROM ducklake_snapshots('lake')").fetchall()]
    kept = {snapshot.id for snapshot in lake.snapshots()} - set(unwanted) | {max(numbers)}
    connection.execute(
        "CALL ducklake_expire_snapshots('lake', versions => ?)",
        [[number for number in numbers if number not in kept]],
    )


def _delete_replaced_files(lake: Lake, connection: duckdb.DuckDBPyConnection) -> None:
    if _replaced_files(connection) and not lake.readers.awaited():
        _delete_files(connection)


def _replaced_files(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute(
        "SELECT count(*) FROM ducklake_cleanup_old_files('lake', cleanup_all => true, dry_run => true)"
    ).fetchone()
    return int(row[0]) if row else 0


def _delete_files(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")
