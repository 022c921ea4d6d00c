"""Equal requests on equal data: one run computes, the others take its bytes; no other ever does."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from api.institution import ADA, BEN, TABLES
from engines.memory_lake import MemoryLake

import rollbook.canvas
import rollbook.output
import rollbook.reports
from rollbook.audit import Actor, AuditLog, Event
from rollbook.canvas.tables import Tables
from rollbook.config import Settings
from rollbook.engines.engine import DataState, state_of
from rollbook.output.files import LocalFiles
from rollbook.reports.execution import ReportRequest, plan_report
from rollbook.reports.registry import BUILT_IN, registry
from rollbook.reports.report import Column, OutputFile, Plan, Report
from rollbook.reports.scope import Scope
from rollbook.runs.dispatch import Limits
from rollbook.runs.jobs import Progress
from rollbook.runs.model import Run, Status
from rollbook.runs.opening import run_service
from rollbook.runs.performance import Workplace, perform
from rollbook.runs.retention import Retention, purge
from rollbook.runs.service import RunService
from rollbook.runs.store import RunStore
from rollbook.state.database import Database, open_database

USERS = {"users": True}


def accounts(tables: Tables, scope: Scope) -> Plan:
    """Reads the time where deleted ones are asked for."""
    assert "fresh" not in scope.parameters.values
    rows = tables.accounts.order_by("id")
    if scope.include_deleted:
        rows = rows.filter(rows.created_at.isnull() | (rows.created_at < scope.now_utc))
    return Plan((OutputFile("accounts", (Column("id", rows.id),), rows),), extra_text="Own;")


OWN = Report(
    key="own_csv",
    title="Own",
    description="",
    parameters=(),
    tables=("accounts",),
    plan=accounts,
    repeatable=True,
)
REPORTS = {report.key: report for report in (OWN, replace(OWN, key="other_csv"), *BUILT_IN)}


@dataclass
class Queue:
    """What was handed to the workers, in order."""

    ids: list[int] = field(default_factory=list)

    def enqueue(self, run_id: int) -> None:
        self.ids.append(run_id)

    def progress(self, run_ids: Iterable[int]) -> dict[int, Progress]:
        return {}


@dataclass
class Office:
    """The service that takes requests, a queue, and a worker that works when it is told to."""

    database: Database
    service: RunService
    place: Workplace
    queue: Queue
    data: DataState | None

    def ask(
        self,
        report: str = OWN.key,
        parameters: dict[str, Any] | None = None,
        *,
        account_id: int = 1,
        user_id: int | None = None,
        locale: str = "en",
    ) -> Run:
        run, _ = self.service.start(
            REPORTS[report],
            account_id=account_id,
            parameters=USERS if parameters is None else parameters,
            actor=Actor(user_id=user_id),
            locale=locale,
            data=self.data,
        )
        # As the API answers: before any work.
        assert (run.status, run.progress, run.file) == (Status.CREATED, 0, None)
        return self.now(run)

    def now(self, run: Run) -> Run:
        return self.service.store.get(run.id)

    def work(self) -> None:
        """Perform all that was handed over."""
        while self.queue.ids:
            perform(self.place, self.queue.ids.pop(0))

    def done(self, *arguments: Any, **named: Any) -> Run:
        """A run that was computed."""
        run = self.ask(*arguments, **named)
        self.work()
        return self.now(run)

    def content(self, run: Run) -> bytes:
        assert run.file is not None
        return b"".join(self.place.files.read(run.file.location))

    def limit(self, **limits: Any) -> None:
        dispatcher = replace(self.service.dispatcher, limits=Limits(**limits))
        self.service = replace(self.service, dispatcher=dispatcher)
        self.place = replace(self.place, settle=dispatcher.settle)


@pytest.fixture
def office(memory_lake: MemoryLake, tmp_path: Path) -> Iterator[Office]:
    memory_lake.fill(TABLES)
    settings = Settings(data=tmp_path)
    database, queue = open_database(settings), Queue()
    store = RunStore(database)
    service = run_service(settings, store, queue)
    place = Workplace(
        store=store,
        files=LocalFiles(tmp_path / "files"),
        view=lambda _as_of, _account: nullcontext(memory_lake.engine),
        folder=tmp_path / "work",
        host=settings.report_host,
        find_report=REPORTS.__getitem__,
        reuse=service.dispatcher.reuse,
        settle=service.dispatcher.settle,
    )
    yield Office(database, service, place, queue, state_of(memory_lake.engine))
    database.close()


def was_computed(office: Office, run: Run) -> bool:
    office.work()
    return office.now(run).reused_from is None


def test_an_equal_request_completes_at_once_with_the_same_bytes(office: Office) -> None:
    first = office.done()
    second = office.ask()
    assert (second.status, second.progress, second.reused_from) == (Status.COMPLETE, 100, first.id)
    assert office.queue.ids == []
    assert first.file
    assert second.file
    assert office.content(first) == office.content(second)
    assert (first.file.sha256, first.file.rows) == (second.file.sha256, second.file.rows)
    assert second.file.id != first.file.id
    assert second.file.link_key != first.file.link_key
    assert f"_{second.id}_" in second.file.filename
    assert second.parameters == first.parameters
    assert (second.message, second.current_line) == (first.message, first.current_line)
    assert second.started_at is not None
    address: dict[str, Any] = {"account_id": 1, "report": OWN.key}
    manifest = office.service.manifest(str(second.id), office.place.files, **address)
    assert manifest["sha256"] == second.file.sha256


def test_the_audit_log_knows_both_files(office: Office) -> None:
    first = office.done(user_id=ADA)
    second = office.ask(user_id=ADA)
    records = [r for r in AuditLog(office.database).records() if r.event is Event.RUN_COMPLETED]
    assert [record.run_id for record in records] == [first.id, second.id]
    assert records[1].sha256 == records[0].sha256
    assert records[1].actor.user_id == ADA


@pytest.mark.parametrize(
    "other",
    [
        {"parameters": {"users": "true"}},
        {"parameters": {"users": True, "accounts": True}},
        {"parameters": {"users": True, "fresh": "true"}},
        {"account_id": 2},
        {"locale": "de"},
        {"report": "other_csv"},
    ],
)
def test_another_request_is_computed(office: Office, other: dict[str, Any]) -> None:
    office.done()
    run = office.ask(**other)
    # A worker takes the language from the data, where it is `en`.
    assert office.queue.ids == [run.id]
    if "locale" not in other:
        assert was_computed(office, run)


def test_newer_data_are_read(office: Office) -> None:
    office.done()
    state = office.data
    assert state is not None
    for newer in (
        replace(state, snapshot="lake:99"),
        # A lake made anew counts its snapshots from the start.
        replace(state, loaded_at=datetime.now(UTC) + timedelta(minutes=1)),
        None,
    ):
        office.data = newer
        assert office.ask().status is Status.CREATED


def test_a_worker_looks_at_the_data_itself(office: Office) -> None:
    """What the API saw may be older than what the worker reads."""
    first = office.done()
    office.data = None
    second = office.ask()
    assert office.queue.ids == [second.id]
    assert not was_computed(office, second)
    assert office.now(second).reused_from == first.id


def test_fresh_is_kept_but_not_seen_by_the_report(office: Office) -> None:
    fresh = office.done(parameters={"users": True, "fresh": True})
    assert (fresh.status, fresh.parameters["fresh"]) == (Status.COMPLETE, True)
    # Its file is the newest there is, for those who do not ask for a fresh one.
    later = office.ask()
    assert later.reused_from == fresh.id
    assert "fresh" not in later.parameters
    assert office.ask(parameters={"users": True, "fresh": False}).parameters["fresh"] is False


def test_it_can_be_switched_off(office: Office) -> None:
    reuse = replace(office.service.dispatcher.reuse, is_on=False)
    office.service = replace(
        office.service, dispatcher=replace(office.service.dispatcher, reuse=reuse)
    )
    office.place = replace(office.place, reuse=reuse)
    office.done()
    assert was_computed(office, office.ask())


def test_a_report_that_is_not_declared_repeatable_is_computed(office: Office) -> None:
    own = replace(OWN, repeatable=False)
    office.place = replace(office.place, find_report=lambda _: own)
    for _ in range(2):
        run, _is_new = office.service.start(own, account_id=1, parameters=USERS, data=office.data)
        assert was_computed(office, run)


def test_what_depends_on_the_moment_is_computed(office: Office) -> None:
    deleted = {"include_deleted": True}
    office.done(parameters=deleted)
    assert was_computed(office, office.ask(parameters=deleted))


def test_what_depends_on_the_user_is_taken_over_by_that_user_alone(office: Office) -> None:
    office.done("outcome_export_csv", {}, user_id=ADA)
    assert office.ask("outcome_export_csv", {}, user_id=ADA).status is Status.COMPLETE
    assert office.ask("outcome_export_csv", {}, user_id=BEN).status is Status.CREATED


def test_either_file_can_go_without_the_other(office: Office) -> None:
    first = office.done()
    second, third = office.ask(), office.ask()
    content = office.content(first)
    office.service.delete_file(first, office.place.files)
    assert office.content(second) == content
    # The next is purged, and the bytes stay for the last.
    in_a_day = datetime.now(UTC) + timedelta(days=1)
    store, files = office.service.store, office.place.files
    planned = list(purge(store, files, Retention(0), in_a_day, dry_run=True))
    purged = list(purge(store, files, Retention(0), in_a_day))
    assert planned == purged
    assert [(item.run_id, item.bytes_are_needed) for item in purged] == [
        (second.id, True),
        (third.id, False),
    ]
    assert not list((office.place.folder.parent / "files").iterdir())
    # Nothing is left to take over.
    assert office.ask().status is Status.CREATED


def test_the_file_of_a_deleted_run_is_taken_over_by_nobody(office: Office) -> None:
    run = office.done()
    office.service.delete(str(run.id), account_id=1, report=run.report)
    assert office.ask().status is Status.CREATED


def test_an_equal_request_waits_for_the_run_that_is_on_its_way(office: Office) -> None:
    leader, follower = office.ask(), office.ask()
    assert office.queue.ids == [leader.id]
    assert follower.joined_to == leader.id
    office.work()
    follower = office.now(follower)
    assert (follower.status, follower.reused_from) == (Status.COMPLETE, leader.id)
    assert office.content(follower) == office.content(office.now(leader))


def test_who_waited_for_a_run_that_was_stopped_is_computed(office: Office) -> None:
    address: dict[str, Any] = {"account_id": 1, "report": OWN.key}
    first, second, third = (office.ask() for _ in range(3))
    assert (second.joined_to, third.joined_to) == (first.id, first.id)
    office.service.abort(str(first.id), **address)
    assert office.queue.ids == [first.id, second.id, third.id]
    assert office.now(second).joined_to is None
    office.service.delete(str(second.id), **address)
    office.work()
    assert [office.now(run).status for run in (first, second, third)] == [
        Status.ABORTED,
        Status.DELETED,
        Status.COMPLETE,
    ]


def test_who_waits_in_vain_is_let_go_as_soon_as_that_is_clear(office: Office) -> None:
    deleted = {"include_deleted": True}
    leader, follower = (office.ask(parameters=deleted) for _ in range(2))
    assert follower.joined_to == leader.id
    perform(office.place, office.queue.ids.pop(0))
    assert office.queue.ids == [follower.id]
    assert was_computed(office, follower)


def test_who_waited_when_a_process_died_is_found(office: Office) -> None:
    leader, follower = office.ask(), office.ask()
    perform(replace(office.place, settle=lambda _: None), leader.id)
    assert office.now(follower).status is Status.CREATED
    office.service.dispatcher.settle_all()
    assert office.now(follower).status is Status.COMPLETE


@pytest.mark.parametrize("limits", [{"per_account": 1}, {"per_report_of": {OWN.key: 1}}])
def test_no_more_runs_are_handed_over_than_the_limit(
    office: Office, limits: dict[str, Any]
) -> None:
    office.limit(**limits)
    first, second = (office.ask(parameters={"users": True, "n": n}) for n in range(2))
    other = office.ask("other_csv", account_id=2)
    assert office.queue.ids == [first.id, other.id]
    perform(office.place, office.queue.ids.pop(0))
    assert office.queue.ids == [other.id, second.id]


def test_of_all_types_those_that_look_at_the_moment_or_the_user_are_known(
    memory_lake: MemoryLake,
) -> None:
    memory_lake.fill(TABLES)

    def seen(report: Report, **parameters: Any) -> set[str]:
        request = ReportRequest(
            report=report, parameters=parameters, now=datetime.now(UTC), user_id=ADA
        )
        scope, _ = plan_report(memory_lake.engine, request)
        return set(scope.circumstances.seen)

    files = {"users": True, "courses": True, "sections": True, "enrollments": True}
    found = {report.key: seen(report, **files) for report in BUILT_IN}
    assert {key: names for key, names in found.items() if names} == {
        "recently_deleted_courses_csv": {"moment"},
        "students_with_no_submissions_csv": {"moment"},
        "outcome_results_csv": {"user"},
        "outcome_export_csv": {"user"},
        "student_assignment_outcome_map_csv": {"user"},
    }
    assert len(found) == 20
    provisioning = registry().find("provisioning_csv")
    assert seen(provisioning, courses=True, include_deleted=True) == {"moment"}
    assert seen(provisioning, users=True, enrollment_term_id="current") == {"moment"}
    assert seen(provisioning, users=True, enrollment_term_id=2) == set()


def test_nothing_that_makes_rows_reads_a_clock_or_dice_by_itself() -> None:
    """Else a run could depend on the moment, and nobody would know."""
    forbidden = {"now", "utcnow", "today", "random", "uuid", "uuid4", "time", "monotonic"}
    modules = (rollbook.reports, rollbook.canvas, rollbook.output)
    files = [file for module in modules for file in Path(module.__path__[0]).rglob("*.py")]
    found = {
        f"{file.name}: {ast.unparse(node)}"
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in forbidden
        # The pieces of a run's settings in words have a function of that name.
        and ast.unparse(node.func) != "extra_text.time"
    }
    assert len(files) > 60
    assert found == set()
