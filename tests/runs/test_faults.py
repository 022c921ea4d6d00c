"""What the machine may lack, with real disks, rights, locks and clocks: said, and nothing lost."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import ibis
import pytest
from api.inside import Inside, inside
from api.live import PROVISIONING, until
from output.s3_server import S3Server
from runs.bench import ACCOUNTS, Bench, accounts_file, bench_on
from runs.small_disk import SmallDisk

from rollbook import bucket
from rollbook.audit import NOBODY
from rollbook.bucket import Bucket
from rollbook.canvas.tables import Tables
from rollbook.config import Settings
from rollbook.errors import DiskFull, ResourceError
from rollbook.faults import patiently
from rollbook.load.json_tables import load_tables
from rollbook.output.bucket_files import BucketFiles
from rollbook.reports.report import Column, OutputFile, Plan
from rollbook.reports.scope import Scope
from rollbook.runs.model import Run, Status
from rollbook.runs.performance import perform
from rollbook.runs.store import RunStore
from rollbook.state import database as state
from rollbook.state.database import Database, open_database

FULL = (
    "The disk is full, or cannot be written. Free some space, then try again; "
    "`rollbook doctor` shows what is left."
)


def new_run(database: Database) -> Run:
    values = {"account_id": 1, "report": "x", "parameters": {}, "now": datetime.now(UTC)}
    return RunStore(database).create(actor=NOBODY, **values)[0]  # type: ignore[arg-type]


def test_a_report_on_a_full_disk_fails_with_the_reason_and_can_be_run_again(
    disk: SmallDisk, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = open_database(Settings(data=disk.folder))
    bench = bench_on(database, data, disk.folder)
    may_end, is_full = Event(), Event()

    def fills_the_disk(_tables: Tables, _scope: Scope) -> Plan:
        # Given that the disk fills up when the run has begun.
        is_full.set()
        may_end.wait(60)
        numbers = ibis.range(300_000).unnest().name("n").as_table()
        return Plan((OutputFile("numbers", (Column("n", numbers.n),), numbers),))

    run = bench.new_run(fills_the_disk)
    worker = Thread(target=perform, args=[bench.place, run.id])
    worker.start()
    assert is_full.wait(60)
    with disk.full():
        may_end.set()
        # Where the state cannot be written either, the run's end waits for space.
        until(lambda: "run failed" in caplog.messages)
    worker.join(60)
    ended = bench.place.store.get(run.id)
    assert (ended.status, ended.file) == (Status.ERROR, None)
    assert ended.parameters["extra_text"] == f"Failed, {FULL}"
    assert (bench.stored(), bench.left_over()) == ([], [])
    assert bench.performed(bench.new_run(accounts_file)).status is Status.COMPLETE
    database.close()


@pytest.fixture(params=["refuses", "is slow"])
def away(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[BucketFiles]:
    """A bucket whose server takes no calls, or takes them and never answers."""
    monkeypatch.setattr(bucket, "_RETRY_TIME", timedelta(seconds=0.3))
    monkeypatch.setattr(bucket, "_PIECE_TIMEOUT", "200ms")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if request.param == "is slow":
            server.listen()
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        yield BucketFiles(Bucket("reports", "", address, "nowhere", "key", "secret"))


def test_a_report_whose_store_is_away_fails_with_the_reason_and_can_be_run_again(
    bench: Bench, away: BucketFiles, s3_server: S3Server
) -> None:
    bench.place = replace(bench.place, files=away)
    ended = bench.performed(bench.new_run(accounts_file))
    assert (ended.status, ended.file) == (Status.ERROR, None)
    reason = "Failed, The files in bucket reports cannot be reached. Try again in a moment;"
    assert ended.parameters["extra_text"].startswith(reason)
    assert bench.left_over() == []
    bench.place = replace(bench.place, files=s3_server.files())
    again = bench.performed(bench.new_run(accounts_file))
    assert again.file is not None
    assert b"".join(bench.place.files.read(again.file.location)) == b"id\n1\n"


def test_runs_accepted_before_the_disk_was_full_are_kept(disk: SmallDisk) -> None:
    database = open_database(Settings(data=disk.folder))
    accepted = [new_run(database).id]

    def accept_many() -> None:
        while True:
            accepted.append(new_run(database).id)

    with disk.full(), pytest.raises(DiskFull, match="The disk is full"):
        accept_many()
    accepted.append(new_run(database).id)
    runs, number = RunStore(database).page(account_id=1, report="x", offset=0, limit=10_000)
    assert sorted(run.id for run in runs) == accepted
    assert number == len(accepted)
    database.close()


def test_a_load_on_a_full_disk_changes_nothing_and_can_be_repeated(disk: SmallDisk) -> None:
    lake = Settings(data=disk.folder).lake
    load_tables(lake, {"accounts": ACCOUNTS}, "first")
    users = [{"id": number, "name": os.urandom(16).hex()} for number in range(2_000)]
    with disk.full(), pytest.raises(DiskFull, match="The disk is full"):
        load_tables(lake, {"accounts": ACCOUNTS, "users": users}, "second")
    assert [snapshot.source for snapshot in lake.snapshots()] == ["first"]
    load_tables(lake, {"accounts": ACCOUNTS, "users": users}, "second")
    assert [snapshot.source for snapshot in lake.snapshots()] == ["first", "second"]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """A server whose database waits for others only a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state, "_BUSY_SECONDS", 0.05)
        with inside(tmp_path_factory.mktemp("data")) as api:
            api.http.headers.update(api.headers())
            yield api


def start(api: Inside) -> tuple[int, str]:
    answer = api.http.post(PROVISIONING, data={"parameters[users]": "true"})
    return answer.status_code, answer.text


def test_while_the_database_is_locked_a_start_is_refused_and_later_taken(api: Inside) -> None:
    with closing(sqlite3.connect(api.settings.data / "state.sqlite")) as other:
        other.execute("BEGIN IMMEDIATE")
        status, text = start(api)
        assert status == 503
        assert "The state database is held by another program" in text
        assert api.http.get(PROVISIONING).json() == []
        other.rollback()
    assert start(api)[0] == 200
    assert len(api.http.get(PROVISIONING).json()) == 1


def test_a_result_waits_for_a_locked_database(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(state, "_BUSY_SECONDS", 0.05)
    database = open_database(Settings(data=bench.folder))
    store = RunStore(database)
    run = bench.new_run(accounts_file)
    with closing(sqlite3.connect(bench.folder / "state.sqlite", check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ResourceError):
            store.move(run.id, Status.RUNNING)
        moved: list[bool] = []
        writer = Thread(target=lambda: moved.append(patiently(store.move, run.id, Status.RUNNING)))
        writer.start()
        until(lambda: any(record.name == "stamina" for record in caplog.records))
        assert moved == []
        other.rollback()
    writer.join(60)
    assert moved == [True]
    database.close()


def test_a_database_that_is_gone_is_missed_not_replaced_by_an_empty_one(api: Inside) -> None:
    file = api.settings.data / "state.sqlite"
    before = [run["id"] for run in api.http.get(PROVISIONING).json()]
    away = file.rename(file.with_name("elsewhere"))
    answer = api.http.get(PROVISIONING)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "Bring state.sqlite back to the data folder" in answer.text
    assert start(api)[0] == 503
    assert not file.exists()
    away.rename(file)
    assert [run["id"] for run in api.http.get(PROVISIONING).json()] == before
    assert start(api)[0] == 200


def without_privileges() -> None:
    """Let this process write only what the modes of files allow, though it may be root's."""
    drop_from_bounding_set, override, read_search = 24, 1, 2
    with suppress(OSError):
        for capability in (override, read_search):
            ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0)


CALLS = """
import sys
from pathlib import Path
from cli.command import Rollbook

rollbook = Rollbook(Path(sys.argv[1]))
print(" ".join(rollbook("worker", "--data", ".", status=1).stderr.split()))
print(rollbook("doctor", "--data", ".", "--json", status=1).stdout)
"""
TESTS = Path(__file__).parents[1]


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    load_tables(Settings(data=tmp_path).lake, {"accounts": ACCOUNTS}, "tests")
    tmp_path.chmod(0o500)
    done = subprocess.run(
        [sys.executable, "-c", CALLS, str(tmp_path)],
        preexec_fn=without_privileges,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([*sys.path, str(TESTS)])},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    tmp_path.chmod(0o700)
    said, _, answer = done.stdout.partition("\n")
    assert "Rollbook may not open or write a file that it needs (work)" in said
    wrong = [finding for finding in json.loads(answer) if finding["level"] == "wrong"]
    assert [finding["check"] for finding in wrong] == ["folder"]
    assert "chown" in wrong[0]["advice"]


@pytest.mark.parametrize(
    ("second", "starts", "ends"),
    [
        (datetime(2026, 11, 1, 5, 59, 59, tzinfo=UTC), "T01:59:59-04:00", "T01:00:01-05:00"),
        (datetime(2026, 3, 8, 6, 59, 59, tzinfo=UTC), "T01:59:59-05:00", "T03:00:01-04:00"),
    ],
)
def test_a_run_over_the_change_of_daylight_saving_takes_two_seconds(
    api: Inside, monkeypatch: pytest.MonkeyPatch, second: datetime, starts: str, ends: str
) -> None:
    """The root account of the tests is in New York; so is the server here."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    api.clock.now = second
    store = api.services.runs.store
    run, _ = store.create(
        account_id=1, report="provisioning_csv", parameters={}, actor=NOBODY, now=second
    )
    store.move(run.id, Status.RUNNING, started_at=second)
    store.fail(
        run.id,
        of_attempt=0,
        cause="Test",
        extra_text="",
        message="",
        now=second + timedelta(seconds=2),
    )
    shown = api.http.get(f"{PROVISIONING}/{run.id}").json()
    assert shown["started_at"].endswith(starts)
    assert shown["ended_at"].endswith(ends)
    assert shown["run_time"] == 2.0
    monkeypatch.undo()
    time.tzset()
