"""What a worker does with a run, in this process, on a real lake and a real store."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from api.live import until
from runs.bench import ACCOUNTS, Bench, accounts_file, endless_file

from rollbook.canvas.tables import Tables
from rollbook.config import Settings
from rollbook.errors import BadParameter
from rollbook.load.json_tables import load_tables
from rollbook.output.files import LocalFiles
from rollbook.reports.report import Plan
from rollbook.reports.scope import Scope
from rollbook.runs.model import Status
from rollbook.runs.performance import MOST_DEATHS, perform
from rollbook.runs.views import LakeViews
from rollbook.runs.watch import ProgressNotes


def no_file(_tables: Tables, _scope: Scope) -> Plan:
    return Plan(())


def refused(_tables: Tables, _scope: Scope) -> Plan:
    raise BadParameter("start_at is after end_at. Swap them.")


def broken(_tables: Tables, _scope: Scope) -> Plan:
    raise ZeroDivisionError("a secret detail")


def test_a_run_ends_complete_with_its_file(bench: Bench) -> None:
    run = bench.performed(bench.new_run(accounts_file, a="b"))
    assert (run.status, run.progress, run.current_line) == (Status.COMPLETE, 100, 2)
    assert run.parameters == {"a": "b", "locale": "en", "extra_text": "Own;"}
    assert run.file is not None
    assert b"".join(bench.place.files.read(run.file.location)) == b"id\n1\n"
    assert run.snapshot is not None
    assert bench.left_over() == []


def test_what_a_run_computed_stands_among_its_parameters(bench: Bench) -> None:
    """As `start_at` of a range that was too long; what was given stays as it was sent."""

    def computing(tables: Tables, scope: Scope) -> Plan:
        return replace(accounts_file(tables, scope), computed_parameters={"start_at": "later"})

    run = bench.performed(bench.new_run(computing, start_at="early", end_at="March"))
    assert (run.parameters["start_at"], run.parameters["end_at"]) == ("later", "March")
    assert run.requested == {"start_at": "early", "end_at": "March"}


def test_a_run_shows_its_settings_in_words_while_it_works(bench: Bench) -> None:
    """Once they are known, as clients that poll read them (courses_and_tools.md, 1.8)."""
    shown: list[str] = []

    class Looking(LocalFiles):
        def put(self, file: Path, location: str) -> None:
            shown.append(bench.place.store.get(run.id).parameters["extra_text"])
            super().put(file, location)

    run = bench.new_run(accounts_file, extra_text="Mine;")
    bench.place = replace(bench.place, files=Looking(bench.folder / "files"))
    ended = bench.performed(run)
    assert {*shown, ended.parameters["extra_text"]} == {"Mine; Own;"}


def test_a_run_performed_again_stays_as_it_is(bench: Bench) -> None:
    run = bench.performed(bench.new_run(accounts_file))
    assert bench.performed(run) == run
    assert bench.stored() == [f"{run.id}-1.csv", f"{run.id}-1.json"]


def test_a_run_whose_worker_died_leaves_one_file(bench: Bench) -> None:
    run = bench.new_run(accounts_file)
    store = bench.place.store
    store.move(run.id, Status.RUNNING, of_attempt=0, attempt=1)
    # It died between storing its file and saying so.
    (bench.folder / "files").mkdir()
    (bench.folder / "files" / f"{run.id}-1.csv").write_text("half of it")
    (bench.folder / "files" / f"{run.id}-1.json").write_text("of that")
    again = bench.performed(run)
    assert (again.status, again.attempt) == (Status.COMPLETE, 2)
    assert bench.stored() == [f"{run.id}-2.csv", f"{run.id}-2.json"]


@pytest.mark.parametrize(
    ("attempts", "target", "end"),
    [
        (1, Status.ABORTED, Status.ABORTED),
        (1, Status.DELETED, Status.DELETED),
        (MOST_DEATHS, Status.RUNNING, Status.ERROR),
    ],
)
def test_a_run_that_is_not_begun_again_leaves_no_file(
    bench: Bench, attempts: int, target: Status, end: Status
) -> None:
    """Its worker died between storing a file and saying so; then somebody stopped it."""
    run = bench.new_run(accounts_file)
    for attempt in range(attempts):
        bench.place.store.move(run.id, Status.RUNNING, of_attempt=attempt, attempt=attempt + 1)
    (bench.folder / "files").mkdir()
    for extension in ("csv", "json"):
        (bench.folder / "files" / f"{run.id}-{attempts}.{extension}").write_text("unregistered")
    bench.place.store.move(run.id, target)
    assert bench.performed(run).status is end
    assert bench.stored() == []


def test_a_deleted_run_keeps_its_file_though_it_is_taken_up_again(bench: Bench) -> None:
    """Its worker died before the queue had noted that the run is done."""
    run = bench.performed(bench.new_run(accounts_file))
    bench.place.store.move(run.id, Status.DELETED)
    assert bench.performed(run).file == run.file
    assert bench.stored() == [f"{run.id}-1.csv", f"{run.id}-1.json"]


def test_progress_never_falls_back_though_a_run_is_begun_again(bench: Bench) -> None:
    seen = list[int]()

    def looking(tables: Tables, scope: Scope) -> Plan:
        seen.append(bench.place.store.get(run.id).progress)
        return accounts_file(tables, scope)

    run = bench.new_run(looking)
    bench.place.store.move(run.id, Status.RUNNING, of_attempt=0, attempt=1, progress=60)
    again = bench.performed(run)
    assert seen == [60]
    assert (again.attempt, again.progress) == (2, 100)


def test_progress_notes_never_fall_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rollbook.runs.watch.NOTE_SECONDS", 0)
    run = bench.new_run(accounts_file)
    bench.place.store.move(run.id, Status.RUNNING, progress=30)
    with bench.place.view(None, "1") as engine:
        notes = ProgressNotes(bench.place.store, bench.place.store.get(run.id), engine)
        shown = list[tuple[int, int | None]]()
        for lines, percent in ((0, 0), (1_000, 45), (0, 49), (10, 20)):
            notes(lines, percent)
            noted = bench.place.store.get(run.id)
            shown.append((noted.progress, noted.current_line))
    assert shown == [(30, 0), (45, 1_000), (49, 0), (49, 10)]


def test_a_run_that_kills_its_workers_is_given_up(bench: Bench) -> None:
    run = bench.new_run(accounts_file)
    for attempt in range(MOST_DEATHS):
        bench.place.store.move(run.id, Status.RUNNING, of_attempt=attempt, attempt=attempt + 1)
    ended = bench.performed(run)
    assert (ended.status, ended.progress) == (Status.ERROR, 100)
    assert ended.parameters["extra_text"] == (
        "Failed, 3 workers ended while they worked on it, maybe for want of memory."
    )


def test_a_run_whose_workers_were_told_to_end_is_begun_again(bench: Bench) -> None:
    run, store = bench.new_run(accounts_file), bench.place.store
    for attempt in range(MOST_DEATHS + 1):
        store.move(run.id, Status.RUNNING, of_attempt=attempt, attempt=attempt + 1)
        store.give_back(store.get(run.id))
    assert store.get(run.id).deaths == 0
    assert bench.performed(run).status is Status.COMPLETE


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (no_file, "Failed, the report failed to generate a file. Please try again."),
        (refused, "Failed, start_at is after end_at. Swap them."),
    ],
)
def test_a_run_that_fails_says_why(
    bench: Bench, plan: Callable[[Tables, Scope], Plan], reason: str
) -> None:
    run = bench.performed(bench.new_run(plan))
    assert (run.status, run.progress, run.file) == (Status.ERROR, 100, None)
    assert run.ended_at is not None
    assert run.message == "Generating the report, Own Csv, failed."
    assert run.parameters["extra_text"] == reason
    assert bench.left_over() == []


def test_a_bug_shows_an_error_id_and_logs_the_rest(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        run = bench.performed(bench.new_run(broken))
    text = run.parameters["extra_text"]
    record = caplog.records[-1]
    assert text.startswith("Failed, a fault in the server stopped this report.")
    assert "secret" not in text
    assert record.error_id in text  # type: ignore[attr-defined]
    assert record.exc_info is not None


@pytest.mark.parametrize("stop", [Status.ABORTED, Status.DELETED])
def test_a_stopped_run_is_not_begun(bench: Bench, stop: Status) -> None:
    run = bench.new_run(broken)
    bench.place.store.move(run.id, stop)
    ended = bench.performed(run)
    assert (ended.status, ended.started_at, ended.file) == (stop, None, None)


@pytest.mark.parametrize("stop", [Status.ABORTED, Status.DELETED])
def test_a_query_that_would_never_end_is_stopped(bench: Bench, stop: Status) -> None:
    run = bench.new_run(endless_file)
    worker = Thread(target=perform, args=[bench.place, run.id])
    worker.start()
    until(lambda: bench.place.store.get(run.id).snapshot)
    bench.place.store.move(run.id, stop)
    worker.join(10)
    assert not worker.is_alive()
    ended = bench.place.store.get(run.id)
    assert (ended.status, ended.file) == (stop, None)
    assert (bench.stored(), bench.left_over()) == ([], [])


def test_a_run_aborted_at_its_very_end_has_no_file(bench: Bench) -> None:
    class LateAbort(LocalFiles):
        def put(self, file: Path, location: str) -> None:
            super().put(file, location)
            bench.place.store.move(run.id, Status.ABORTED)

    run = bench.new_run(accounts_file)
    bench.place = replace(bench.place, files=LateAbort(bench.folder / "files"))
    ended = bench.performed(run)
    assert (ended.status, ended.progress, ended.file) == (Status.ABORTED, 100, None)
    assert ended.parameters["extra_text"] == "Report has been aborted"
    assert bench.stored() == []


def test_a_run_reads_the_data_as_they_are_when_it_begins(bench: Bench, data: Path) -> None:
    views = LakeViews(Settings(data=data).lake, bench.folder / "work")
    with views.view() as first:
        load_tables(Settings(data=data).lake, {"accounts": ACCOUNTS}, "newer")
        with views.view() as second:
            assert int(second.snapshot) > int(first.snapshot)


def test_a_run_as_of_an_earlier_snapshot_reads_that_one(bench: Bench, data: Path) -> None:
    lake = Settings(data=data).lake
    more = [*ACCOUNTS, {"id": 2, "name": "New", "workflow_state": "active"}]
    first = lake.snapshots()[0]
    load_tables(lake, {"accounts": more}, "more", keep_others=True)

    for as_of in (first.id, first.loaded_at.isoformat()):
        run = bench.performed(bench.new_run(accounts_file, as_of=as_of))
        assert run.file is not None
        assert (run.snapshot, run.file.rows) == (f"lake:{first.id}", 1)
        assert run.parameters["as_of"] == as_of
    newest = bench.performed(bench.new_run(accounts_file))
    assert newest.file is not None
    assert newest.file.rows == 2


def test_a_report_does_not_see_as_of(bench: Bench, data: Path) -> None:
    seen: list[Any] = []

    def looking(tables: Tables, scope: Scope) -> Plan:
        seen.append(dict(scope.parameters.values))
        return accounts_file(tables, scope)

    newest = Settings(data=data).lake.snapshot().id
    bench.performed(bench.new_run(looking, as_of=newest, a="b"))
    assert seen == [{"a": "b"}]


def test_a_run_as_of_data_that_are_gone_says_so(bench: Bench) -> None:
    run = bench.performed(bench.new_run(accounts_file, as_of="2020-01-01"))
    assert run.status is Status.ERROR
    assert "No data are kept as of 2020-01-01T00:00:00-07:00" in run.parameters["extra_text"]


def test_a_view_that_waits_does_not_hold_an_old_snapshot(bench: Bench, data: Path) -> None:
    lake = Settings(data=data).lake
    views = LakeViews(lake, bench.folder / "work")
    views._spare = views._open()
    assert not views._holds_old_snapshot()
    load_tables(lake, {"accounts": ACCOUNTS}, "newer", keep_others=True)
    assert views._holds_old_snapshot()
    views._spare.close()
