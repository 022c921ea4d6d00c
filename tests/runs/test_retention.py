"""Files expire by policy, and a purge proves what it removed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from api.inside import Inside, inside
from api.live import until

from rollbook.audit import Event as AuditEvent
from rollbook.runs.model import Run
from rollbook.runs.retention import Purged, Retention, keep_purging, purge

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    with inside(tmp_path_factory.mktemp("retention")) as server:
        yield server


@pytest.fixture(autouse=True)
def today(server: Inside) -> datetime:
    """A day of its own for each test, after which nothing is left of others."""
    server.clock.now += 1_000 * DAY
    purged(server, Retention(0))
    server.clock.now += DAY
    return server.clock.now


def purged(server: Inside, retention: Retention, *, dry_run: bool = False) -> list[Purged]:
    services = server.services
    found = purge(services.runs.store, services.files, retention, server.clock.now, dry_run=dry_run)
    return list(found)


def run_of(server: Inside, days_ago: int, **values: str) -> Run:
    server.clock.now -= days_ago * DAY
    run = server.run(content=b"a\n22\n", **values)  # type: ignore[arg-type]
    server.clock.now += days_ago * DAY
    return run


def test_each_type_has_its_days(server: Inside) -> None:
    kept = [run_of(server, 29), run_of(server, 400, report="grade_export_csv")]
    old = [run_of(server, 31), run_of(server, 6, report="lti_report_csv")]
    policy = Retention(30, {"grade_export_csv": 3650, "lti_report_csv": 5})
    assert [file.run_id for file in purged(server, policy)] == [run.id for run in old]
    assert [server.services.runs.by_id(run.id).file for run in kept] == [run.file for run in kept]


def test_a_type_alone_may_expire(server: Inside) -> None:
    run_of(server, 400)
    old = run_of(server, 6, report="lti_report_csv")
    assert [item.run_id for item in purged(server, Retention(None, {"lti_report_csv": 5}))] == [
        old.id
    ]


def test_a_purged_file_is_gone_and_its_run_stays_without_it(server: Inside) -> None:
    run = run_of(server, 31)
    address = f"/api/v1/accounts/1/reports/{run.report}/{run.id}"
    headers = server.headers()
    url = server.http.get(address, headers=headers).json()["attachment"]["url"]
    assert server.http.get(url).content == b"a\n22\n"
    purged(server, Retention(30))
    assert run.file is not None
    # Who has no token is not told which files there are.
    assert server.http.get(url).status_code == 401
    assert server.http.get(url, headers=headers).status_code == 404
    assert server.http.get(f"/api/v1/files/{run.file.id}", headers=headers).status_code == 404
    assert not (server.settings.data / "files" / run.file.location).exists()
    shown = server.http.get(address, headers=headers).json()
    assert (shown["status"], shown["file_url"]) == ("complete", None)
    assert "attachment" not in shown


def test_what_was_removed_is_proved(server: Inside, today: datetime) -> None:
    run = run_of(server, 31)
    (item,) = purged(server, Retention(30))
    digest = hashlib.sha256(b"a\n22\n").hexdigest()
    assert (item.run_id, item.bytes, item.sha256) == (run.id, 5, digest)
    # The run recorded another digest: these are not the bytes that it wrote.
    assert not item.is_as_recorded
    (record,) = server.services.audit.records(since=today)
    assert record.event == AuditEvent.FILE_PURGED
    assert (record.run_id, record.file_id) == (item.run_id, item.file_id)
    assert (record.bytes, record.sha256) == (5, digest)


def test_a_dry_run_changes_nothing(server: Inside, today: datetime) -> None:
    run = run_of(server, 31)
    first, second = (purged(server, Retention(30), dry_run=True) for _ in range(2))
    assert first == second
    assert [item.run_id for item in first] == [run.id]
    assert not list(server.services.audit.records(since=today))


def test_files_of_deleted_runs_expire_too(server: Inside) -> None:
    run = run_of(server, 31)
    server.services.runs.delete(str(run.id), account_id=run.account_id, report=run.report)
    assert [item.run_id for item in purged(server, Retention(30))] == [run.id]


def test_bytes_that_are_gone_are_purged_as_none(server: Inside) -> None:
    run = run_of(server, 31)
    assert run.file is not None
    server.services.files.remove(run.file.location)
    (item,) = purged(server, Retention(30))
    assert (item.bytes, item.sha256, item.is_as_recorded) == (0, None, False)


def test_bytes_that_a_dead_process_left_are_removed(server: Inside) -> None:
    class DiesAfterwards(Exception):
        """In place of the power cut."""

    class Dying(type(server.services.files)):  # type: ignore[misc]
        def remove(self, location: str) -> None:
            raise DiesAfterwards

    run = run_of(server, 31)
    assert run.file is not None
    path = server.settings.data / "files" / run.file.location
    store = server.services.runs.store
    # Nothing else was struck off lately.
    server.clock.now += 3 * DAY
    dying = Dying(server.settings.data / "files")
    with pytest.raises(DiesAfterwards):
        list(purge(store, dying, Retention(30), server.clock.now))
    assert path.exists()
    assert purged(server, Retention(30)) == []
    assert not path.exists()


def test_a_worker_purges_by_itself(server: Inside, tmp_path: Path) -> None:
    server.clock.now = datetime.now(UTC)
    run = run_of(server, 31)
    services, stop = server.services, Event()
    files = (services.runs.store, services.files, Retention(30), stop)
    worker = Thread(target=keep_purging, args=files)
    worker.start()
    until(lambda: services.runs.by_id(run.id).file is None)
    stop.set()
    worker.join(10)
    assert not worker.is_alive()
