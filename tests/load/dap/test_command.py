"""`rollbook sync canvas-data`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cli.terminal import assert_nothing_was_loaded, files_in, terminal
from load.canvas_data.dump import Row
from load.dap.conftest import Syncer
from load.dap.server import CLIENT_ID, CLIENT_SECRET, DapServer
from typer.testing import CliRunner

from rollbook.cli.main import app
from rollbook.errors import BadParameter, ConfigurationError, UnknownTable
from rollbook.load.dap.schedule import Schedule

ANA = {"id": 1, "name": "Ana"}


def variables(server: DapServer) -> dict[str, str]:
    return {
        "ROLLBOOK_DAP_URL": server.url,
        "ROLLBOOK_DAP_CLIENT_ID": CLIENT_ID,
        "ROLLBOOK_DAP_CLIENT_SECRET": CLIENT_SECRET,
    }


def test_a_machine_gets_json(server: DapServer, tmp_path: Path) -> None:
    server.polls = 0
    server.commit("users", ANA)
    words = ["sync", "canvas-data", "--data", str(tmp_path), "--table", "users", "--json"]

    done = CliRunner().invoke(app, words, env=variables(server), catch_exceptions=False)

    answer = json.loads(done.stdout)
    (table,) = answer["tables"]
    assert answer["rows"] == {"users": 1}
    assert (table["table"], table["kind"], table["since"]) == ("users", "snapshot", None)
    assert table["until"].startswith("2026-11-25T07:00:00")
    assert (table["files"], table["bytes"] > 0) == (1, True)


@pytest.mark.parametrize(
    ("words", "kind", "sentence"),
    [
        (["--table", "usres"], UnknownTable, "no table 'usres'. Is it users?"),
        (["--format", "xml"], BadParameter, "There are: csv, tsv, jsonl, parquet."),
        (["--every", "now and then"], BadParameter, "is no interval and no line of cron"),
        (["--strict", "much"], BadParameter, "is not a share"),
    ],
)
def test_wrong_input_is_said_so(
    server: DapServer, tmp_path: Path, words: list[str], kind: type[Exception], sentence: str
) -> None:
    server.commit("users", ANA)
    command = ["sync", "canvas-data", "--data", str(tmp_path), *words]

    done = CliRunner().invoke(app, command, env=variables(server))

    assert isinstance(done.exception, kind)
    assert sentence in str(done.exception)


def test_credentials_have_to_be_set(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["sync", "canvas-data", "--data", str(tmp_path)])

    assert isinstance(done.exception, ConfigurationError)
    assert "ROLLBOOK_DAP_CLIENT_ID" in str(done.exception)


def test_a_killed_process_costs_no_more_than_what_was_on_its_way(
    server: DapServer, sync: Syncer
) -> None:
    """It syncs every second, and is killed in its second round.

    Four files are fetched at once, so one of five is there when the last one is asked for.
    """
    changed: list[Row] = [ANA, *({"id": number, "name": "new"} for number in (2, 3, 4, 5))]
    server.polls = 0
    server.rows_per_file = 1
    server.commit("users", ANA)
    server.on_file = lambda: server.commit("users", *changed)
    server.hold = lambda number: number.endswith("part-4")
    words = ("sync", "canvas-data", "--data", sync.downloads.parent, "--every", "1s")

    process = subprocess.Popen(
        [sys.executable, "-m", "rollbook", *words],
        env={**os.environ, **variables(server)},
        stdout=subprocess.DEVNULL,
    )
    try:
        assert server.held.wait(120)
    finally:
        process.kill()
        process.wait(60)
    server.release.set()
    server.calls.clear()
    sync()

    assert [name for _, name in sync.users] == ["Ana", *["new"] * 4]
    assert server.asked("data") == []
    assert len({*server.asked("file")}) < len(changed)


def test_ctrl_c_while_files_come_leaves_the_lake_as_it_was(server: DapServer, sync: Syncer) -> None:
    server.polls = 0
    server.commit("users", ANA)
    sync("users")
    server.commit("users", {"id": 2, "name": "new"})
    server.hold = lambda _: True
    data = sync.downloads.parent
    before = files_in(data)
    words = ("sync", "canvas-data", "--data", data, "--table", "users", "--every", "1s")

    with terminal(*words, variables=variables(server)) as shown:
        assert server.held.wait(60)
        shown.interrupt()
        status = shown.end()
    server.release.set()

    assert_nothing_was_loaded(shown, status)
    assert sync.users == [(1, "Ana")]
    left = {file.relative_to(data).parts[0] for file in files_in(data) - before}
    assert left <= {"dap"}


@pytest.mark.parametrize(
    ("rule", "due"),
    [
        ("4h", "2026-11-27T16:05:00-05:00"),
        ("90m", "2026-11-27T13:35:00-05:00"),
        ("15 */4 * * *", "2026-11-27T12:15:00-05:00"),
        ("0 3 * * 1", "2026-11-30T03:00:00-05:00"),
    ],
)
def test_a_round_is_due_after_an_interval_or_by_a_line_of_cron(rule: str, due: str) -> None:
    started = datetime(2026, 11, 27, 12, 5, tzinfo=ZoneInfo("America/New_York"))

    assert Schedule.parse(rule).next_after(started).isoformat() == due
