"""The checklist of api.md, section 17: one test an item, named for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from api.inside import Inside, inside
from api.institution import ADA, BEN, DAN
from api.live import LARGE, PROVISIONING, LiveServer, complete, ended, get, start, until

from rollbook.reports.registry import registry
from rollbook.runs.model import Status

REPORTS = "/api/v1/accounts/1/reports"
REALM = 'Bearer realm="canvas-lms"'
MISSING = {"errors": [{"message": "The specified resource does not exist."}]}
NOT_ROUTED = {"errors": [{"message": "An error occurred.", "error_code": "not_found"}]}
INVALID_TOKEN = {"errors": [{"message": "Invalid access token."}]}
TITLES = [
    "Course Storage",
    "Developer Keys Report",
    "Eportfolio Report",
    "Grade Export",
    "LTI Report",
    "Last Enrollment Activity",
    "Last User Access",
    "Multiple Grading Periods Grade Export",
    "Outcome Export",
    "Outcome Results",
    "Provisioning",
    "Public Courses",
    "Recently Deleted Courses",
    "SIS Export",
    "Student Competency",
    "Students with no submissions",
    "Unpublished Courses",
    "Unused Courses",
    "User Access Tokens",
    "Zero Activity",
]
AsUser = Callable[[int], httpx.Client]


@pytest.fixture(scope="module")
def run(live: LiveServer) -> dict[str, Any]:
    """A complete run."""
    with live.client(live.token) as client:
        return complete(client)


@pytest.fixture(scope="module")
def checking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """An application that checks for duplicates, without workers, whose clock stands still."""
    with inside(tmp_path_factory.mktemp("checking"), duplicate_check=True) as application:
        yield application


def test_item_01_a_list_without_token_is_unauthenticated(anonymous: httpx.Client) -> None:
    answer = anonymous.get(REPORTS)
    assert answer.status_code == 401
    assert list(answer.json()) == ["status", "errors"]
    assert answer.json() == {
        "status": "unauthenticated",
        "errors": [{"message": "user authorization required"}],
    }
    assert answer.headers["www-authenticate"] == REALM


def test_item_02_a_bad_token_is_invalid_in_header_and_query(anonymous: httpx.Client) -> None:
    in_header = anonymous.get(REPORTS, headers={"Authorization": "Bearer rollbook_nobody"})
    in_query = anonymous.get(REPORTS, params={"access_token": "rollbook_nobody"})
    for answer in (in_header, in_query):
        assert (answer.status_code, answer.json()) == (401, INVALID_TOKEN)
        assert answer.headers["www-authenticate"] == REALM


def test_item_03_a_user_without_permission_is_unauthorized(as_user: AsUser) -> None:
    answer = as_user(DAN).get(REPORTS)
    assert answer.status_code == 403
    assert list(answer.json()) == ["status", "errors"]
    assert answer.json() == {
        "status": "unauthorized",
        "errors": [{"message": "user not authorized to perform that action"}],
    }
    assert "www-authenticate" not in answer.headers


def test_item_04_the_list_has_twenty_types_in_title_order(client: httpx.Client) -> None:
    answer = client.get(REPORTS, params={"per_page": 1})
    listed = answer.json()
    assert [item["title"] for item in listed] == TITLES
    assert {tuple(item) for item in listed} == {("title", "parameters", "report", "last_run")}
    without = {item["report"] for item in listed if item["parameters"] is None}
    assert without == {"outcome_export_csv", "developer_key_report_csv"}
    assert "link" not in answer.headers


@pytest.mark.parametrize("name", ["parameters_html", "params_html"])
def test_item_05_includes_add_html(client: httpx.Client, name: str) -> None:
    query = f"include[]=description_html&include[]={name}&include[]=nonsense"
    listed = {item["report"]: item for item in client.get(f"{REPORTS}?{query}").json()}
    assert all("<p>" in item["description_html"] for item in listed.values())
    forms = {
        key: item["parameters_html"] for key, item in listed.items() if "parameters_html" in item
    }
    assert len(forms) == 18
    assert forms["provisioning_csv"].startswith(
        '<form id="provisioning_csv_form" class="run_report_form" '
        'action="/api/v1/accounts/1/reports/provisioning_csv"'
    )
    assert '<option value="2">Fall</option>' in forms["provisioning_csv"]


def test_item_06_the_last_run_is_the_newest_not_deleted(client: httpx.Client) -> None:
    older, newer = complete(client), complete(client)
    client.delete(f"{PROVISIONING}/{newer['id']}")
    last_runs = {item["report"]: item["last_run"] for item in client.get(REPORTS).json()}
    assert last_runs["provisioning_csv"] == older


SPELLINGS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "form": ("", {"data": {"parameters[users]": "true"}}, {"users": "true"}),
    "multipart": ("", {"files": {"parameters[users]": (None, "true")}}, {"users": "true"}),
    "JSON": (
        "",
        {"json": {"parameters": {"users": True, "n": 5, "states": ["active"], "x": {"a": None}}}},
        {"users": True, "n": 5, "states": ["active"], "x": {"a": None}},
    ),
    "query": ("", {"params": {"parameters[users]": "true"}}, {"users": "true"}),
    "escaped query": ("?parameters%5Busers%5D=true", {}, {"users": "true"}),
    "slash": ("/?parameters[users]=True", {}, {"users": "True"}),
    "extension": (".json", {"data": {"parameters[users]": "1"}}, {"users": "1"}),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_item_07_every_encoding_starts_a_run(waiting: httpx.Client, spelling: str) -> None:
    ending, request, expected = SPELLINGS[spelling]
    answer = waiting.post(PROVISIONING + ending, follow_redirects=False, **request)
    assert answer.status_code == 200
    run = answer.json()
    assert run["parameters"] == expected
    assert (run["status"], run["progress"], run["started_at"]) == ("created", 0, None)
    assert run["file_url"] is None
    assert "attachment" not in run


@pytest.mark.parametrize(
    "body", [{}, {"json": {"parameters": None}}, {"data": {"parameters": ""}}, {"json": []}]
)
def test_item_08_no_parameters_are_an_empty_object(
    waiting: httpx.Client, body: dict[str, Any]
) -> None:
    assert waiting.post(PROVISIONING, **body).json()["parameters"] == {}


def test_item_09_an_unknown_type_is_not_found(waiting: httpx.Client) -> None:
    answer = waiting.post("/api/v1/accounts/self/reports/Provisioning_csv")
    assert (answer.status_code, answer.json()) == (404, MISSING)


@pytest.mark.parametrize("report", registry().keys())
def test_item_10_an_unknown_term_is_refused_by_every_type(
    waiting: httpx.Client, report: str
) -> None:
    path = f"/api/v1/accounts/self/reports/{report}"
    answer = waiting.post(path, data={"parameters[enrollment_term_id]": "sis_term_id:nope"})
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid enrollment_term_id 'sis_term_id:nope'"}


@pytest.mark.parametrize(
    "parameters",
    [
        {"enrollment_term_id": ""},
        {"enrollment_term_id": "active_terms"},
        {"enrollment_term_id": "2,99"},
        {"enrollment_term": "sis_term_id:FA"},
        {"enrollment_term_id": 2},
        {"enrollment_term_id": None, "enrollment_term": "2"},
    ],
)
def test_item_11_a_term_that_exists_or_is_blank_is_taken(
    waiting: httpx.Client, parameters: dict[str, Any]
) -> None:
    answer = waiting.post(PROVISIONING, json={"parameters": parameters})
    assert (answer.status_code, answer.json()["parameters"]) == (200, parameters)


def test_item_12_an_equal_run_that_waits_is_a_conflict(checking: Inside) -> None:
    headers = checking.headers()
    body = {"parameters": {"users": "1", "terms": "1"}}
    first = checking.http.post(f"{REPORTS}/provisioning_csv", json=body, headers=headers).json()
    again = {"parameters": {"terms": "1", "users": "1"}}
    answer = checking.http.post(PROVISIONING, json=again, headers=headers)
    assert (answer.status_code, answer.json()["id"]) == (409, first["id"])
    assert answer.headers["location"] == (
        f"{checking.http.base_url}{REPORTS}/provisioning_csv/{first['id']}"
    )
    without = checking.http.post(PROVISIONING, headers=headers)
    assert (without.status_code, without.json()["id"]) == (409, first["id"])


def test_item_13_other_parameters_start_another_run(checking: Inside) -> None:
    headers = checking.headers()
    path = f"{REPORTS}/sis_export_csv"
    bodies: list[dict[str, Any]] = [{"users": "1"}, {"users": 1}, {}]
    answers = [
        checking.http.post(path, json={"parameters": body}, headers=headers) for body in bodies
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.json()["id"] for answer in answers}) == 3


@pytest.mark.parametrize(
    "path",
    [
        REPORTS + "/sis_export_csv/{id}",
        "/api/v1/accounts/2/reports/provisioning_csv/{id}",
        PROVISIONING + "/{id}x",
        PROVISIONING + "/-1",
        PROVISIONING + "/0",
        PROVISIONING + "/" + "9" * 25,
    ],
)
def test_item_14_a_run_is_found_only_at_its_own_address(
    client: httpx.Client, run: dict[str, Any], path: str
) -> None:
    answer = client.get(path.format(id=run["id"]))
    assert (answer.status_code, answer.json()) == (404, MISSING)


def test_item_15_a_deleted_run_is_gone_and_its_file_stays(client: httpx.Client) -> None:
    run = complete(client)
    address = f"{PROVISIONING}/{run['id']}"
    deleted = client.delete(address)
    assert (deleted.status_code, deleted.json()) == (200, {**run, "status": "deleted"})
    assert (client.get(address).status_code, client.delete(address).json()) == (404, MISSING)
    assert get(run["attachment"]["url"]).status_code == 200


def test_item_16_what_has_not_ended_can_be_aborted(
    client: httpx.Client, waiting: httpx.Client, large: httpx.Client, run: dict[str, Any]
) -> None:
    created = waiting.put(f"{PROVISIONING}/{start(waiting)['id']}/abort")
    assert (created.status_code, created.json()["status"]) == (200, "aborted")

    started = start(large, LARGE, enrollments=True)
    address = f"{LARGE}/{started['id']}"
    until(lambda: large.get(address).json()["status"] == "running")
    running = large.put(f"{address}/abort/")
    assert (running.status_code, running.json()["status"]) == (200, "aborted")

    complete_ = client.put(f"{PROVISIONING}/{run['id']}/abort")
    assert (complete_.status_code, complete_.json()) == (404, MISSING)
    assert client.get(f"{PROVISIONING}/{run['id']}").json() == run


def test_item_17_an_unknown_type_has_no_runs(client: httpx.Client) -> None:
    answer = client.get(f"{REPORTS}/nope_csv")
    assert (answer.status_code, answer.json()) == (200, [])
    url = f"<{client.base_url}{REPORTS}/nope_csv?page=1&per_page=10>"
    assert answer.headers["link"] == (f'{url}; rel="current",{url}; rel="first",{url}; rel="last"')


def test_item_18_the_last_page_leads_back(waiting: httpx.Client) -> None:
    path = "/api/v1/accounts/3/reports/unused_courses_csv"
    older, _newer = start(waiting, path), start(waiting, path)
    answer = waiting.get(path, params={"per_page": 1, "page": 2})
    assert [run["id"] for run in answer.json()] == [older["id"]]
    base = f"<{waiting.base_url}{path}?page="
    pages = [("current", 2), ("prev", 1), ("first", 1), ("last", 2)]
    assert answer.headers["link"] == ",".join(
        f'{base}{page}&per_page=1>; rel="{name}"' for name, page in pages
    )


def test_item_19_pages_are_clamped(idle: LiveServer, waiting: httpx.Client) -> None:
    path = "/api/v1/accounts/4/reports/public_courses_csv"
    for _ in range(2):
        start(waiting, path)
    sizes = {size: waiting.get(path, params={"per_page": size}) for size in (1000, 0, 100)}
    assert "per_page=100>" in sizes[1000].headers["link"]
    assert len(sizes[0].json()) == 1
    assert waiting.get(path, params={"page": 99}).json() == []
    zero = waiting.get(path, params={"page": 0})
    assert (zero.status_code, zero.json()) == (404, NOT_ROUTED)


@pytest.mark.parametrize(
    ("account", "status"),
    [
        ("self", 200),
        ("sis_account_id:eng", 200),
        ("sis_account_id%3Aeng%2Frobotics", 200),
        ("hex:sis_account_id:656E67", 200),
        ("%201%20", 200),
        ("default", 200),
        ("99", 404),
        ("sis_account_id:nope", 404),
        ("hex:sis_account_id:6", 404),
        ("site_admin", 404),
    ],
)
def test_item_20_an_account_goes_by_every_form(
    client: httpx.Client, account: str, status: int
) -> None:
    answer = client.get(f"/api/v1/accounts/{account}/reports")
    assert answer.status_code == status
    assert status == 200 or answer.json() == MISSING


def test_item_21_run_time_is_waiting_running_or_duration(checking: Inside) -> None:
    headers, store = checking.headers(), checking.services.runs.store
    created = checking.clock.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    path = f"{REPORTS}/zero_activity_csv"
    number = checking.http.post(path, headers=headers).json()["id"]
    checking.clock.now = created + timedelta(seconds=90, milliseconds=250)

    def run_time() -> float:
        seconds: float = checking.http.get(f"{path}/{number}", headers=headers).json()["run_time"]
        return seconds

    assert run_time() == 90.25
    store.move(number, Status.RUNNING, started_at=created + timedelta(seconds=30))
    assert run_time() == 60.25
    store.move(number, Status.ERROR, ended_at=created + timedelta(seconds=70, milliseconds=500))
    assert run_time() == 40.5


def test_item_22_ids_become_text_on_demand(client: httpx.Client, as_user: AsUser) -> None:
    accept = {"Accept": "application/json+canvas-string-ids"}
    answer = client.post(
        PROVISIONING,
        json={"parameters": {"enrollment_term_id": 2, "course_ids": [1, 2], "n": 3, "users": 1}},
        params={"as_user_id": ADA},
    )
    run = ended(client, answer.json())
    answer = client.get(f"{PROVISIONING}/{run['id']}", headers=accept)
    shown = answer.json()
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert shown["id"] == str(run["id"])
    assert shown["parameters"]["enrollment_term_id"] == "2"
    assert (shown["parameters"]["course_ids"], shown["parameters"]["n"]) == (["1", "2"], 3)
    assert (shown["attachment"]["id"], shown["attachment"]["folder_id"]) == (
        str(run["attachment"]["id"]),
        "1",
    )
    assert shown["user"]["id"] == str(ADA)


def test_item_23_times_are_in_the_zone_of_the_reader(as_user: AsUser, client: httpx.Client) -> None:
    path = "/api/v1/accounts/2/reports/provisioning_csv"
    run = ended(client, start(client, path, users=True), path)
    in_new_york, in_utc = (
        as_user(user_id).get(f"{path}/{run['id']}").json() for user_id in (ADA, BEN)
    )
    for name in ("created_at", "started_at", "ended_at"):
        assert in_new_york[name][-6:] in ("-05:00", "-04:00")
        assert in_utc[name].endswith("Z")
    assert in_new_york["attachment"]["created_at"].endswith("Z")
    assert in_utc["attachment"]["created_at"].endswith("Z")


def test_item_24_the_url_of_a_file_serves_who_holds_it(
    client: httpx.Client, anonymous: httpx.Client, run: dict[str, Any]
) -> None:
    file = run["attachment"]
    assert anonymous.get(file["url"]).status_code == 200
    assert client.get(file["url"]).status_code == 200
    wrong = file["url"].replace(file["uuid"], file["uuid"][::-1])
    answer = anonymous.get(wrong)
    assert (answer.status_code, answer.json()["status"]) == (401, "unauthenticated")


def test_item_25_a_file_in_words_leads_to_its_bytes(
    client: httpx.Client, anonymous: httpx.Client, run: dict[str, Any]
) -> None:
    answer = client.get(f"/api/v1/files/{run['attachment']['id']}/")
    assert (answer.status_code, answer.json()) == (200, run["attachment"])
    content = anonymous.get(answer.json()["url"]).content
    assert content == anonymous.get(run["attachment"]["url"]).content
    assert len(content) == run["attachment"]["size"]


def test_item_26_an_unknown_user_cannot_be_acted_as(client: httpx.Client) -> None:
    answer = client.get(REPORTS, params={"as_user_id": "sis_user_id:nobody"})
    assert (answer.status_code, answer.json()) == (401, {"errors": "Invalid as_user_id"})


def test_item_27_provisioning_without_a_file_ends_in_error(client: httpx.Client) -> None:
    run = ended(client, start(client, users="false"))
    assert (run["status"], run["progress"], run["file_url"]) == ("error", 100, None)
    assert run["ended_at"] is not None
    assert run["message"] == "Generating the report, Provisioning Csv, failed."
    assert run["parameters"]["extra_text"] == (
        "Failed, the report failed to generate a file. Please try again."
    )
    assert "attachment" not in run


def test_item_28_a_failure_says_why(client: httpx.Client) -> None:
    run = ended(client, start(client, users=True, enrollment_term_id="2,99"))
    assert (run["status"], run["progress"]) == ("error", 100)
    assert run["ended_at"] is not None
    assert run["parameters"]["extra_text"].startswith("Failed, ")
    assert "'2,99'" in run["parameters"]["extra_text"]


def test_every_item_of_the_checklist_has_a_test() -> None:
    names = Path(__file__).read_text("utf-8")
    assert [n for n in range(1, 29) if f"def test_item_{n:02}_" not in names] == []
