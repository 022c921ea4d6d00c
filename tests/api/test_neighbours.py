"""The list of reports, and the calls around it: accounts, terms, oneself (clients.md, 2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from api.institution import ADA, BEN
from api.live import LiveServer

REPORTS = "/api/v1/accounts/self/reports"
AsUser = Callable[[int], httpx.Client]


def test_a_parameter_says_whether_it_is_required(client: httpx.Client) -> None:
    listed = {item["report"]: item["parameters"] for item in client.get(REPORTS).json()}
    users = listed["provisioning_csv"]["users"]
    assert users["required"] is False
    assert users["description"]


def test_one_include_needs_no_brackets(client: httpx.Client) -> None:
    listed = client.get(REPORTS, params={"include": "description_html"}).json()
    assert all("description_html" in item for item in listed)


def test_an_account_is_shown(client: httpx.Client) -> None:
    assert client.get("/api/v1/accounts/sis_account_id:eng").json() == {
        "id": 2,
        "name": "Engineering",
        "workflow_state": "active",
        "parent_account_id": 1,
        "root_account_id": 1,
        "uuid": None,
        "default_time_zone": "America/New_York",
        "sis_account_id": "eng",
        "integration_id": None,
    }


@pytest.mark.parametrize(("query", "expected"), [({}, [2, 4]), ({"recursive": "true"}, [2, 3, 4])])
def test_sub_accounts_are_listed(
    client: httpx.Client, query: dict[str, str], expected: list[int]
) -> None:
    answer = client.get("/api/v1/accounts/self/sub_accounts", params=query)
    assert [item["id"] for item in answer.json()] == expected
    assert 'rel="current"' in answer.headers["link"]


def test_a_user_lists_the_accounts_of_their_roles(as_user: AsUser) -> None:
    assert [item["id"] for item in as_user(BEN).get("/api/v1/accounts").json()] == [2]


def test_a_service_lists_its_account(client: httpx.Client) -> None:
    assert [item["id"] for item in client.get("/api/v1/accounts").json()] == [1]


def test_terms_are_listed(client: httpx.Client) -> None:
    terms = client.get("/api/v1/accounts/2/terms").json()["enrollment_terms"]
    assert terms == [
        term(1, "Default Term", None, None),
        term(2, "Fall", "FA", "2026-08-20T00:00:00Z"),
    ]


def test_a_term_goes_by_its_sis_id(client: httpx.Client) -> None:
    answer = client.get("/api/v1/accounts/1/terms/sis_term_id:FA")
    assert answer.json() == term(2, "Fall", "FA", "2026-08-20T00:00:00Z")
    assert client.get("/api/v1/accounts/1/terms/sis_term_id:X").status_code == 404


def test_a_token_can_ask_who_it_is(client: httpx.Client, as_user: AsUser) -> None:
    assert as_user(ADA).get("/api/v1/users/self").json()["name"] == "Ada Bell"
    assert client.get("/api/v1/users/self").json()["name"] == "tests"


def test_a_server_says_that_it_can_work(anonymous: httpx.Client, live: LiveServer) -> None:
    assert anonymous.get("/healthz").json() == {"status": "ok"}
    assert anonymous.get("/readyz").json()["workers"] == ["worker-1"]
    assert anonymous.get("/help_links").status_code == 200


def term(number: int, name: str, sis_id: str | None, start_at: str | None) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "start_at": start_at,
        "end_at": None,
        "workflow_state": "active",
        "grading_period_group_id": None,
        "sis_term_id": sis_id,
    }
