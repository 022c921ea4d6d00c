"""The table of traps of clients.md, section 3: one test a rule, each of which breaks a client."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from api.institution import DAN
from api.live import PROVISIONING, LiveServer, complete, ended, get, start, until

REPORTS = "/api/v1/accounts/self/reports"
STATUSES = {"created", "running", "compiling", "complete", "error", "aborted", "deleted"}


@pytest.fixture(scope="module")
def run(live: LiveServer) -> dict[str, Any]:
    """A complete run of users."""
    with live.client(live.token) as client:
        return complete(client)


@pytest.fixture(scope="module")
def failed(live: LiveServer) -> dict[str, Any]:
    """A run that ended without a file."""
    with live.client(live.token) as client:
        return ended(client, start(client))


def test_attachment_is_left_out_while_there_is_no_file(
    waiting: httpx.Client, failed: dict[str, Any]
) -> None:
    assert "attachment" not in start(waiting, users=True)
    assert "attachment" not in failed


def test_parameters_are_an_object_in_runs_and_null_in_types_without(client: httpx.Client) -> None:
    assert client.post(PROVISIONING).json()["parameters"] == {}
    for item in client.get(REPORTS).json():
        for entry in (item["parameters"] or {}).values():
            assert type(entry["required"]) is bool
            assert entry["description"]
        assert item["parameters"] is None or item["parameters"]


def test_every_key_is_always_there(
    waiting: httpx.Client, run: dict[str, Any], failed: dict[str, Any]
) -> None:
    keys = {"id", "report", "status", "progress", "parameters", "file_url"}
    assert all(keys <= set(shown) for shown in (start(waiting), run, failed))
    types = waiting.get(REPORTS).json()
    assert all({"report", "title", "parameters", "last_run"} <= set(item) for item in types)


@pytest.mark.parametrize("path", [REPORTS, PROVISIONING, "/api/v1/accounts/self"])
def test_a_trailing_slash_needs_no_redirect(waiting: httpx.Client, path: str) -> None:
    assert waiting.get(f"{path}/", follow_redirects=False).status_code == 200
    assert waiting.post(f"{PROVISIONING}/", follow_redirects=False).status_code == 200


def test_values_are_echoed_as_they_came(client: httpx.Client) -> None:
    sent = {"users": "true", "n": "1", "extra_since": "2026", "skip_message": True}
    started = client.post(PROVISIONING, json={"parameters": sent}).json()
    assert started["parameters"] == sent
    shown = ended(client, started)["parameters"]
    assert shown == {**sent, "locale": "en", "extra_text": "Term: All Terms; Reports: users "}


def test_unknown_parameters_are_taken_and_echoed(waiting: httpx.Client) -> None:
    sent = {"account": "1", "enrollment_term": "default", "anything": "x"}
    answer = waiting.post(PROVISIONING, json={"parameters": sent})
    assert (answer.status_code, answer.json()["parameters"]) == (200, sent)


TRUE = ["true", "True", "1", "t", "on", "yes", True, 1]
FALSE = ["false", "False", "0", "", "no", False, 0]


@pytest.mark.parametrize("encoding", ["query", "form", "multipart", "JSON"])
def test_every_encoding_chooses_the_same_files(client: httpx.Client, encoding: str) -> None:
    """Also for a script that sends `False` for all that it does not want."""
    chosen = {"users": "True", "terms": "False", "courses": "0", "groups": "", "admins": "false"}
    named = {f"parameters[{name}]": value for name, value in chosen.items()}
    requests: dict[str, dict[str, Any]] = {
        "query": {"params": named},
        "form": {"data": named},
        "multipart": {"files": {name: (None, value) for name, value in named.items()}},
        "JSON": {"json": {"parameters": {**chosen, "users": True, "terms": False}}},
    }
    run = ended(client, client.post(PROVISIONING, **requests[encoding]).json())
    assert run["parameters"]["extra_text"] == "Term: All Terms; Reports: users "


@pytest.mark.parametrize("value", TRUE)
def test_values_that_count_as_true(client: httpx.Client, value: Any) -> None:
    body = {"parameters": {"terms": value, "accounts": "f"}}
    run = ended(client, client.post(PROVISIONING, json=body).json())
    assert run["parameters"]["extra_text"] == "Term: All Terms; Reports: terms "


def test_values_that_count_as_false(client: httpx.Client) -> None:
    names = ("users", "terms", "courses", "groups", "admins", "xlist", "sections")
    parameters = {**dict(zip(names, FALSE, strict=True)), "accounts": 1}
    run = ended(client, client.post(PROVISIONING, json={"parameters": parameters}).json())
    assert run["parameters"]["extra_text"] == "Term: All Terms; Reports: accounts "


@pytest.mark.parametrize(
    ("term", "name"), [("sis_term_id:FA", "Fall"), ("default", "Default Term"), ("2", "Fall")]
)
def test_a_term_is_taken_in_every_form(client: httpx.Client, term: str, name: str) -> None:
    run = complete(client, courses=True, enrollment_term_id=term)
    assert run["parameters"]["extra_text"] == f"Term: {name}; Reports: courses "


def test_a_token_in_the_query_counts_and_is_not_logged(live: LiveServer) -> None:
    url = f"{live.url}{REPORTS}"
    assert get(url, params={"access_token": live.token}).status_code == 200
    assert get(url, params={"access_token": "a_secret_token"}).status_code == 401
    assert live.token not in live.log
    assert "a_secret_token" not in live.log


def test_file_url_ends_in_files_number_download(live: LiveServer, run: dict[str, Any]) -> None:
    number = run["attachment"]["id"]
    assert run["file_url"] == f"{live.url}/accounts/1/files/{number}/download"


def test_attachment_has_what_clients_index(client: httpx.Client, run: dict[str, Any]) -> None:
    keys = {"id", "uuid", "filename", "display_name", "content-type", "size", "url", "mime_class"}
    assert keys | {"created_at", "updated_at"} <= set(run["attachment"])
    assert (run["attachment"]["content-type"], run["attachment"]["mime_class"]) == (
        "text/csv",
        "file",
    )
    archive = complete(client, users=True, terms=True)["attachment"]
    assert (archive["content-type"], archive["mime_class"]) == ("application/zip", "zip")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "application/json"},
        {"Authorization": "Bearer something_else"},
        {"Authorization": "Basic eDp5"},
    ],
)
def test_a_file_is_served_whatever_headers_come(
    run: dict[str, Any], headers: dict[str, str]
) -> None:
    answer = get(run["attachment"]["url"], headers=headers, follow_redirects=False)
    assert (answer.status_code, answer.http_version) == (200, "HTTP/1.1")


def test_a_failed_run_is_final_and_says_why(failed: dict[str, Any]) -> None:
    assert (failed["status"], failed["progress"], failed["file_url"]) == ("error", 100, None)
    assert failed["parameters"]["extra_text"].startswith("Failed, ")


def test_progress_is_100_only_with_the_attachment(client: httpx.Client) -> None:
    started = start(client, users=True, courses=True)
    seen = []

    def look() -> bool:
        seen.append(client.get(f"{PROVISIONING}/{started['id']}").json())
        return bool(seen[-1]["progress"] == 100)

    until(look)
    assert all(("attachment" in shown) == (shown["progress"] == 100) for shown in seen)


def test_numbers_are_integers_and_progress_is_a_percentage(
    client: httpx.Client, run: dict[str, Any]
) -> None:
    file = run["attachment"]
    numbers = [run["id"], run["progress"], run["current_line"], file["id"], file["size"]]
    assert {type(number) for number in numbers} == {int}
    assert 0 <= run["progress"] <= 100


def test_statuses_are_those_that_clients_know(
    client: httpx.Client, waiting: httpx.Client, run: dict[str, Any], failed: dict[str, Any]
) -> None:
    aborted = waiting.put(f"{PROVISIONING}/{start(waiting)['id']}/abort").json()
    deleted = client.delete(f"{PROVISIONING}/{complete(client)['id']}").json()
    seen = [item["status"] for item in (run, failed, aborted, deleted)]
    assert seen == ["complete", "error", "aborted", "deleted"]
    assert set(seen) <= STATUSES


def test_several_runs_of_one_type_all_finish(client: httpx.Client) -> None:
    runs = [start(client, terms=True) for _ in range(4)]
    assert len({run["id"] for run in runs}) == 4
    assert [ended(client, run)["status"] for run in runs] == ["complete"] * 4


def test_aborted_and_deleted_are_final(waiting: httpx.Client) -> None:
    address = f"{PROVISIONING}/{start(waiting)['id']}"
    assert waiting.put(f"{address}/abort").status_code == 200
    assert waiting.put(f"{address}/abort").status_code == 404
    assert waiting.get(address).json()["status"] == "aborted"
    assert waiting.delete(address).json()["status"] == "deleted"
    assert waiting.put(f"{address}/abort").status_code == 404


def test_a_csv_is_plain(run: dict[str, Any]) -> None:
    """UTF-8 without a mark, one header, line feeds, quotes only where they are needed."""
    content = get(run["attachment"]["url"]).content
    assert content.startswith(b"canvas_user_id,user_id,")
    assert content.endswith(b"\n")
    assert b"\r" not in content
    lines = content.decode("utf-8").splitlines()
    assert sum(line.startswith("canvas_user_id") for line in lines) == 1
    assert '"Bell, Ada"' in lines[1]
    assert lines[1].count('"') == 2
    assert len(lines) == run["current_line"]


def test_runs_come_in_pages_newest_first(waiting: httpx.Client) -> None:
    path = "/api/v1/accounts/2/reports/unpublished_courses_csv"
    ids = [start(waiting, path)["id"] for _ in range(3)]
    answer = waiting.get(path, params={"per_page": 2})
    assert [run["id"] for run in answer.json()] == ids[:0:-1]
    next_page = re.search(r'<([^>]+)>; rel="next"', answer.headers["link"])
    assert next_page
    assert [run["id"] for run in waiting.get(next_page[1]).json()] == ids[:1]


def test_an_empty_result_is_a_file_with_its_header(client: httpx.Client) -> None:
    run = complete(client, groups=True)
    assert run["current_line"] == 1
    lines = get(run["attachment"]["url"]).text.splitlines()
    assert len(lines) == 1
    assert run["attachment"]["size"] > 0


def test_users_have_a_uuid_column(run: dict[str, Any]) -> None:
    header = get(run["attachment"]["url"]).text.splitlines()[0]
    assert header.split(",")[-1] == "uuid"


def test_extra_text_names_term_and_reports(client: httpx.Client) -> None:
    run = complete(client, users=True, courses=True, enrollment_term_id="default")
    assert run["parameters"]["extra_text"] == "Term: Default Term; Reports: users courses "


def test_a_bad_token_is_told_from_a_missing_permission(
    anonymous: httpx.Client, as_user: Callable[[int], httpx.Client]
) -> None:
    """By `WWW-Authenticate` alone do most clients tell them apart (api.md, 3.1)."""
    assert "www-authenticate" in anonymous.get(REPORTS).headers
    assert "www-authenticate" not in as_user(DAN).get(REPORTS).headers
