"""Start, list, show, abort and delete runs: the one door for the API, the command line, pages."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from rollbook.errors import RunNotAbortable, RunNotFound
from rollbook.reports import texts
from rollbook.reports.report import Report
from rollbook.runs.jobs import Jobs
from rollbook.runs.model import ReportFile, Run, Status
from rollbook.runs.store import RunStore

DUPLICATE_AGE = timedelta(hours=12)
"""Older unfinished runs do not keep an equal one from starting (api.md, 7.2)."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunService:
    """The life of runs, as people and programs steer it."""

    store: RunStore
    jobs: Jobs
    duplicate_check: bool = False

    def start(
        self,
        report: Report,
        *,
        account_id: int,
        parameters: Mapping[str, Any] | None,
        user_id: int | None = None,
        token_id: int | None = None,
    ) -> tuple[Run, bool]:
        """Store a run and have it performed; gives the run, and whether it is a new one.

        It is not new where duplicates are checked and an equal one has not ended.
        """
        now = datetime.now(UTC)
        run, is_new = self.store.create(
            account_id=account_id,
            report=report.key,
            parameters=parameters or {},
            user_id=user_id,
            token_id=token_id,
            now=now,
            twin=(lambda runs: _equal(runs, parameters, now)) if self.duplicate_check else None,
        )
        if is_new:
            self._hand_over(run)
        return run, is_new

    def page(
        self, *, account_id: int, report: str, offset: int, limit: int
    ) -> tuple[list[Run], int]:
        """Some runs of one type, newest first, and how many there are in all."""
        runs = self.store.page(account_id=account_id, report=report, offset=offset, limit=limit)
        return runs, self.store.count(account_id=account_id, report=report)

    def last_runs(self, account_id: int) -> dict[str, Run]:
        """The newest run of each type that was not deleted."""
        return self.store.last_runs(account_id)

    def show(self, run_id: str, *, account_id: int, report: str) -> Run:
        """One run.

        Raises:
            RunNotFound: there is none of this id, account and type, or it was deleted.
        """
        number = int(run_id) if run_id.isascii() and run_id.isdigit() else 0
        # Larger numbers no database takes.
        found = None
        if 0 < number < 2**63:
            found = self.store.find(number, account_id=account_id, report=report)
        if found is None:
            raise RunNotFound(f"There is no run {run_id} of {report} in this account.")
        return found

    def abort(self, run_id: str, *, account_id: int, report: str) -> Run:
        """Stop a run; gives it as it was stopped, its last words come a moment later.

        Raises:
            RunNotFound: there is no such run.
            RunNotAbortable: it has ended.
        """
        run = self.show(run_id, account_id=account_id, report=report)
        if not self.store.move(run.id, Status.ABORTED):
            raise RunNotAbortable(f"Run {run.id} has ended already; nothing was changed.")
        _log.info("run aborted", extra={"action": "run_aborted", "run": run.id})
        aborted = self.store.get(run.id)
        if aborted.started_at is None:
            # No worker holds it, so nobody else would notice.
            end_stopped(self.store, aborted)
        return aborted

    def delete(self, run_id: str, *, account_id: int, report: str) -> Run:
        """Hide a run, whatever its state; if it is at work it stops. Its file stays.

        Raises:
            RunNotFound: there is no such run.
        """
        run = self.show(run_id, account_id=account_id, report=report)
        if not self.store.move(run.id, Status.DELETED):
            raise RunNotFound(f"There is no run {run_id} of {report} in this account.")
        _log.info("run deleted", extra={"action": "run_deleted", "run": run.id})
        return self.store.get(run.id)

    def file(self, file_id: int) -> ReportFile | None:
        """A report file, also of a deleted run."""
        return self.store.file(file_id)

    def _hand_over(self, run: Run) -> None:
        _log.info(
            "run accepted",
            extra={"action": "run_accepted", "run": run.id, "report": run.report},
        )
        try:
            self.jobs.enqueue(run.id)
        except SQLAlchemyError:
            # The run is stored, so it is accepted: a worker will find and enqueue it.
            _log.exception("run not enqueued yet", extra={"action": "run_late", "run": run.id})


def end_stopped(store: RunStore, run: Run) -> None:
    """Finish the record of a run that was aborted."""
    store.end_stopped(
        run.id,
        extra_text=texts.ABORTED,
        message=texts.stop_message(run.report),
        now=datetime.now(UTC),
    )


def _equal(runs: Sequence[Run], parameters: Mapping[str, Any] | None, now: datetime) -> Run | None:
    for run in runs:
        recent = run.created_at > now - DUPLICATE_AGE
        if recent and (parameters is None or _canonical(run.requested) == _canonical(parameters)):
            return run
    return None


def _canonical(parameters: Mapping[str, Any]) -> str:
    # As text, because Python takes 1, 1.0 and True for equal.
    return json.dumps(parameters, sort_keys=True)
