"""Runs: list, show, abort, delete (api.md, 7.3 to 7.6 and section 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from api.institution import ADA, BEN
from api.live import PROVISIONING, complete, ended, start

NOT_FOUND = {"errors": [{"message": "The specified resource does not exist."}]}
AsUser = Callable[[int], httpx.Client]


@pytest.fixture(scope="module")
def run(live: Any) -> dict[str, Any]:
    """A complete run."""
    with live.client(live.token) as client:
        return complete(client)


def test_a_run_has_exactly_its_keys(client: httpx.Client, run: dict[str, Any]) -> None:
    shown = client.get(f"{PROVISIONING}/{run['id']}").json()
    assert list(shown) == [
        "id",
        "parameters",
        "progress",
        "current_line",
        "status",
        "report",
        "created_at",
        "started_at",
        "ended_at",
        "run_time",
        "file_url",
        "message",
        "user",
        "attachment",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/accounts/1/reports/sis_export_csv/{id}",
        "/api/v1/accounts/2/reports/provisioning_csv/{id}",
        PROVISIONING + "/{id}x",
        PROVISIONING + "/-1",
        PROVISIONING + "/" + "9" * 25,
        PROVISIONING + "/0",
    ],
)
def test_a_run_is_found_only_at_its_own_address(
    client: httpx.Client, run: dict[str, Any], path: str
) -> None:
    answer = client.get(path.format(id=run["id"]))
    assert answer.status_code == 404
    assert answer.json() == NOT_FOUND


def test_a_deleted_run_is_gone_and_its_file_stays(client: httpx.Client) -> None:
    run = complete(client)
    deleted = client.delete(f"{PROVISIONING}/{run['id']}").json()
    assert deleted == {**run, "status": "deleted"}
    assert client.get(f"{PROVISIONING}/{run['id']}").status_code == 404
    assert client.delete(f"{PROVISIONING}/{run['id']}").json() == NOT_FOUND
    assert httpx.get(deleted["attachment"]["url"]).status_code == 200


def test_the_list_shows_the_last_run_that_was_not_deleted(client: httpx.Client) -> None:
    older, newer = complete(client), complete(client)
    client.delete(f"{PROVISIONING}/{newer['id']}")
    reports = client.get("/api/v1/accounts/self/reports").json()
    last_runs = {report["report"]: report["last_run"] for report in reports}
    assert last_runs["provisioning_csv"] == older


def test_a_complete_run_cannot_be_aborted(client: httpx.Client, run: dict[str, Any]) -> None:
    answer = client.put(f"{PROVISIONING}/{run['id']}/abort")
    assert answer.status_code == 404
    assert answer.json() == NOT_FOUND
    assert client.get(f"{PROVISIONING}/{run['id']}").json() == run


def test_an_aborted_run_ends_without_a_file(client: httpx.Client) -> None:
    started = start(client, users=True)
    answer = client.put(f"{PROVISIONING}/{started['id']}/abort")
    assert answer.status_code == 200
    assert answer.json()["status"] == "aborted"
    run = ended(client, started)
    assert run["status"] == "aborted"
    assert run["parameters"]["extra_text"] == "Report has been aborted"
    assert run["message"] == "Generating the report, Provisioning Csv, stopped."
    assert run["file_url"] is None


def test_abort_takes_no_post(client: httpx.Client, run: dict[str, Any]) -> None:
    answer = client.post(f"{PROVISIONING}/{run['id']}/abort")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["error_code"] == "not_found"


def test_an_unknown_type_has_no_runs(client: httpx.Client) -> None:
    answer = client.get("/api/v1/accounts/self/reports/nope_csv")
    assert (answer.status_code, answer.json()) == (200, [])
    assert [part.rpartition("rel=")[2] for part in answer.headers["link"].split(",")] == [
        '"current"',
        '"first"',
        '"last"',
    ]


def test_ids_become_text_on_demand(client: httpx.Client) -> None:
    accept = {"Accept": "application/json+canvas-string-ids"}
    answer = client.post(
        PROVISIONING,
        json={"parameters": {"enrollment_term_id": 2, "course_ids": [1, 2], "n": 3}},
        params={"as_user_id": ADA},
        headers=accept,
    )
    shown = answer.json()
    assert shown["id"].isdigit()
    assert shown["parameters"] == {"enrollment_term_id": "2", "course_ids": ["1", "2"], "n": 3}
    assert shown["user"]["id"] == str(ADA)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_the_user_who_started_is_shown(as_user: AsUser) -> None:
    client = as_user(ADA)
    base = str(client.base_url).rstrip("/")
    assert start(client, users=True)["user"] == {
        "id": ADA,
        "anonymous_id": "1",
        "display_name": "Ada",
        "avatar_image_url": f"{base}/images/messages/avatar-50.png",
        "html_url": f"{base}/users/{ADA}",
        "pronouns": None,
    }


def test_times_are_in_the_zone_of_the_root_account(client: httpx.Client) -> None:
    run = complete(client)
    assert run["created_at"][-6:] in ("-05:00", "-04:00")
    assert run["attachment"]["created_at"].endswith("Z")


def test_times_are_in_the_zone_of_the_user(as_user: AsUser) -> None:
    path = "/api/v1/accounts/2/reports/provisioning_csv"
    assert start(as_user(BEN), path, users=True)["created_at"].endswith("Z")


def test_every_answer_tells_its_cost(client: httpx.Client) -> None:
    headers = client.get(PROVISIONING).headers
    assert float(headers["x-request-cost"]) > 0
    assert float(headers["x-rate-limit-remaining"]) >= 600
    assert len(headers["x-request-context-id"]) == 36


def test_head_answers_like_get_without_a_body(client: httpx.Client, run: dict[str, Any]) -> None:
    answer = client.head(f"{PROVISIONING}/{run['id']}")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("OPTIONS", PROVISIONING),
        ("PATCH", PROVISIONING),
        ("GET", "/api/v1/nothing"),
        ("GET", PROVISIONING + ".xml"),
        ("GET", "/nothing"),
    ],
)
def test_what_is_not_routed_is_not_found(client: httpx.Client, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 404
    assert answer.json() == {
        "errors": [{"message": "An error occurred.", "error_code": "not_found"}]
    }
