"""When a stored run is handed to the workers: not before its turn, and not if another's file does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from rollbook.errors import ResourceError
from rollbook.runs.jobs import Jobs
from rollbook.runs.model import Run, Status
from rollbook.runs.reuse import Reuse, must_not_wait
from rollbook.runs.store import RunStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """How many runs may be with the workers at a time; None for any number."""

    per_account: int | None = None
    per_report: int | None = None
    per_report_of: Mapping[str, int] = field(default_factory=dict)
    """By report type, where it differs."""

    def of_report(self, report: str) -> int | None:
        return self.per_report_of.get(report, self.per_report)


@dataclass(frozen=True)
class Dispatcher:
    """Hands runs over, oldest first, as far as the limits let; called whenever one may be due."""

    store: RunStore
    jobs: Jobs
    reuse: Reuse
    clock: Callable[[], datetime]
    limits: Limits = field(default_factory=Limits)

    def hand_over(self) -> None:
        """Enqueue the runs whose turn it is."""
        for run_id in self.store.admit(self._has_room, self.clock()):
            try:
                self.jobs.enqueue(run_id)
            except SQLAlchemyError:
                # It is stored, so it is accepted: a worker will find and enqueue it.
                _log.exception("run not enqueued yet", extra={"action": "run_late", "run": run_id})

    def settle(self, run_id: int) -> None:
        """See to those who wait for a run that was planned, or has ended."""
        try:
            self._settle_followers(self.store.get(run_id))
            self.hand_over()
        except (SQLAlchemyError, ResourceError):
            # A worker that looks around will do it.
            _log.exception("others wait on", extra={"action": "settle_failed", "run": run_id})

    def settle_all(self) -> None:
        """See to all who wait: whoever should have done so may have died."""
        for leader_id in self.store.leaders():
            self._settle_followers(self.store.get(leader_id))
        self.hand_over()

    def _settle_followers(self, leader: Run) -> None:
        for follower in self.store.followers(leader.id):
            if must_not_wait(leader, follower.user_id):
                self.store.unjoin(follower.id)
            elif leader.status is Status.COMPLETE:
                if self.reuse.take_over(follower, leader, self.clock()):
                    _log.info(
                        "run complete with the file of another",
                        extra={"action": "run_reused", "run": follower.id, "source": leader.id},
                    )
                else:
                    self.store.unjoin(follower.id)

    def _has_room(self, account_id: int, report: str, of_account: int, of_report: int) -> bool:
        per_account, per_report = self.limits.per_account, self.limits.of_report(report)
        return (per_account is None or of_account < per_account) and (
            per_report is None or of_report < per_report
        )
