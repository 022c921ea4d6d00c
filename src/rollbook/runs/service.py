"""Start, list, show, abort and delete runs: the one door for the API, the command line, pages."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rollbook.audit import NOBODY, Actor, Event
from rollbook.engines.engine import DataState
from rollbook.errors import FileNotFound, RunNotAbortable, RunNotFound
from rollbook.output.files import FileStore, manifest_beside, remove_with_manifest
from rollbook.reports import texts
from rollbook.reports.report import Report
from rollbook.runs.dispatch import Dispatcher
from rollbook.runs.model import UNFINISHED, Run, Status, record_of
from rollbook.runs.outlook import Estimate, QueuePlace, estimate
from rollbook.runs.reuse import canonical
from rollbook.runs.store import RunStore

DUPLICATE_AGE = timedelta(hours=12)
"""Older unfinished runs do not keep an equal one from starting (api.md, 7.2)."""

_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class RunService:
    """The life of runs, as people and programs steer it."""

    store: RunStore
    dispatcher: Dispatcher
    duplicate_check: bool = False
    clock: Callable[[], datetime] = utc_now
    """Tells the present, aware."""

    def start(
        self,
        report: Report,
        *,
        account_id: int,
        parameters: Mapping[str, Any] | None,
        actor: Actor = NOBODY,
        locale: str = "en",
        data: DataState | None = None,
    ) -> tuple[Run, bool]:
        """Store a run and have it performed; gives the run as stored, and whether it is a new one.

        It is not new where duplicates are checked and an equal one has not ended. If the file of
        an equal run will do, the run completes with that before this gives back.

        Args:
            report: the type.
            account_id: the account it covers.
            parameters: as they were sent.
            actor: who asks.
            locale: the language of the user who asks.
            data: the data that it would read now; None where no file of another run will do.
        """
        now, sent, user_id = self.clock(), parameters or {}, actor.effective_user_id
        reuse = self.dispatcher.reuse
        key = reuse.key(report, account_id, sent, locale)
        source = reuse.source(key, data, sent, user_id)
        run, is_new = self.store.create(
            account_id=account_id,
            report=report.key,
            parameters=sent,
            actor=actor,
            now=now,
            twin=(lambda runs: _equal(runs, parameters, now)) if self.duplicate_check else None,
            request_key=key,
            leader=(None if source else lambda runs: reuse.leader(runs, key, data, sent, user_id)),
        )
        if is_new:
            _log.info(
                "run accepted",
                extra={"action": "run_accepted", "run": run.id, "report": run.report},
            )
            if not (source and reuse.take_over(run, source, now)):
                self.dispatcher.hand_over()
        return run, is_new

    def by_id(self, run_id: int) -> Run:
        """A run, whatever its account and type, and though it was deleted.

        Raises:
            RunNotFound: there is none of this id.
        """
        run = self.store.by_id(run_id)
        if run is None:
            raise RunNotFound(f"There is no run {run_id}. `rollbook runs list` shows the newest.")
        return run

    def page(
        self, *, account_id: int, report: str, offset: int, limit: int
    ) -> tuple[Sequence[Run], int]:
        """Some runs of one type, newest first, and how many there are in all."""
        return self.store.page(account_id=account_id, report=report, offset=offset, limit=limit)

    def last_runs(self, account_id: int) -> Mapping[str, Run]:
        """The newest run of each type that was not deleted."""
        return self.store.last_runs(account_id)

    def show(self, run_id: str, *, account_id: int, report: str) -> Run:
        """One run.

        Raises:
            RunNotFound: there is none of this id, account and type, or it was deleted.
        """
        number = _number(run_id)
        found = self.store.find(number, account_id=account_id, report=report) if number else None
        if found is None:
            raise RunNotFound(f"There is no run {run_id} of {report} in this account.")
        return found

    def manifest(
        self, run_id: str, files: FileStore, *, account_id: int, report: str
    ) -> dict[str, Any]:
        """The manifest of a run's file (`rollbook.reports.manifest`).

        Raises:
            RunNotFound: there is no such run.
            FileNotFound: it has no file, or one of a version without manifests.
        """
        run = self.show(run_id, account_id=account_id, report=report)
        if run.file is None:
            raise FileNotFound(f"Run {run.id} has no file, so there is no manifest of it.")
        written = b"".join(files.read(manifest_beside(run.file.location)))
        manifest: dict[str, Any] = json.loads(written)
        return manifest

    def queue_place(self, run: Run) -> QueuePlace | None:
        """Where a run stands in the queue; None once it has begun."""
        if run.status is not Status.CREATED:
            return None
        return QueuePlace(*self.store.waiting(run.id))

    def estimate(self, run: Run) -> Estimate | None:
        """How long an unfinished run may take; None where no earlier run tells."""
        if run.status not in UNFINISHED:
            return None
        earlier = self.store.computed(account_id=run.account_id, report=run.report)
        return estimate(run, earlier, self.clock())

    def abort(self, run_id: str, *, account_id: int, report: str, actor: Actor = NOBODY) -> Run:
        """Stop a run; gives it as it was stopped, its last words come a moment later.

        Raises:
            RunNotFound: there is no such run.
            RunNotAbortable: it has ended.
        """
        run = self.show(run_id, account_id=account_id, report=report)
        if not self.store.stop(run, Status.ABORTED, actor=actor, now=self.clock()):
            raise RunNotAbortable(f"Run {run.id} has ended already; nothing was changed.")
        _log.info("run aborted", extra={"action": "run_aborted", "run": run.id})
        aborted = self.store.get(run.id)
        if aborted.started_at is None:
            # No worker holds it, so nobody else would notice.
            end_stopped(self.store, aborted)
        self.dispatcher.settle(run.id)
        return aborted

    def delete(self, run_id: str, *, account_id: int, report: str, actor: Actor = NOBODY) -> Run:
        """Hide a run, whatever its state; if it is at work it stops. Its file stays.

        Raises:
            RunNotFound: there is no such run.
        """
        run = self.show(run_id, account_id=account_id, report=report)
        if not self.store.stop(run, Status.DELETED, actor=actor, now=self.clock()):
            raise RunNotFound(f"There is no run {run_id} of {report} in this account.")
        _log.info("run deleted", extra={"action": "run_deleted", "run": run.id})
        self.dispatcher.settle(run.id)
        return self.store.get(run.id)

    def run_of_file(self, file_id: str) -> Run:
        """The run that wrote a file, also a deleted one; its `file` is the file.

        Raises:
            FileNotFound: there is no such file, or it was deleted.
        """
        number = _number(file_id)
        run = self.store.files.run_of_file(number) if number else None
        if run is None:
            raise FileNotFound("There is no such report file.")
        return run

    def delete_file(self, run: Run, files: FileStore, *, actor: Actor = NOBODY) -> None:
        """Delete the file of a run, its bytes too; every link to it is dead.

        Raises:
            FileNotFound: somebody else deleted it in this moment.
        """
        record = record_of(run, Event.FILE_DELETED, actor, self.clock())
        struck = self.store.files.strike_off(run.file, record) if run.file else None
        if run.file is None or struck is None:
            raise FileNotFound("There is no such report file.")
        if not struck.bytes_are_needed:
            remove_with_manifest(files, run.file.location)
        _log.info("file deleted", extra={"action": "file_deleted", "run": run.id})


def end_stopped(store: RunStore, run: Run) -> None:
    """Finish the record of a run that was aborted."""
    store.end_stopped(
        run.id,
        extra_text=texts.ABORTED,
        message=texts.stop_message(run.report),
        now=datetime.now(UTC),
    )


def _number(text: str) -> int:
    """The id that a text is; 0 if it is none, or one that no database takes."""
    is_id = text.isascii() and text.isdigit() and len(text) <= 19
    return int(text) if is_id and int(text) < 2**63 else 0


def _equal(runs: Sequence[Run], parameters: Mapping[str, Any] | None, now: datetime) -> Run | None:
    for run in runs:
        recent = run.created_at > now - DUPLICATE_AGE
        if recent and (parameters is None or canonical(run.requested) == canonical(parameters)):
            return run
    return None
