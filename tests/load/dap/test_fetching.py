"""Tables come from DAP onto the disk, whatever its server and the network do (2.9)."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from load.dap.conftest import QUICK, Fetcher
from load.dap.server import CLIENT_ID, CLIENT_SECRET, DapServer, Reply, answer, busy, error

from rollbook.config import Settings
from rollbook.errors import (
    BadParameter,
    ConfigurationError,
    CredentialsRefused,
    DiskFull,
    JobExpired,
    JobFailed,
    MissingTable,
    SourceUnavailable,
    UnknownTable,
)
from rollbook.load.canvas_data.formats import Format, read_part
from rollbook.load.dap.client import DapClient
from rollbook.load.dap.service import DapService

ANA, BEN, CY = ({"id": n, "name": name} for n, name in ((1, "Ana"), (2, "Ben"), (3, "Cy")))
LONG_AGO = "2026-01-01T00:00:00Z"


def test_all_tables_that_reports_read_come(server: DapServer, fetch: Fetcher) -> None:
    for table in ("users", "courses", "enrollment_states", "conversations"):
        server.commit(table, {"enrollment_id" if table == "enrollment_states" else "id": 1})

    assert [item.table for item in fetch()] == ["courses", "enrollment_states", "users"]


@pytest.mark.parametrize("form", list(Format))
def test_files_have_the_form_that_was_asked_for(
    server: DapServer, fetch: Fetcher, form: Format
) -> None:
    server.commit("users", ANA)

    fetch(form=form)

    (file,) = fetch.files()
    part = read_part(file, file.name)
    assert part
    assert part.format == form


def test_several_tables_are_made_at_once(server: DapServer, fetch: Fetcher) -> None:
    tables = ("users", "courses", "roles", "groups", "accounts")
    for table in tables:
        server.commit(table, {"id": 1})
    server.may_finish = lambda: len(server.jobs) == len(tables)

    assert len(fetch()) == len(tables)


def test_too_many_calls_wait_as_long_as_dap_asks(server: DapServer, fetch: Fetcher) -> None:
    for table in ("users", "courses", "roles"):
        server.commit(table, {"id": 1})
    server.limit("data", calls=2, pause=1)

    fetch()

    assert len(server.asked("data")) == 4
    assert server.too_early == 0


def test_answers_that_may_get_better_are_asked_for_again(server: DapServer, fetch: Fetcher) -> None:
    server.commit("users", ANA)
    for route in ("login", "tables", "data", "job", "url", "file"):
        server.reply(
            route,
            busy(503),
            busy(429, Retry_After="0"),
            busy(429, Retry_After="Wed, 25 Nov 2026 07:28:00 GMT"),
            busy(429, Retry_After="soon"),
        )

    fetch(patience=replace(QUICK, attempts=20))

    assert fetch.names() == ["Ana"]


def test_a_file_that_breaks_off_is_fetched_again(server: DapServer, fetch: Fetcher) -> None:
    server.commit("users", ANA)
    server.reply("file", Reply(200, b"half of it", cut=4))

    fetch()

    assert fetch.names() == ["Ana"]
    assert len(server.asked("file")) == 2


def test_a_token_that_is_no_longer_taken_is_replaced(server: DapServer, fetch: Fetcher) -> None:
    server.commit("users", ANA)
    server.reply("job", error(401, "AuthenticationError", "the token has expired"))

    fetch()

    assert len(server.asked("login")) == 2


def test_what_is_there_is_not_fetched_again(server: DapServer, fetch: Fetcher) -> None:
    """Four files are fetched at once, so the seventh is asked for when three are there."""
    server.rows_per_file = 1
    names = [f"user {number}" for number in range(8)]
    server.commit("users", *({"id": n, "name": name} for n, name in enumerate(names, start=1)))
    server.serve_files(6)
    with pytest.raises(SourceUnavailable, match="answers 500 for a file"):
        fetch()
    there = len(fetch.files())
    server.as_usual()
    server.calls.clear()

    fetch()

    assert fetch.names() == names
    assert there >= 3
    assert len({*server.asked("file")}) == len(names) - there
    assert server.asked("data") == []


def test_nothing_is_asked_for_twice_once_it_is_all_there(server: DapServer, fetch: Fetcher) -> None:
    server.commit("users", ANA)
    first = fetch()
    server.calls.clear()

    assert fetch() == first
    assert [route for route, _ in server.calls] == ["login", "tables"]


def test_files_for_another_state_of_the_lake_are_of_no_use(
    server: DapServer, fetch: Fetcher
) -> None:
    server.commit("users", ANA)
    (whole,) = fetch()
    assert whole.until
    server.commit("users", BEN)

    (changes,) = fetch(lake_until={"users": whole.until})

    assert changes.since == whole.until
    assert fetch.names() == ["Ben"]


def test_a_job_that_dap_has_forgotten_begins_anew(server: DapServer, fetch: Fetcher) -> None:
    server.commit("users", ANA)
    server.always("file", busy(503))
    with pytest.raises(SourceUnavailable):
        fetch()
    server.as_usual()
    server.forget_jobs()
    server.commit("users", BEN)

    fetch()

    assert fetch.names() == ["Ana", "Ben"]


def test_a_file_that_dap_has_deleted_begins_anew(server: DapServer, fetch: Fetcher) -> None:
    server.commit("users", ANA)
    server.reply("file", Reply(404, b""))

    fetch()

    assert fetch.names() == ["Ana"]
    assert server.asked("data") == ["users snapshot"] * 2


def test_jobs_that_are_forgotten_again_and_again_are_an_error(
    server: DapServer, fetch: Fetcher
) -> None:
    server.commit("users", ANA)
    server.always("job", error(404, "ObjectNotFound", "no such job"))

    with pytest.raises(JobExpired, match="no longer has the job"):
        fetch()

    assert len(server.asked("data")) == 2


@pytest.mark.parametrize("kind", ["SnapshotRequired", "com.example.OutOfRangeError"])
def test_a_table_comes_as_a_whole_where_its_changes_are_too_old(
    server: DapServer, fetch: Fetcher, kind: str
) -> None:
    server.commit("users", ANA)
    server.reply("data", error(400, kind, "too old", since=server.now, until=server.now))

    (item,) = fetch(lake_until={"users": LONG_AGO})

    assert (item.kind, item.since) == ("snapshot", None)
    assert server.asked("data") == ["users incremental", "users snapshot"]


def test_a_table_without_anything_newer_has_no_changes(server: DapServer, fetch: Fetcher) -> None:
    server.commit("users", ANA)
    until = "2027-01-01T00:00:00Z"

    (item,) = fetch(lake_until={"users": until})

    assert (item.kind, item.since, item.until, item.files) == ("incremental", until, until, 0)
    assert server.asked("data") == ["users incremental"]


@pytest.mark.parametrize(
    ("route", "reply", "kind", "sentence"),
    [
        ("login", error(401, "AuthenticationError", "who?"), CredentialsRefused, "who?"),
        ("tables", error(403, "AccountNotOnboarded", "not yet"), CredentialsRefused, "not yet"),
        ("tables", error(403, "AccountUnderMaintenance", "soon"), SourceUnavailable, "worked on"),
        ("data", error(403, "RequestTypeForbidden", "no"), CredentialsRefused, "refuses"),
        ("data", error(404, "ObjectNotFound", "gone"), UnknownTable, "no table 'users': gone"),
        ("data", error(400, "ValidationError", "what?"), SourceUnavailable, "answers 400: what?"),
        ("job", busy(502), SourceUnavailable, "answers 502 .*, and so it was 3 times"),
        ("job", Reply(200, b"<html>"), SourceUnavailable, "with what is no Job .* Check dap_url"),
        ("url", answer({"urls": {}}), JobExpired, "no longer has a file"),
        ("url", error(404, "ObjectNotFound", "gone"), JobExpired, "no longer has a file"),
        ("file", Reply(403, b""), SourceUnavailable, "answers 403 for a file"),
    ],
)
def test_what_went_wrong_is_one_sentence(
    server: DapServer,
    fetch: Fetcher,
    route: str,
    reply: Reply,
    kind: type[Exception],
    sentence: str,
) -> None:
    server.commit("users", ANA)
    server.always(route, reply)

    with pytest.raises(kind, match=sentence):
        fetch()


def test_a_failed_job_says_why_and_begins_anew(server: DapServer, fetch: Fetcher) -> None:
    server.commit("users", ANA)
    problem = {"type": "ProcessingError", "uuid": "u-1", "message": "out of luck"}
    server.reply("data", answer({"id": "1", "status": "failed", "error": problem}))

    with pytest.raises(JobFailed, match=r"the snapshot of users: out of luck \(.*u-1\)\. Nothing"):
        fetch()
    fetch()

    assert fetch.names() == ["Ana"]


def test_a_server_that_is_not_there_is_said_so(server: DapServer, fetch: Fetcher) -> None:
    server.stop()

    with pytest.raises(SourceUnavailable, match=r"127\.0\.0\.1:\d+ cannot be reached"):
        fetch()


def test_tables_that_cannot_come_are_said_so(server: DapServer, fetch: Fetcher) -> None:
    server.commit("conversations", {"id": 1})

    with pytest.raises(MissingTable, match="none of the tables"):
        fetch()
    with pytest.raises(BadParameter, match="No report reads the table 'conversations'"):
        fetch("conversations")
    with pytest.raises(UnknownTable, match=r"no table 'conversation'\. Is it conversations\?"):
        fetch("conversation")


def test_a_full_disk_is_said_so(server: DapServer, tmp_path: Path) -> None:
    server.commit("users", ANA)
    (tmp_path / "users.partial").symlink_to("/dev/full")

    async def download() -> None:
        async with DapClient(server.service, QUICK) as client:
            job = await client.finished(await client.start_job("users", "jsonl", None))
            await client.download(job.objects[0].id, tmp_path / "users")

    with pytest.raises(DiskFull, match=r"There is no room for .*users: No space left"):
        asyncio.run(download())
    assert not (tmp_path / "users").exists()


def test_secrets_are_nowhere(
    server: DapServer, fetch: Fetcher, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.commit("users", ANA)
    server.always("file", Reply(403, b""))
    with pytest.raises(SourceUnavailable) as caught:
        fetch()
    settings = Settings.model_validate(
        {"dap_client_id": CLIENT_ID, "dap_client_secret": CLIENT_SECRET}
    )

    kept = [file.read_text() for file in fetch.folder.rglob("*") if file.is_file()]
    shown = [repr(settings), repr(settings.dap_service), str(caught.value), caplog.text, *kept]

    assert len(kept) > 0
    assert "/files/" in caplog.text
    for secret in (CLIENT_ID, CLIENT_SECRET, server.tokens[0], "X-Signature"):
        assert not [text for text in shown if secret in text]


@pytest.mark.parametrize("url", ["http://dap.example.edu", "dap.example.edu", "https://["])
def test_a_secret_does_not_travel_in_the_open(url: str) -> None:
    with pytest.raises(ConfigurationError, match="begins with https://"):
        DapService(url, "id", "secret")
