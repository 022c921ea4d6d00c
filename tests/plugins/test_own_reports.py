"""The report of docs/writing-a-report.md, registered from outside the package."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from api.live import LiveServer, start_server, until
from cli.command import Rollbook

import rollbook
from rollbook.engines.lake import Lake
from rollbook.errors import ConfigurationError, MissingTable
from rollbook.load.json_tables import load_tables
from rollbook.load.loading import loading
from rollbook.reports.registry import ENTRY_POINTS, registry

MANUAL = Path(__file__).parents[2] / "docs" / "writing-a-report.md"
KEY = "accounts_without_sis_id_csv"
BELOW = {"root_account_id": 1, "workflow_state": "active"}
TABLES = {
    "accounts": [
        {"id": 1, "name": "Root", "workflow_state": "active"},
        {"id": 2, "name": "Arts", "parent_account_id": 1, **BELOW},
        {"id": 3, "name": "Bio", "parent_account_id": 1, **BELOW},
    ],
    "courses": [
        {"id": 1, "account_id": 2, "enrollment_term_id": 1, "workflow_state": "available"},
        {"id": 2, "account_id": 2, "enrollment_term_id": 2, "workflow_state": "claimed"},
        {"id": 3, "account_id": 2, "enrollment_term_id": 1, "workflow_state": "deleted"},
    ],
    "enrollment_terms": [
        {"id": 1, "name": "Fall", "root_account_id": 1, "workflow_state": "active"},
        {"id": 2, "name": "Spring", "root_account_id": 1, "workflow_state": "active"},
    ],
}


@pytest.fixture(scope="module")
def reports_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the module that the manual shows."""
    folder = tmp_path_factory.mktemp("reports")
    found = re.search(r"```python\n(.+?)```", MANUAL.read_text("utf-8"), re.DOTALL)
    assert found
    (folder / "ours.py").write_text(found.group(1), "utf-8")
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    with rollbook.open(folder) as institution:
        load_tables(institution.lake, TABLES, "tests")
    return folder


@pytest.mark.parametrize(
    ("parameters", "courses"),
    [
        ({}, ["0", "2", "0"]),
        ({"enrollment_term_id": "1"}, ["0", "1", "0"]),
        ({"enrollment_term_id": "1", "include_deleted": True}, ["0", "2", "0"]),
    ],
)
def test_it_runs_with_its_parameters(
    data: Path, reports_folder: Path, tmp_path: Path, parameters: dict[str, object], courses: object
) -> None:
    with rollbook.open(data, reports_folder=reports_folder) as institution:
        file = institution.run(KEY, parameters).write(tmp_path)
    with file.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header == ["canvas_account_id", "name", "courses"]
    assert [row[2] for row in rows] == courses


def test_the_command_line_lists_and_runs_it(
    data: Path, reports_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLBOOK_REPORTS_FOLDER", str(reports_folder))
    monkeypatch.setenv("ROLLBOOK_DATA", str(data))
    command = Rollbook(tmp_path)
    (listed,) = json.loads(command("reports", KEY, "--json").stdout)
    assert list(listed["parameters"]) == ["enrollment_term_id", "include_deleted"]
    assert command("run", KEY, "-o", "-").stdout.splitlines()[2] == "2,Arts,2"


@pytest.fixture
def server(tmp_path: Path, reports_folder: Path) -> Iterator[LiveServer]:
    server = start_server(tmp_path, reports_folder=reports_folder)
    yield server
    server.stop()


def test_the_api_lists_and_runs_it(server: LiveServer) -> None:
    server.wait_until_ready()
    with server.client(server.token) as client:
        listed = client.get("/api/v1/accounts/self/reports").json()
        (own,) = [report for report in listed if report["report"] == KEY]
        assert own["parameters"]["include_deleted"]["required"] is False
        run = client.post(f"/api/v1/accounts/self/reports/{KEY}").json()
        done = until(lambda: ended(client, run["id"]))
        assert done["status"] == "complete"
        content = client.get(done["attachment"]["url"]).text
    assert content.startswith("canvas_account_id,name,courses\n1,")


def ended(client: httpx.Client, run_id: int) -> dict[str, Any] | None:
    run: dict[str, Any] = client.get(f"/api/v1/accounts/self/reports/{KEY}/{run_id}").json()
    return run if run["progress"] == 100 else None


def test_an_installed_package_brings_reports(
    reports_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an installer leaves it: a module and the metadata that name it."""
    (tmp_path / "our_reports.py").write_text((reports_folder / "ours.py").read_text("utf-8"))
    metadata = tmp_path / "our_reports-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: our-reports\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{ENTRY_POINTS}]\nours = our_reports\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry.cache_clear()
    try:
        assert registry().find(KEY).title == "Accounts without SIS id"
    finally:
        registry.cache_clear()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("REPORTS = [1]", "has no tuple REPORTS"),
        ("import nothing_like_it", "cannot be loaded: No module named 'nothing_like_it'"),
        (
            "from rollbook.reports.sis import REPORTS",
            "two reports with the key 'provisioning_csv'",
        ),
    ],
)
def test_a_module_that_cannot_be_used_says_why(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "bad.py").write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=reason):
        registry(tmp_path)


def test_a_report_without_its_tables_says_so_everywhere(
    reports_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(tmp_path)
    with loading(lake, "a dump without courses") as load:
        load.replace("accounts", "SELECT 1 AS id, 'active' AS workflow_state")
        load.clear("enrollment_terms")
    reason = (
        "Accounts without SIS id cannot run here: it reads the table `courses`, "
        "which the data do not have. They come from a dump without courses."
    )
    with (
        rollbook.open(tmp_path, reports_folder=reports_folder) as institution,
        pytest.raises(MissingTable) as error,
    ):
        institution.run(KEY).write(tmp_path)
    assert str(error.value) == reason
    monkeypatch.setenv("ROLLBOOK_REPORTS_FOLDER", str(reports_folder))
    listed = Rollbook(tmp_path)("reports", KEY, "--json", "--data", str(tmp_path)).stdout
    assert json.loads(listed)[0]["unavailable"] == reason
