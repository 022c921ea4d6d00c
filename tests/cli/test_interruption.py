"""Ctrl-C in the middle of a load: the lake is as it was, and one sentence says so."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from cli.command import Rollbook
from cli.terminal import assert_nothing_was_loaded, files_in, terminal

import rollbook
from rollbook.cli.interruption import Interrupted, interruptible, loading_into
from rollbook.load.json_tables import load_tables

SIS = Path(__file__).parents[1] / "data" / "oulad_sis.zip"
CSV = "key.id,value.name,meta.ts\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder whose lake has a snapshot."""
    lake = rollbook.open(tmp_path / "data").lake
    load_tables(lake, {"users": [{"id": 1}]}, "yesterday")
    return tmp_path / "data"


def snapshots(data: Path) -> list[str]:
    return [snapshot.source for snapshot in rollbook.open(data).lake.snapshots()]


def write_and_hold(pipe: Path, rows: str, held: threading.Event, go_on: threading.Event) -> None:
    """Give all rows to whoever reads on, but not their end."""
    while not held.is_set():
        try:
            with pipe.open("w", encoding="utf-8") as stream:
                stream.write(CSV + rows)
                stream.flush()
                held.set()
                go_on.wait()
        except BrokenPipeError:
            continue  # Somebody looked at the beginning alone.


def test_canvas_data(data: Path, tmp_path: Path) -> None:
    """Accounts are in the lake's folder already, users come through a pipe that does not end."""
    accounts, users = tmp_path / "accounts.csv", tmp_path / "users.csv"
    accounts.write_text(CSV + "".join(f"{n},A,2026-11-25T06:00:00Z\n" for n in range(1, 9_999)))
    os.mkfifo(users)
    before = files_in(data)
    held, go_on = threading.Event(), threading.Event()
    rows = "".join(f"{n},{'Ada' * 9},2026-11-25T06:00:00Z\n" for n in range(1, 99_999))
    writer = threading.Thread(target=write_and_hold, args=(users, rows, held, go_on), daemon=True)
    writer.start()
    words = ("load", "canvas-data", accounts, "--table", f"users={users}", "--data", data)
    with terminal(*words) as shown:
        shown.wait_for("Canvas Data: users")
        assert held.wait(60)
        assert files_in(data) > before
        shown.interrupt()
        go_on.set()
        assert_nothing_was_loaded(shown, shown.end())

    assert snapshots(data) == ["yesterday"]
    assert files_in(data) == before


def test_sis(data: Path) -> None:
    before = files_in(data)
    with terminal("load", "sis", SIS, "--data", data) as shown:
        shown.wait_for("SIS CSV: Checking")
        shown.interrupt()
        assert_nothing_was_loaded(shown, shown.end())

    assert snapshots(data) == ["yesterday"]
    assert files_in(data) == before


def test_what_was_loaded_when_somebody_interrupted_is_said_to_be(data: Path) -> None:
    lake = rollbook.open(data).lake

    def load_and_be_interrupted() -> None:
        with interruptible(loading_into(lake)):
            load_tables(lake, {"users": [{"id": 1}, {"id": 2}]}, "today")
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"when all was loaded: snapshot \d+ is complete\."):
        load_and_be_interrupted()
    assert snapshots(data) == ["yesterday", "today"]


def test_other_errors_stay_what_they_are(data: Path) -> None:
    Rollbook(data)("load", "json", "nowhere.json", "--data", str(data), status=2)
    with pytest.raises(ZeroDivisionError), interruptible(lambda: "Interrupted."):
        raise ZeroDivisionError
