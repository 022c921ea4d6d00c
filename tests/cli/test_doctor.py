"""`rollbook doctor` names what is wrong with an installation, and what to do."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli.command import Rollbook
from engines.postgres_server import new_database
from output.s3_server import S3Server

from rollbook.audit import NOBODY
from rollbook.config import Settings
from rollbook.health import Finding, Level, examine
from rollbook.load.json_tables import load_tables
from rollbook.runs.recovery import Heartbeats
from rollbook.runs.store import RunStore
from rollbook.state.database import open_database

FIRST_RELEASE = Path(__file__).parents[1] / "data" / "first_release"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a first release, brought up to date, with a worker that lives."""
    folder = tmp_path_factory.mktemp("sound") / "data"
    shutil.copytree(FIRST_RELEASE, folder)
    settings = Settings(data=folder)
    load_tables(settings.lake, {"accounts": [account("America/New_York")]}, "tests")
    database = open_database(settings)
    Heartbeats(database).beat("worker-1", 1)
    database.close()
    return folder


@pytest.fixture
def data(sound: Path, tmp_path: Path) -> Path:
    """A copy of it, to be hurt."""
    shutil.copytree(sound, tmp_path / "data")
    return tmp_path / "data"


def account(zone: str) -> dict[str, object]:
    return {"id": 1, "name": "Example", "workflow_state": "active", "default_time_zone": zone}


def found(data: Path, check: str) -> Finding:
    return next(finding for finding in examine(Settings(data=data)) if finding.check == check)


def test_a_sound_installation_passes(sound: Path) -> None:
    answer = Rollbook(sound.parent)("doctor", "--data", str(sound), "--json")
    findings = {finding["check"]: finding for finding in json.loads(answer.stdout)}
    assert set(findings) == {
        *("settings", "folder", "disk", "data", "time zone"),
        *("database", "clock", "workers", "store"),
    }
    assert {finding["level"] for finding in findings.values()} == {"ok"}
    assert findings["time zone"]["text"] == "Times print in America/New_York."
    assert findings["store"]["text"] == "2 report files."


def test_a_machine_that_shares_database_and_bucket_needs_no_data_of_its_own(
    postgres_server: str, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3_server.variables.items():
        monkeypatch.setenv(name, value)
    name = f"doctor_{uuid.uuid4().hex}"
    settings = Settings(
        data=tmp_path / "nothing",
        database_url=new_database(postgres_server, name),
        files_url=f"{s3_server.url}/{name}",
    )
    assert levels(settings)["database"] is Level.NOTICE
    load_tables(settings.lake, {"accounts": [account("America/New_York")]}, "tests")
    shutil.rmtree(settings.data)
    Heartbeats(open_database(settings)).beat("worker-1", 1)
    assert [finding for finding in examine(settings) if finding.level is not Level.OK] == []
    away = settings.model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:1/x"})
    assert levels(away)["database"] is Level.WRONG


def levels(settings: Settings) -> dict[str, Level]:
    return {finding.check: finding.level for finding in examine(settings)}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--data", "elsewhere"), "Load some data"),
        (("--source", "mysql://db"), "begins with postgresql://"),
    ],
)
def test_what_is_wrong_ends_with_1(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    answer = Rollbook(tmp_path)("doctor", *words, "--json", status=1)
    last = json.loads(answer.stdout)[-1]
    assert last["level"] == "wrong"
    assert sentence in last["text"] + last["advice"]


def lose_a_file(data: Path) -> None:
    (data / "files" / "1-1.csv").unlink()


def damage_the_state(data: Path) -> None:
    (data / "state.sqlite").write_bytes(b"no database" * 1000)


def empty_the_lake(data: Path) -> None:
    (data / "lake.sqlite").unlink()


def set_the_clock_back(data: Path) -> None:
    database = open_database(Settings(data=data))
    later = datetime.now(UTC) + timedelta(hours=1)
    RunStore(database).create(account_id=1, report="x", parameters={}, actor=NOBODY, now=later)
    database.close()


@pytest.mark.parametrize(
    ("hurt", "check", "advice"),
    [
        (lose_a_file, "store", "Bring them back"),
        (damage_the_state, "database", "Stop Rollbook, and restore the file from a backup."),
        (empty_the_lake, "data", ""),
        (set_the_clock_back, "clock", "Set the clock"),
    ],
)
def test_what_was_hurt_is_found(
    data: Path, hurt: Callable[[Path], None], check: str, advice: str
) -> None:
    hurt(data)
    finding = found(data, check)
    assert finding.level is Level.WRONG
    assert finding.advice.startswith(advice)


def test_a_zone_that_is_none_is_noticed(data: Path) -> None:
    load_tables(Settings(data=data).lake, {"accounts": [account("Mars/Olympus")]}, "tests")
    finding = found(data, "time zone")
    assert (finding.level, "Mars/Olympus" in finding.text) == (Level.NOTICE, True)


def test_a_state_of_an_older_release_is_left_as_it_is(tmp_path: Path) -> None:
    shutil.copytree(FIRST_RELEASE, tmp_path / "data")
    finding = found(tmp_path / "data", "database")
    assert (finding.level, finding.text[:21]) == (Level.NOTICE, "It has the form 0001 ")
    assert found(tmp_path / "data", "database") == finding
