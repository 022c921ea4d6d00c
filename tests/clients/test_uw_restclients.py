"""The University of Washington's client library, unmodified, against a real server.

Its calls are those of clients.md, number 2: JSON with booleans, a term as text, polling until
`complete`, the file with a Bearer header, then DELETE.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from api.institution import ADA
from api.live import LiveServer
from commonconf import override_settings
from commonconf.backends import use_configparser_backend
from restclients_core.exceptions import DataFailureException
from uw_canvas.accounts import Accounts
from uw_canvas.models import Report
from uw_canvas.reports import ReportFailureException, Reports
from uw_canvas.terms import Terms


@pytest.fixture(scope="module", autouse=True)
def _no_django(tmp_path_factory: pytest.TempPathFactory) -> None:
    # Else the library looks for Django's settings.
    file = tmp_path_factory.mktemp("uw") / "settings.ini"
    file.write_text("[uw]\n")
    use_configparser_backend(str(file), "uw")


@pytest.fixture(autouse=True)
def _settings(live: LiveServer) -> Iterator[None]:
    with override_settings(
        RESTCLIENTS_CANVAS_DAO_CLASS="Live",
        RESTCLIENTS_CANVAS_HOST=live.url,
        RESTCLIENTS_CANVAS_OAUTH_BEARER=live.token,
        RESTCLIENTS_CANVAS_ACCOUNT_ID="1",
        RESTCLIENTS_CANVAS_TIMEOUT=60,
        CANVAS_REPORT_POLLING_INTERVAL=0.05,
    ):
        yield


def lines(report: Report) -> list[str]:
    """The report's lines, waited for; the library leaves an empty one at the end."""
    found: list[str] = Reports().get_report_data(report)
    assert found[-1] == ""
    return found[:-1]


def test_courses_are_fetched_and_the_run_is_deleted() -> None:
    reports = Reports()
    report = reports.create_course_provisioning_report(1, term_id="sis_term_id:FA", params={})
    assert report.parameters == {"courses": True, "enrollment_term_id": "sis_term_id:FA"}
    header, course = lines(report)
    assert header.startswith("canvas_course_id,course_id,")
    assert course.startswith("1,C1,")
    assert reports.delete_report(report)
    with pytest.raises(DataFailureException, match="404"):
        reports.get_report_status(report)


def test_an_account_by_sis_id_reports_its_users() -> None:
    account = Accounts().sis_account_id("eng")
    assert account == "sis_account_id%3Aeng"
    report = Reports().create_user_provisioning_report(account, params={})
    assert lines(report)[0].startswith("canvas_user_id,user_id,")


def test_every_kind_of_report_it_knows_is_made() -> None:
    reports = Reports()
    made = [
        reports.create_enrollments_provisioning_report(1, params={}),
        reports.create_xlist_provisioning_report(1, params={}),
        reports.create_course_sis_export_report(1, params={}),
        reports.create_unused_courses_report(1, term_id="default"),
    ]
    assert all(lines(report) for report in made)


def test_a_failed_run_ends_its_waiting() -> None:
    report = Reports().create_report("provisioning_csv", 1, params={})
    with pytest.raises(ReportFailureException):
        Reports().get_report_data(report)


def test_types_and_runs_are_listed() -> None:
    reports = Reports()
    report = reports.create_user_provisioning_report(1, params={})
    lines(report)
    types = {item.name: item for item in reports.get_available_reports(1)}
    assert len(types) == 20
    assert types["provisioning_csv"].last_run.attachment.filename.endswith(".csv")
    runs = reports.get_reports_by_type(1, "provisioning_csv")
    assert report.report_id in {run.report_id for run in runs}


def test_all_pages_are_followed() -> None:
    made = {Reports().create_report("lti_report_csv", 1, params={}).report_id for _ in range(12)}
    runs = Reports().get_reports_by_type(1, "lti_report_csv")
    assert made <= {run.report_id for run in runs}


def test_a_run_belongs_to_the_user_acted_as() -> None:
    report = Reports(as_user="S1").create_user_provisioning_report(1, params={})
    data = Reports()._get_resource(
        f"/api/v1/accounts/1/reports/provisioning_csv/{report.report_id}"
    )
    assert data["user"]["id"] == ADA


def test_accounts_and_terms_are_found() -> None:
    assert Accounts().get_account_by_sis_id("eng").name == "Engineering"
    assert [item.name for item in Accounts().get_all_sub_accounts(1)] == [
        "Engineering",
        "Robotics",
        "Arts",
    ]
    assert Terms().get_term_by_sis_id("FA").name == "Fall"
