"""Starting and stopping runs, without a worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from rollbook.config import Settings
from rollbook.errors import RunNotAbortable, RunNotFound
from rollbook.reports.registry import registry
from rollbook.runs.jobs import Progress
from rollbook.runs.model import Run, Status
from rollbook.runs.opening import run_service
from rollbook.runs.service import RunService
from rollbook.runs.store import RunStore
from rollbook.state.database import open_database

REPORT = registry().find("provisioning_csv")
ADDRESS: dict[str, Any] = {"account_id": 1, "report": REPORT.key}


class NoWorkers:
    """A queue that nobody works on."""

    def enqueue(self, run_id: int) -> None: ...

    def progress(self, run_ids: Iterable[int]) -> dict[int, Progress]:
        return {}


class LostQueue(NoWorkers):
    """A queue that cannot be reached."""

    def enqueue(self, run_id: int) -> None:
        raise OperationalError("insert", {}, Exception("disk I/O error"))


def service_with(store: RunStore, jobs: NoWorkers) -> RunService:
    return run_service(Settings(duplicate_check=True), store, jobs)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RunService]:
    database = open_database(Settings(data=tmp_path))
    yield service_with(RunStore(database), NoWorkers())
    database.close()


def start(service: RunService, parameters: dict[str, Any] | None) -> tuple[Run, bool]:
    return service.start(REPORT, account_id=1, parameters=parameters)


def test_an_equal_run_that_waits_will_do(service: RunService) -> None:
    run, _ = start(service, {"a": "1", "b": [1]})
    again, is_new = start(service, {"b": [1], "a": "1"})
    assert (again.id, is_new) == (run.id, False)


def test_a_request_without_parameters_matches_any(service: RunService) -> None:
    run, _ = start(service, {"a": "1"})
    again, is_new = start(service, None)
    assert (again.id, is_new) == (run.id, False)


@pytest.mark.parametrize("other", [{"a": 1}, {"a": True}, {"a": "1", "b": "2"}, {}])
def test_other_parameters_start_another_run(service: RunService, other: dict[str, Any]) -> None:
    run, _ = start(service, {"a": "1"})
    again, is_new = start(service, other)
    assert is_new
    assert again.id != run.id


def test_a_run_that_ended_is_no_duplicate(service: RunService) -> None:
    run, _ = start(service, {})
    service.abort(str(run.id), **ADDRESS)
    assert start(service, {})[1]


def test_a_run_is_accepted_though_the_queue_is_lost(service: RunService) -> None:
    lost = service_with(service.store, LostQueue())
    run, is_new = start(lost, {})
    assert is_new
    assert service.show(str(run.id), **ADDRESS).status == Status.CREATED


def test_a_waiting_run_is_aborted_at_once(service: RunService) -> None:
    run, _ = start(service, {})
    aborted = service.abort(str(run.id), **ADDRESS)
    assert (aborted.status, aborted.progress, aborted.ended_at) == (Status.ABORTED, 0, None)
    ended = service.show(str(run.id), **ADDRESS)
    assert (ended.progress, ended.started_at) == (100, None)
    assert ended.ended_at is not None
    assert ended.parameters == {"extra_text": "Report has been aborted"}


def test_an_ended_run_cannot_be_aborted(service: RunService) -> None:
    run, _ = start(service, {})
    service.abort(str(run.id), **ADDRESS)
    with pytest.raises(RunNotAbortable, match=f"Run {run.id} has ended already"):
        service.abort(str(run.id), **ADDRESS)


def test_a_deleted_run_is_found_no_more(service: RunService) -> None:
    run, _ = start(service, {})
    assert service.delete(str(run.id), **ADDRESS).status == Status.DELETED
    with pytest.raises(RunNotFound):
        service.show(str(run.id), **ADDRESS)
