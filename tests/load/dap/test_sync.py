"""The lake is kept fresh from DAP, and nothing is left out (data_sources.md, 2.7)."""

from __future__ import annotations

import gzip
import json
import resource
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random

import pytest
from load.canvas_data.dump import updates, write_job
from load.dap.conftest import Syncer
from load.dap.server import DapServer, Reply, busy

from rollbook.errors import BadSource, DiskFull, LoadConflict, RowsLost, SourceUnavailable
from rollbook.load.canvas_data import CanvasDataOptions, tables_complete_until
from rollbook.load.loading import loading

ANA, BEN, CY = ({"id": n, "name": name} for n, name in ((1, "Ana"), (2, "Ben"), (3, "Cy")))


def test_a_table_comes_as_a_whole_first_and_then_its_changes(
    server: DapServer, sync: Syncer
) -> None:
    server.commit("users", ANA, BEN)
    first = sync()
    server.commit("users", {"id": 2, "name": "Benjamin"}, CY)
    server.delete("users", 1)

    second = sync()

    assert sync.users == [(2, "Benjamin"), (3, "Cy")]
    assert server.asked("data") == ["users snapshot", "users incremental"]
    assert second.tables[0].since == first.tables[0].until
    assert tables_complete_until(sync.dump.lake) == {"users": second.tables[0].until}
    assert [snapshot.source for snapshot in sync.dump.lake.snapshots()] == [
        f"Canvas Data from {server.service.host}"
    ] * 2
    assert not sync.downloads.exists()


def test_chosen_tables_come_and_others_stay(server: DapServer, sync: Syncer) -> None:
    server.commit("users")
    server.commit("courses", {"id": 1, "name": "Art"})
    sync()
    assert sync.users == []
    server.commit("users", ANA)
    server.commit("courses", {"id": 1, "name": "Arts"})

    (courses,) = sync("courses").tables

    assert sync.dump.values("courses", "name") == ["Arts"]
    assert sync.users == []
    until = tables_complete_until(sync.dump.lake)
    assert until["users"] == courses.since
    assert until["courses"] == courses.until


def test_files_that_stayed_after_their_load_are_not_taken_for_new(
    server: DapServer, sync: Syncer
) -> None:
    """A crash between the lake's snapshot and the end of a sync leaves them."""
    server.commit("users", ANA)
    with loading(sync.dump.lake, "another load"), pytest.raises(LoadConflict):
        sync()
    shutil.copytree(sync.downloads, sync.dump.folder / "copy")
    sync()
    assert server.asked("data") == ["users snapshot"]
    shutil.copytree(sync.dump.folder / "copy", sync.downloads)
    server.commit("users", BEN)

    sync()

    assert sync.users == [(1, "Ana"), (2, "Ben")]
    assert server.asked("data") == ["users snapshot", "users incremental"]


def test_no_change_is_lost_however_often_a_sync_is_interrupted(
    server: DapServer, sync: Syncer
) -> None:
    random = Random(20)  # noqa: S311 (nothing secret)
    server.rows_per_file = 2
    server.commit("users")
    for _ in range(7):
        for _ in range(random.randrange(3)):
            number = random.randrange(1, 6)
            if number in server.rows("users") and random.random() < 0.4:
                server.delete("users", number)
            else:
                server.commit("users", {"id": number, "name": f"at {server.now}"})
        route = random.choice(("tables", "data", "job", "url", "file"))
        server.reply(route, *[busy(500)] * random.choice((0, 3, 3)))
        with suppress(SourceUnavailable):
            sync()

    server.as_usual()
    sync()

    assert sync.users == [(n, row["name"]) for n, row in sorted(server.rows("users").items())]


def test_changes_loaded_by_hand_leave_no_gap(server: DapServer, sync: Syncer) -> None:
    server.commit("users", ANA)
    sync()
    server.commit("users", BEN)
    folder = sync.dump.folder / "by-hand"
    write_job(folder, updates(CY, ts="2027-01-01T00:00:00Z"))
    (folder / "manifest.json").write_text(
        json.dumps(
            {
                "table": "users",
                "kind": "incremental",
                "since": "2026-12-31T00:00:00Z",
                "at": "2027-01-01T00:00:00Z",
            }
        )
    )
    sync.dump.load(folder)

    sync()

    assert sync.users == [(1, "Ana"), (2, "Ben"), (3, "Cy")]


def test_a_damaged_file_is_fetched_again_the_next_time(server: DapServer, sync: Syncer) -> None:
    server.commit("users", ANA)
    server.reply("file", Reply(200, gzip.compress(b"{" * 100)[:-4]))
    with pytest.raises(BadSource, match=r"users/part-.* is cut off"):
        sync()

    sync()

    assert sync.users == [(1, "Ana")]


def test_a_table_that_loses_too_much_is_refused(server: DapServer, sync: Syncer) -> None:
    server.commit("users", ANA, BEN)
    sync()
    server.delete("users", 1, 2)

    with pytest.raises(RowsLost, match="users from 2 to 0 rows"):
        sync(loading=CanvasDataOptions(largest_loss=0.5))

    assert not list(sync.downloads.iterdir())


def test_a_full_disk_costs_no_download(server: DapServer, sync: Syncer) -> None:
    """The files have room, what DuckDB makes of all of them has not."""
    random = Random(20)  # noqa: S311
    server.commit(
        "users", *({"id": n, "name": random.randbytes(200).hex()} for n in range(1, 4000))
    )
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024**2, limits[1]))
    try:
        with pytest.raises(DiskFull, match="The disk is full"):
            sync()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    server.calls.clear()

    sync()

    assert len(sync.users) == 3999
    assert server.asked("data") == []


def test_two_syncs_do_not_meet(server: DapServer, sync: Syncer) -> None:
    server.commit("users", ANA)
    server.hold = lambda number: True
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(sync)
        assert server.held.wait(60)

        with pytest.raises(LoadConflict, match="Another sync into"):
            sync()

        server.release.set()
        assert first.result(60).load.snapshot
