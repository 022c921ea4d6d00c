"""Equal requests on equal data: a run takes over the file of another, or waits for it.

Runs are equal if their request keys are: the same report, account, parameters and language, on the
same installation. One may take over the other's file if besides both read the same snapshot, and
the one that was done did not look at anything else that differs: the moment, or who asks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from rollbook import __version__
from rollbook.engines.engine import DataState
from rollbook.reports.parameters import is_true
from rollbook.reports.report import Report
from rollbook.reports.scope import Circumstance, Host
from rollbook.runs.model import UNFINISHED, Run, Status
from rollbook.runs.naming import file_name, new_link_key
from rollbook.runs.store import RunStore

FRESH = "fresh"
"""The parameter by which a client asks for a run that computes; reports do not see it."""


def without_fresh(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that a report sees."""
    return {name: value for name, value in parameters.items() if name != FRESH}


def canonical(parameters: Mapping[str, Any]) -> str:
    """Parameters as text, the same for equal ones; Python takes 1, 1.0 and True for equal."""
    return json.dumps(parameters, sort_keys=True)


@dataclass(frozen=True)
class Reuse:
    """Which runs may take over whose files."""

    store: RunStore
    host: Host
    """Its settings are part of what reports print."""
    is_on: bool = True

    def key(
        self, report: Report, account_id: int, parameters: Mapping[str, Any], locale: str
    ) -> str | None:
        """What equal requests have in common; None where none is ever equal."""
        if not self.is_on or not report.repeatable:
            return None
        request = {
            "version": __version__,
            "host": asdict(self.host),
            "report": report.key,
            "account": account_id,
            "parameters": without_fresh(parameters),
            "locale": locale,
        }
        return hashlib.sha256(canonical(request).encode()).hexdigest()

    def source(
        self,
        key: str | None,
        state: DataState | None,
        parameters: Mapping[str, Any],
        user_id: int | None,
    ) -> Run | None:
        """The newest complete run whose file will do for a request.

        Args:
            key: of the request.
            state: the data that it would read.
            parameters: as they were sent.
            user_id: who asks.
        """
        if key is None or state is None or is_true(parameters.get(FRESH)):
            return None
        for run in self.store.complete_of(key, snapshot=state.snapshot):
            is_later = state.loaded_at is None or (
                run.started_at is not None and run.started_at >= state.loaded_at
            )
            if is_later and will_do(run, user_id):
                return run
        return None

    def leader(
        self,
        unfinished: Iterable[Run],
        key: str | None,
        state: DataState | None,
        parameters: Mapping[str, Any],
        user_id: int | None,
    ) -> Run | None:
        """The run, among those not finished, whose file will do once it is complete.

        Args:
            unfinished: of equal requests, those that wait for no other.
            key: of the request.
            state: the data that it would read.
            parameters: as they were sent.
            user_id: who asks.
        """
        if key is None or state is None or is_true(parameters.get(FRESH)):
            return None
        for run in unfinished:
            # One that has not begun will read data that are as new, or newer.
            reads_the_same = run.status is Status.CREATED or run.snapshot == state.snapshot
            if reads_the_same and (run.seen is None or will_do(run, user_id)):
                return run
        return None

    def take_over(self, run: Run, source: Run, now: datetime) -> bool:
        """Complete a run with the file of another; tells whether it did.

        It does not where the run has moved on meanwhile, or the file is gone.
        """
        file = source.file
        if file is None:
            return False
        extension = file.filename.rpartition(".")[2]
        return self.store.complete(
            run.id,
            of_attempt=run.attempt,
            same_bytes_as=file,
            progress=100,
            current_line=source.current_line,
            message=source.message,
            parameters={**run.requested, **without_fresh(source.parameters)},
            snapshot=source.snapshot,
            request_key=source.request_key,
            seen=source.seen,
            reused_from=source.reused_from or source.id,
            joined_to=None,
            started_at=run.started_at or now,
            ended_at=now,
            file={
                "account_id": run.account_id,
                "user_id": run.user_id,
                "link_key": new_link_key(),
                "filename": file_name(run.report, run.id, extension, now),
                "content_type": file.content_type,
                "size": file.size,
                "rows": file.rows,
                "sha256": file.sha256,
                "location": file.location,
                "created_at": now,
            },
        )


def will_do(run: Run, user_id: int | None) -> bool:
    """Whether the rows of a run that was planned are those of an equal request by a user."""
    if run.seen is None or Circumstance.MOMENT in run.seen:
        return False
    return Circumstance.USER not in run.seen or run.user_id == user_id


def must_not_wait(leader: Run, user_id: int | None) -> bool:
    """Whether a run that waits for another need not hope for its file."""
    if leader.status in UNFINISHED:
        return leader.seen is not None and not will_do(leader, user_id)
    return leader.status is not Status.COMPLETE or not will_do(leader, user_id)
