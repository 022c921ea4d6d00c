"""Each run and download leaves a record of who, what and where from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from api.inside import Inside, inside
from api.institution import ADA, BEN
from api.live import LiveServer, complete, get

from rollbook.audit import FIELDS, AuditRecord, Event, read_audit
from rollbook.state.tables import audit

CONTENT = b"canvas_user_id,name\n" + b"1,Ada\n" * 500


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Inside]:
    with inside(tmp_path) as server:
        yield server


def records(server: Inside, event: Event | None = None) -> list[AuditRecord]:
    found = list(server.services.audit.records())
    return [record for record in found if event in (None, record.event)]


def test_a_run_leaves_a_record_at_its_start_and_its_end(
    live: LiveServer, client: httpx.Client
) -> None:
    run = complete(client, users=True, courses=True)
    content = get(run["attachment"]["url"]).content
    found = [item for item in read_audit(live.settings) if item.run_id == run["id"]]
    assert [item.event for item in found] == [
        Event.RUN_STARTED,
        Event.RUN_COMPLETED,
        Event.DOWNLOAD,
    ]
    started, completed, downloaded = found
    assert started.parameters == {"users": "True", "courses": "True"}
    assert (started.rows, started.bytes, started.sha256) == (None, None, None)
    digest = hashlib.sha256(content).hexdigest()
    assert {item.sha256 for item in (completed, downloaded)} == {digest}
    assert {item.bytes for item in (completed, downloaded)} == {len(content)}
    # Seven users with logins in the root, one course.
    assert {item.rows for item in (completed, downloaded)} == {8}
    assert {item.actor for item in found} == {started.actor}
    assert started.actor.address == "127.0.0.1"
    assert started.at <= completed.at <= downloaded.at


def test_a_record_says_who_acts_as_whom(server: Inside) -> None:
    path = "/api/v1/accounts/1/reports/provisioning_csv"
    headers = server.headers(user_id=ADA)
    server.http.post(path, params={"as_user_id": BEN, "access_token": "x"}, headers=headers)
    server.http.post(path, headers=headers)
    server.http.post(path.replace("/1/", "/2/"), params={"as_user_id": BEN}, headers=headers)
    own, as_ben = records(server, Event.RUN_STARTED)
    assert (own.actor.user_id, own.actor.as_user_id, own.account_id) == (ADA, None, 1)
    assert (as_ben.actor.user_id, as_ben.actor.as_user_id, as_ben.account_id) == (ADA, BEN, 2)


def test_stopping_and_deleting_leave_records(server: Inside) -> None:
    headers = server.headers()
    path = "/api/v1/accounts/1/reports/provisioning_csv"
    number = server.http.post(path, headers=headers).json()["id"]
    server.http.put(f"{path}/{number}/abort", headers=headers)
    server.http.delete(f"{path}/{number}", headers=headers)
    run = server.run()
    assert run.file is not None
    server.http.delete(f"/api/v1/files/{run.file.id}", headers=headers)
    events = [record.event for record in records(server) if record.actor.token_id]
    assert events == [
        Event.RUN_STARTED,
        Event.RUN_ABORTED,
        Event.RUN_DELETED,
        Event.FILE_DELETED,
    ]


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("GET", {}, [len(CONTENT)]),
        ("GET", {"Range": "bytes=10-19"}, [10]),
        ("HEAD", {}, []),
        ("GET", {"If-None-Match": f'"{"0" * 64}"'}, []),
        ("GET", {"Range": f"bytes={len(CONTENT)}-"}, []),
    ],
)
def test_a_download_is_recorded_with_the_bytes_that_it_sends(
    server: Inside, method: str, headers: dict[str, str], expected: list[int]
) -> None:
    run = server.run(content=CONTENT)
    assert run.file is not None
    path = f"/files/{run.file.id}/download"
    answer = server.http.request(method, path, headers={**headers, **server.headers()})
    downloads = records(server, Event.DOWNLOAD)
    assert [record.bytes for record in downloads] == expected
    assert answer.content == b"" or len(answer.content) == sum(expected) or not expected
    assert {record.file_id for record in downloads} <= {run.file.id}


def test_a_download_by_link_names_the_token_it_was_given_to(server: Inside) -> None:
    run = server.run(content=CONTENT)
    headers = server.headers(user_id=ADA)
    assert run.file is not None
    url = server.http.get(f"/api/v1/files/{run.file.id}", headers=headers).json()["url"]
    assert server.http.get(url).content == CONTENT
    (download,) = records(server, Event.DOWNLOAD)
    assert download.actor.token_id == server.services.tokens.all()[-1].id
    assert (download.actor.user_id, download.actor.address) == (ADA, "127.0.0.1")


def test_a_proxy_tells_the_address(server: Inside) -> None:
    forwarded = {"X-Forwarded-For": "192.0.2.7"}
    path = "/api/v1/accounts/1/reports/provisioning_csv"
    server.http.post(path, headers={**server.headers(), **forwarded})
    assert [record.actor.address for record in records(server)] == ["192.0.2.7"]


def test_no_byte_leaves_when_the_record_cannot_be_kept(server: Inside) -> None:
    run = server.run(content=CONTENT)
    headers = server.headers()
    assert run.file is not None
    with server.services.runs.store._database.writing() as connection:
        audit.drop(connection)
    answer = server.http.get(f"/files/{run.file.id}/download", headers=headers)
    assert answer.status_code == 500
    assert answer.json()["errors"][0]["error_code"] == "internal_server_error"


def test_a_run_that_cannot_be_recorded_does_not_start(server: Inside) -> None:
    headers = server.headers()
    database = server.services.runs.store._database
    with database.writing() as connection:
        connection.execute(sa.text("ALTER TABLE audit RENAME TO hidden"))
    path = "/api/v1/accounts/1/reports/provisioning_csv"
    assert server.http.post(path, headers=headers).status_code == 500
    assert server.http.get(path, headers=headers).json() == []


def test_records_of_a_time_are_listed_in_their_order(server: Inside) -> None:
    begin = server.clock.now
    for minutes in range(4):
        server.clock.now = begin + timedelta(minutes=minutes)
        server.run()
    every = list(server.services.audit.records())
    assert [record.at for record in every] == sorted(record.at for record in every)
    chosen: Any = server.services.audit.records(
        since=begin + timedelta(minutes=1), until=begin + timedelta(minutes=3)
    )
    assert len(list(chosen)) == 4
    assert tuple(every[0].as_dict()) == FIELDS
