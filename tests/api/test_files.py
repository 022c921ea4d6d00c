"""Report files and their bytes (api.md, sections 6, 8 and 13)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from api.institution import BEN, DAN
from api.live import LiveServer, complete

AsUser = Callable[[int], httpx.Client]


@pytest.fixture(scope="module")
def run(live: LiveServer) -> dict[str, Any]:
    """A complete run."""
    with live.client(live.token) as client:
        return complete(client)


@pytest.fixture
def file(run: dict[str, Any]) -> dict[str, Any]:
    attachment: dict[str, Any] = run["attachment"]
    return attachment


def test_a_file_is_described_as_canvas_does(
    client: httpx.Client, live: LiveServer, run: dict[str, Any], file: dict[str, Any]
) -> None:
    assert client.get(f"/api/v1/files/{file['id']}/").json() == file
    assert file["url"] == (
        f"{live.url}/files/{file['id']}/download?download_frd=1&verifier={file['uuid']}"
    )
    assert run["file_url"] == f"{live.url}/accounts/1/files/{file['id']}/download"
    assert (file["content-type"], file["mime_class"]) == ("text/csv", "file")
    assert file["size"] == len(httpx.get(file["url"]).content)


def test_a_file_name_has_the_day_and_the_run(run: dict[str, Any], file: dict[str, Any]) -> None:
    pattern = rf"provisioning_csv_\d\d_[A-Z][a-z]{{2}}_\d{{4}}_{run['id']}_\w{{8}}\.csv"
    assert re.fullmatch(pattern, file["filename"])
    assert file["display_name"] == file["filename"]


def test_the_verifier_opens_the_file(anonymous: httpx.Client, file: dict[str, Any]) -> None:
    answer = anonymous.get(file["url"])
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="{file["filename"]}"'
    assert answer.headers["content-length"] == str(file["size"])
    assert answer.text.splitlines()[1].startswith("1,S1,")


def test_the_url_works_with_a_token_too(client: httpx.Client, file: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/json"}
    assert client.get(file["url"], headers=headers).status_code == 200


def test_a_verifier_wins_over_a_bad_token(live: LiveServer, file: dict[str, Any]) -> None:
    with live.client("rollbook_nobody") as client:
        assert client.get(file["url"]).status_code == 200


@pytest.mark.parametrize("query", ["", "?download_frd=1", "?verifier=wrong", "?verifier[]=x"])
def test_neither_token_nor_verifier_opens_nothing(
    anonymous: httpx.Client, file: dict[str, Any], query: str
) -> None:
    answer = anonymous.get(f"/files/{file['id']}/download{query}")
    assert answer.status_code == 401
    assert answer.json()["status"] == "unauthenticated"


def test_the_file_url_works_with_a_token(client: httpx.Client, run: dict[str, Any]) -> None:
    assert client.get(run["file_url"]).status_code == 200


def test_a_file_is_found_only_in_its_account(client: httpx.Client, file: dict[str, Any]) -> None:
    assert client.get(f"/api/v1/accounts/1/files/{file['id']}").status_code == 200
    assert client.get(f"/api/v1/accounts/2/files/{file['id']}").status_code == 404
    assert client.get(f"/accounts/2/files/{file['id']}/download").status_code == 404


def test_a_public_url_needs_no_token(client: httpx.Client, file: dict[str, Any]) -> None:
    url = client.get(f"/api/v1/files/{file['id']}/public_url").json()["public_url"]
    assert httpx.get(url).status_code == 200


@pytest.mark.parametrize("user_id", [BEN, DAN])
def test_who_may_not_read_the_account_may_not_read_its_files(
    as_user: AsUser, file: dict[str, Any], user_id: int
) -> None:
    client = as_user(user_id)
    assert client.get(f"/api/v1/files/{file['id']}").status_code == 403
    assert client.get(f"/files/{file['id']}/download").status_code == 403


@pytest.mark.parametrize(
    "name",
    [
        "0",
        "-1",
        "999999",
        "9" * 30,
        "x",
        "..",
        "%2e%2e%2fstate.sqlite",
        "1%2f..%2f..%2fjobs.sqlite",
    ],
)
def test_nothing_else_can_be_downloaded(client: httpx.Client, live: LiveServer, name: str) -> None:
    request = httpx.Request("GET", f"{live.url}/x", headers=client.headers)
    request.url = request.url.copy_with(raw_path=f"/files/{name}/download".encode())
    assert client.send(request).status_code == 404


def test_a_part_of_a_file_can_be_asked_for(anonymous: httpx.Client, file: dict[str, Any]) -> None:
    whole = anonymous.get(file["url"]).content
    answer = anonymous.get(file["url"], headers={"Range": "bytes=3-9"})
    assert answer.status_code == 206
    assert answer.content == whole[3:10]
    assert answer.headers["content-range"] == f"bytes 3-9/{len(whole)}"


def test_an_unchanged_file_is_not_sent_again(anonymous: httpx.Client, file: dict[str, Any]) -> None:
    etag = anonymous.get(file["url"]).headers["etag"]
    answer = anonymous.get(file["url"], headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert file["uuid"] not in etag


def test_head_tells_the_size_only(anonymous: httpx.Client, file: dict[str, Any]) -> None:
    answer = anonymous.head(file["url"])
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(file["size"])


def test_includes_add_user_and_rights(client: httpx.Client, file: dict[str, Any]) -> None:
    answer = client.get(f"/api/v1/files/{file['id']}?include[]=user&include[]=usage_rights")
    assert answer.json() == {**file, "user": {}, "usage_rights": None}
