"""Pages of runs (api.md, section 10)."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from api.live import LiveServer, get, start

RUNS = "/api/v1/accounts/sis_account_id%3Aarts/reports/provisioning_csv"


@pytest.fixture(scope="module")
def ids(idle: LiveServer) -> list[int]:
    """The ids of three runs, the only ones of their account, newest first."""
    with idle.client(idle.token) as client:
        return [start(client, RUNS, users="x")["id"] for _ in range(3)][::-1]


def links(answer: httpx.Response) -> dict[str, str]:
    return {
        name: url for url, name in re.findall(r'<([^>]*)>; rel="([a-z]+)"', answer.headers["link"])
    }


def shown(answer: httpx.Response) -> list[Any]:
    return [run["id"] for run in answer.json()]


def test_the_newest_run_comes_first(waiting: httpx.Client, ids: list[int]) -> None:
    assert shown(waiting.get(RUNS)) == ids


def test_a_page_leads_to_its_neighbours(
    waiting: httpx.Client, idle: LiveServer, ids: list[int]
) -> None:
    answer = waiting.get(RUNS, params={"per_page": 1, "page": 2})
    assert shown(answer) == ids[1:2]
    assert links(answer) == {
        name: f"{idle.url}{RUNS}?page={page}&per_page=1"
        for name, page in [("current", 2), ("next", 3), ("prev", 1), ("first", 1), ("last", 3)]
    }


def test_the_last_page_has_no_next(waiting: httpx.Client, ids: list[int]) -> None:
    answer = waiting.get(RUNS, params={"per_page": 2, "page": 2})
    assert shown(answer) == ids[2:]
    assert list(links(answer)) == ["current", "prev", "first", "last"]


@pytest.mark.parametrize(("size", "number"), [("1000", 3), ("0", 1), ("x", 1), ("", 3), ("-1", 1)])
def test_the_size_is_clamped(waiting: httpx.Client, ids: list[int], size: str, number: int) -> None:
    assert len(shown(waiting.get(RUNS, params={"per_page": size}))) == number


@pytest.mark.parametrize("page", ["0", "abc", "-1", "1.5", "9" * 30])
def test_a_page_that_is_no_number_is_not_found(waiting: httpx.Client, page: str) -> None:
    answer = waiting.get(RUNS, params={"page": page})
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["error_code"] == "not_found"


def test_links_keep_other_parameters_but_no_token(idle: LiveServer) -> None:
    parameters: dict[str, str | int] = {
        "access_token": idle.token,
        "x": "a,b;c",
        "page": 1,
        "per_page": 7,
    }
    answer = get(idle.url + RUNS, params=parameters)
    assert idle.token not in answer.headers["link"]
    assert links(answer)["first"] == f"{idle.url}{RUNS}?x=a%2Cb%3Bc&page=1&per_page=7"


def test_links_begin_as_the_client_wrote_the_host(waiting: httpx.Client) -> None:
    answer = waiting.get(
        RUNS, headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "canvas.example.edu"}
    )
    assert links(answer)["first"].startswith("https://canvas.example.edu/api/v1/accounts/")


def test_a_host_that_is_none_is_not_repeated(waiting: httpx.Client, idle: LiveServer) -> None:
    answer = waiting.get(RUNS, headers={"X-Forwarded-Host": 'x>; rel="next"'})
    assert links(answer)["first"].startswith(idle.url)
