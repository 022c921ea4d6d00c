"""Starting a report, however a client writes it (api.md, section 2 and 7.2)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from api.live import PROVISIONING, complete, ended, start


def test_form_lists_become_lists(waiting: httpx.Client) -> None:
    answer = waiting.post(
        PROVISIONING,
        content="parameters[a][]=x&parameters[a][]=y&parameters[b]=1&parameters[b]=2",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.json()["parameters"] == {"a": ["x", "y"], "b": "2"}


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"parameters": "accounts"}},
        {"data": {"parameters[]": "x"}},
        {"json": {"parameters": [1]}},
        {"json": {"parameters": "users"}},
    ],
)
def test_parameters_must_be_an_object(waiting: httpx.Client, body: dict[str, Any]) -> None:
    answer = waiting.post(PROVISIONING, **body)
    assert answer.status_code == 400
    assert answer.json() == {"errors": [{"message": "parameters must be an object"}]}


@pytest.mark.parametrize(
    "body", [b'{"parameters": ', b"nonsense", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 100_000]
)
def test_json_that_cannot_be_parsed_is_refused(waiting: httpx.Client, body: bytes) -> None:
    answer = waiting.post(PROVISIONING, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json() == {
        "errors": [{"message": "An error occurred.", "error_code": "bad_request"}]
    }


@pytest.mark.parametrize("name", ["enrollment_term_id", "enrollment_term"])
def test_a_term_that_does_not_exist_is_refused(waiting: httpx.Client, name: str) -> None:
    answer = waiting.post(PROVISIONING, data={f"parameters[{name}]": "sis_term_id:nope"})
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid enrollment_term_id 'sis_term_id:nope'"}


@pytest.mark.parametrize(
    "term",
    ["", " ", "active_terms", "2", "2,99", "99, sis_term_id:FA", "default", "3", 2, None, False],
)
def test_a_term_that_exists_or_is_blank_is_taken(waiting: httpx.Client, term: Any) -> None:
    answer = waiting.post(PROVISIONING, json={"parameters": {"enrollment_term_id": term}})
    assert answer.status_code == 200
    assert answer.json()["parameters"] == {"enrollment_term_id": term}


@pytest.mark.parametrize("term", ["4", "99,98", True, ["2"], {"id": 2}, 2.5])
def test_a_term_in_no_form_is_refused(waiting: httpx.Client, term: Any) -> None:
    answer = waiting.post(PROVISIONING, json={"parameters": {"enrollment_term_id": term}})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("invalid enrollment_term_id '")


def test_a_run_ends_with_its_file(client: httpx.Client) -> None:
    run = complete(client, users=True)
    assert run["current_line"] == 8
    assert run["ended_at"] is not None
    assert run["parameters"] == {
        "users": "True",
        "locale": "en",
        "extra_text": "Term: All Terms; Reports: users ",
    }
    assert run["message"] == (
        "Provisioning report successfully generated with the following settings. "
        "Account: Example University; Term: All Terms; Reports: users "
    )


def test_a_run_without_settings_has_no_extra_text(client: httpx.Client) -> None:
    tokens = "/api/v1/accounts/self/reports/user_access_tokens_csv"
    run = ended(client, start(client, tokens), tokens)
    assert run["status"] == "complete"
    assert run["parameters"] == {"locale": "en"}
    assert run["message"] == (
        "User Access Tokens report successfully generated with the following settings. "
        "Account: Example University; "
    )


def test_several_files_make_a_zip(client: httpx.Client) -> None:
    run = complete(client, users=True, courses=True)
    attachment = run["attachment"]
    assert attachment["content-type"] == "application/zip"
    assert attachment["mime_class"] == "zip"
    assert attachment["filename"].endswith(f"_{run['id']}.zip")
