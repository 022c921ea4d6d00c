"""Starting a report, however a client writes it (api.md, section 2 and 7.2)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from api.live import PROVISIONING, complete, ended, start

SPELLINGS: dict[str, dict[str, Any]] = {
    "form": {"data": {"parameters[users]": "true"}},
    "multipart": {"files": {"parameters[users]": (None, "true")}},
    "query": {"params": {"parameters[users]": "true"}},
    "escaped query": {"params": "parameters%5Busers%5D=true"},
    "JSON text": {"json": {"parameters": {"users": "true"}}},
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_encoding_starts_a_run(client: httpx.Client, spelling: str) -> None:
    answer = client.post(PROVISIONING, **SPELLINGS[spelling])
    assert answer.status_code == 200
    run = answer.json()
    assert run["parameters"] == {"users": "true"}
    assert (run["status"], run["progress"], run["started_at"]) == ("created", 0, None)
    assert run["file_url"] is None
    assert "attachment" not in run


@pytest.mark.parametrize("ending", ["/", ".json", "/?parameters[users]=1", ".json?x=y"])
def test_slash_and_extension_are_forgiven(client: httpx.Client, ending: str) -> None:
    answer = client.post(PROVISIONING + ending)
    assert answer.status_code == 200
    assert answer.json()["status"] == "created"


def test_json_values_keep_their_types(client: httpx.Client) -> None:
    parameters = {"users": True, "n": 5, "states": ["active"], "deep": {"a": None}}
    answer = client.post(PROVISIONING, json={"parameters": parameters})
    assert answer.json()["parameters"] == parameters


def test_form_lists_become_lists(client: httpx.Client) -> None:
    answer = client.post(
        PROVISIONING,
        content="parameters[a][]=x&parameters[a][]=y&parameters[b]=1&parameters[b]=2",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.json()["parameters"] == {"a": ["x", "y"], "b": "2"}


@pytest.mark.parametrize(
    "body", [{}, {"json": {"parameters": None}}, {"data": {"parameters": ""}}, {"json": []}]
)
def test_no_parameters_are_an_empty_object(client: httpx.Client, body: dict[str, Any]) -> None:
    assert client.post(PROVISIONING, **body).json()["parameters"] == {}


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"parameters": "accounts"}},
        {"data": {"parameters[]": "x"}},
        {"json": {"parameters": [1]}},
        {"json": {"parameters": "users"}},
    ],
)
def test_parameters_must_be_an_object(client: httpx.Client, body: dict[str, Any]) -> None:
    answer = client.post(PROVISIONING, **body)
    assert answer.status_code == 400
    assert answer.json() == {"errors": [{"message": "parameters must be an object"}]}


@pytest.mark.parametrize(
    "body", [b'{"parameters": ', b"nonsense", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 100_000]
)
def test_json_that_cannot_be_parsed_is_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post(PROVISIONING, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json() == {
        "errors": [{"message": "An error occurred.", "error_code": "bad_request"}]
    }


def test_an_unknown_report_is_not_found(client: httpx.Client) -> None:
    answer = client.post("/api/v1/accounts/self/reports/Provisioning_csv")
    assert answer.status_code == 404
    assert answer.json() == {"errors": [{"message": "The specified resource does not exist."}]}


@pytest.mark.parametrize("name", ["enrollment_term_id", "enrollment_term"])
def test_a_term_that_does_not_exist_is_refused(client: httpx.Client, name: str) -> None:
    answer = client.post(PROVISIONING, data={f"parameters[{name}]": "sis_term_id:nope"})
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid enrollment_term_id 'sis_term_id:nope'"}


@pytest.mark.parametrize(
    "term",
    ["", " ", "active_terms", "2", "2,99", "99, sis_term_id:FA", "default", "3", 2, None, False],
)
def test_a_term_that_exists_or_is_blank_is_taken(client: httpx.Client, term: Any) -> None:
    answer = client.post(PROVISIONING, json={"parameters": {"enrollment_term_id": term}})
    assert answer.status_code == 200
    assert answer.json()["parameters"] == {"enrollment_term_id": term}


@pytest.mark.parametrize("term", ["4", "99,98", True, ["2"], {"id": 2}, 2.5])
def test_a_term_in_no_form_is_refused(client: httpx.Client, term: Any) -> None:
    answer = client.post(PROVISIONING, json={"parameters": {"enrollment_term_id": term}})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("invalid enrollment_term_id '")


@pytest.mark.parametrize(
    "account",
    ["1", "self", "default", "sis_account_id%3Aeng%2Frobotics", "hex:sis_account_id:656E67"],
)
def test_an_account_goes_by_every_form(client: httpx.Client, account: str) -> None:
    assert client.post(f"/api/v1/accounts/{account}/reports/provisioning_csv").status_code == 200


@pytest.mark.parametrize("account", ["99", "sis_account_id:nope", "x", "9" * 30, "1%20x"])
def test_an_unknown_account_is_not_found(client: httpx.Client, account: str) -> None:
    answer = client.get(f"/api/v1/accounts/{account}/reports")
    assert answer.status_code == 404
    assert answer.json() == {"errors": [{"message": "The specified resource does not exist."}]}


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


def test_several_files_make_a_zip(client: httpx.Client) -> None:
    run = complete(client, users=True, courses=True)
    attachment = run["attachment"]
    assert attachment["content-type"] == "application/zip"
    assert attachment["mime_class"] == "zip"
    assert attachment["filename"].endswith(f"_{run['id']}.zip")


def test_a_run_without_a_file_ends_in_error(client: httpx.Client) -> None:
    run = ended(client, start(client, users="false"))
    assert (run["status"], run["progress"], run["file_url"]) == ("error", 100, None)
    assert run["ended_at"] is not None
    assert run["message"] == "Generating the report, Provisioning Csv, failed."
    assert run["parameters"]["extra_text"] == (
        "Failed, the report failed to generate a file. Please try again."
    )
    assert "attachment" not in run


def test_a_failed_run_says_why(client: httpx.Client) -> None:
    run = ended(client, start(client, users=True, enrollment_term_id="2,99"))
    assert run["status"] == "error"
    assert run["progress"] == 100
    assert run["parameters"]["extra_text"].startswith("Failed, ")
    assert "'2,99'" in run["parameters"]["extra_text"]
