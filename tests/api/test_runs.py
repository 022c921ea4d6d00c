"""Runs: list, show, abort, delete (api.md, 7.3 to 7.6 and section 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from api.institution import ADA
from api.live import PROVISIONING, complete, ended, start

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


def test_an_aborted_run_ends_without_a_file(client: httpx.Client) -> None:
    started = start(client, users=True, fresh=True)
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
