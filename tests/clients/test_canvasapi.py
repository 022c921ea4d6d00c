"""The client library most scripts use: canvasapi, unmodified."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from api.live import LiveServer, get, until
from canvasapi import Canvas
from canvasapi.exceptions import Forbidden, InvalidAccessToken, ResourceDoesNotExist

# canvasapi warns of every address that is not https; the server is on loopback.
pytestmark = pytest.mark.filterwarnings("ignore:Canvas may respond unexpectedly:UserWarning")


@pytest.fixture
def account(live: LiveServer) -> Any:
    return Canvas(live.url, live.token).get_account(1)


def completed(account: Any) -> Any:
    started = account.create_report("provisioning_csv", parameters={"users": True})

    def look() -> Any:
        report = account.get_report("provisioning_csv", started.id)
        return report if report.status == "complete" else None

    return until(look)


def test_the_types_are_listed(account: Any) -> None:
    reports = {report.report: report for report in account.get_reports()}
    assert reports["provisioning_csv"].title == "Provisioning"
    assert reports["provisioning_csv"].parameters["users"]["required"] is False


def test_a_report_is_started_and_polled(account: Any) -> None:
    report = completed(account)
    assert report.progress == 100
    assert report.parameters["users"] == "true"
    assert report.created_at_date.tzinfo is not None


def test_its_file_is_fetched_without_a_token(account: Any) -> None:
    content = get(completed(account).attachment["url"]).text
    assert content.startswith("canvas_user_id,user_id,")


def test_its_file_is_downloaded_by_id(account: Any, live: LiveServer, tmp_path: Path) -> None:
    report = completed(account)
    file = Canvas(live.url, live.token).get_file(report.attachment["id"])
    file.download(str(tmp_path / "users.csv"))
    assert (tmp_path / "users.csv").stat().st_size == report.attachment["size"]


def test_all_pages_of_runs_are_followed(account: Any) -> None:
    ids = {account.create_report("sis_export_csv").id for _ in range(3)}
    runs = account.get_index_of_reports("sis_export_csv", per_page=1)
    assert ids <= {run.id for run in runs}


def test_a_run_is_deleted(account: Any) -> None:
    report = completed(account)
    assert report.delete_report().status == "deleted"
    with pytest.raises(ResourceDoesNotExist):
        account.get_report("provisioning_csv", report.id)


def test_a_bad_token_is_told_from_a_missing_permission(live: LiveServer) -> None:
    with pytest.raises(InvalidAccessToken):
        Canvas(live.url, "rollbook_nobody").get_account(1)
    with pytest.raises(Forbidden):
        Canvas(live.url, live.token).get_account(100)


def test_terms_and_sub_accounts_are_listed(account: Any) -> None:
    assert [term.name for term in account.get_enrollment_terms()] == ["Default Term", "Fall"]
    assert [sub.name for sub in account.get_subaccounts()] == ["Engineering", "Arts"]


def test_the_current_user_is_shown(live: LiveServer) -> None:
    assert Canvas(live.url, live.token).get_current_user().name == "tests"
