"""Report files and their bytes (api.md, sections 6, 8 and 13)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from api.inside import Inside, inside
from api.institution import ADA, BEN, DAN, TABLES
from api.live import LiveServer, complete, get

from rollbook.access.tokens import revoke_token
from rollbook.runs.model import Run

AsUser = Callable[[int], httpx.Client]


@pytest.fixture(scope="module")
def run(live: LiveServer) -> dict[str, Any]:
    """A complete run."""
    with live.client(live.token) as client:
        return complete(client)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Inside]:
    """A server whose clock and data belong to one test."""
    with inside(tmp_path) as server:
        yield server


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
    assert file["size"] == len(get(file["url"]).content)


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
    assert get(url).status_code == 200


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
    assert answer.headers["content-length"] == "7"
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


def test_a_link_dies_with_its_time(server: Inside) -> None:
    run = server.run()
    url = _url(server, run, server.headers())
    assert server.http.get(url).status_code == 200
    server.clock.now += timedelta(hours=23)
    assert server.http.get(url).status_code == 200
    server.clock.now += timedelta(hours=25)
    answer = server.http.get(url)
    assert (answer.status_code, answer.json()["status"]) == (401, "unauthenticated")
    assert server.http.get(url, headers=server.headers()).status_code == 200


def test_a_link_dies_with_its_token(server: Inside) -> None:
    run = server.run()
    mine, other = (_url(server, run, server.headers()) for _ in range(2))
    assert mine != other
    assert revoke_token(server.settings, server.services.tokens.all()[-2].id)
    assert [server.http.get(url).status_code for url in (mine, other)] == [401, 200]


def test_a_link_dies_with_the_login_of_its_user(server: Inside) -> None:
    url = _url(server, server.run(), server.headers(user_id=ADA))
    assert server.http.get(url).status_code == 200
    gone = [row for row in TABLES["pseudonyms"] if row["user_id"] != ADA]
    server.load({**TABLES, "pseudonyms": gone})
    assert server.http.get(url).status_code == 401


def test_a_deleted_file_is_gone_and_its_run_stays(server: Inside) -> None:
    run, headers = server.run(), server.headers()
    assert run.file is not None
    url = _url(server, run, headers)
    path = f"/api/v1/files/{run.file.id}"
    shown = server.http.get(path, headers=headers).json()
    deleted = server.http.delete(path, headers=headers)
    assert (deleted.status_code, deleted.json()) == (200, shown)
    assert server.http.delete(path, headers=headers).status_code == 404
    assert server.http.get(url).status_code == 401
    assert server.http.get(url, headers=headers).status_code == 404
    assert not (server.settings.data / "files" / run.file.location).exists()
    run_path = f"/api/v1/accounts/1/reports/provisioning_csv/{run.id}"
    left = server.http.get(run_path, headers=headers).json()
    assert (left["status"], left["file_url"]) == ("complete", None)
    assert "attachment" not in left


def test_a_file_is_sent_in_pieces(server: Inside) -> None:
    content = b"0123456789" * 1_000_000
    url = _url(server, server.run(content=content), server.headers())
    with server.http.stream("GET", url) as answer:
        pieces = list(answer.iter_raw())
    assert b"".join(pieces) == content
    assert len(pieces) > 10


def _url(server: Inside, run: Run, headers: dict[str, str]) -> str:
    assert run.file is not None
    url: str = server.http.get(f"/api/v1/files/{run.file.id}", headers=headers).json()["url"]
    return url


def test_includes_add_user_and_rights(client: httpx.Client, file: dict[str, Any]) -> None:
    answer = client.get(f"/api/v1/files/{file['id']}?include[]=user&include[]=usage_rights")
    assert answer.json() == {**file, "user": {}, "usage_rights": None}
