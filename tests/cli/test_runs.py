"""`rollbook runs`, beside a server that is running."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from api.inside import Inside, inside
from typer.testing import CliRunner

from rollbook.audit import NOBODY
from rollbook.cli.main import app
from rollbook.errors import BadParameter, ConfigurationError, RunNotAbortable, RunNotFound
from rollbook.runs.model import Run, Status


class Rollbook:
    """The command, on the data of a server."""

    def __init__(self, server: Inside) -> None:
        self.server = server

    def __call__(self, *words: str) -> Any:
        data = ("--data", str(self.server.settings.data))
        done = CliRunner().invoke(app, ["runs", *words, *data], catch_exceptions=False)
        return json.loads(done.stdout) if "--json" in words else done.stdout

    def new_run(self) -> Run:
        store = self.server.services.runs.store
        run, _ = store.create(
            account_id=1,
            report="sis_export_csv",
            parameters={"users": "1"},
            actor=NOBODY,
            now=self.server.clock.now,
        )
        return run


@pytest.fixture(scope="module")
def rollbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rollbook]:
    with inside(tmp_path_factory.mktemp("runs")) as server:
        yield Rollbook(server)


def test_runs_are_listed_newest_first(rollbook: Rollbook) -> None:
    complete, created = rollbook.server.run(), rollbook.new_run()
    shown = rollbook("list", "--json")
    assert [run["id"] for run in shown] == [created.id, complete.id]
    assert "sis_export" in rollbook("list")
    assert [run["id"] for run in rollbook("list", "--json", "--status", "complete")] == [
        complete.id
    ]
    assert [run["id"] for run in rollbook("list", "--json", "--report", "sis_export_csv")] == [
        created.id
    ]
    assert rollbook("list", "--json", "--account", "2") == []


def test_a_run_is_shown_with_its_file_but_without_the_key_of_its_links(rollbook: Rollbook) -> None:
    run = rollbook.server.run()
    assert run.file is not None
    shown = rollbook("show", str(run.id), "--json")
    assert (shown["status"], shown["file"]["bytes"]) == ("complete", run.file.size)
    assert run.file.link_key not in json.dumps(shown) + rollbook("show", str(run.id))


def test_a_run_is_aborted_and_deleted(rollbook: Rollbook) -> None:
    run = rollbook.new_run()
    assert rollbook("abort", str(run.id), "--json")["status"] == "aborted"
    with pytest.raises(RunNotAbortable):
        rollbook("abort", str(run.id))
    rollbook("delete", str(run.id))
    assert run.id not in [shown["id"] for shown in rollbook("list", "--json")]
    assert rollbook("show", str(run.id), "--json")["status"] == Status.DELETED
    with pytest.raises(RunNotFound, match=f"There is no run {run.id}"):
        rollbook("delete", str(run.id))


def test_a_purge_prints_what_it_removed(rollbook: Rollbook) -> None:
    now = rollbook.server.clock.now
    rollbook.server.clock.now = now - timedelta(days=40)
    run = rollbook.server.run(content=b"a\n1\n")
    rollbook.server.clock.now = now
    planned = rollbook("purge", "--older-than", "30", "--dry-run", "--json")
    digest = hashlib.sha256(b"a\n1\n").hexdigest()
    shown = rollbook("purge", "--older-than", "30", "--dry-run")
    assert f"run {run.id}: " in shown
    assert f"4 bytes, SHA-256 {digest}" in shown
    removed = rollbook("purge", "--older-than", "30", "--json")
    assert planned == removed
    assert [(item["run_id"], item["bytes"]) for item in removed] == [(run.id, 4)]
    assert removed[0]["sha256"] == digest
    assert rollbook("show", str(run.id), "--json")["file"] is None


def test_the_settings_decide_what_is_purged(rollbook: Rollbook, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Files are kept for ever"):
        rollbook("purge")


@pytest.mark.parametrize(
    ("words", "error"), [(("show", "999"), RunNotFound), (("list", "--status", "x"), BadParameter)]
)
def test_what_is_not_there_is_said(
    rollbook: Rollbook, words: tuple[str, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        rollbook(*words)
