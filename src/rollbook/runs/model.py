"""A run of a report: its states, the moves between them, its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from rollbook.audit import Actor, AuditRecord, Event


class Status(StrEnum):
    """Where a run is in its life (api.md, 12.2)."""

    CREATED = "created"
    RUNNING = "running"
    COMPILING = "compiling"
    COMPLETE = "complete"
    ERROR = "error"
    ABORTED = "aborted"
    DELETED = "deleted"


MOVES: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        Status.CREATED: frozenset(
            {
                Status.RUNNING,
                Status.COMPLETE,  # At once, with the file of an equal run.
                Status.ERROR,
                Status.ABORTED,
                Status.DELETED,
            }
        ),
        Status.RUNNING: frozenset(
            {
                Status.RUNNING,  # Started again, because its worker died.
                Status.COMPILING,
                Status.COMPLETE,
                Status.ERROR,
                Status.ABORTED,
                Status.DELETED,
            }
        ),
        Status.COMPILING: frozenset(
            {Status.RUNNING, Status.COMPLETE, Status.ERROR, Status.ABORTED, Status.DELETED}
        ),
        Status.COMPLETE: frozenset({Status.DELETED}),
        Status.ERROR: frozenset({Status.DELETED}),
        Status.ABORTED: frozenset({Status.DELETED}),
        Status.DELETED: frozenset(),
    }
)
"""From each state, the states a run may move to."""

UNFINISHED = frozenset({Status.CREATED, Status.RUNNING, Status.COMPILING})
"""The states of a run that somebody still has to bring to an end."""


def sources_of(target: Status) -> frozenset[Status]:
    """The states from which a run may move to the target."""
    return frozenset(source for source, targets in MOVES.items() if target in targets)


@dataclass(frozen=True, kw_only=True)
class ReportFile:
    """The file of a complete run."""

    id: int
    run_id: int
    account_id: int
    user_id: int | None
    link_key: str = field(repr=False)
    """Seals the links to the file (`rollbook.access.links`); shown to nobody."""
    filename: str
    content_type: str
    size: int
    location: str
    """What the store of files calls it."""
    created_at: datetime
    rows: int | None = None
    """Rows of all its CSVs, headers not counted; None for files of an earlier version."""
    sha256: str | None = None
    """Of its bytes; None as above."""
    deleted_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a report, as it is now."""

    id: int
    account_id: int
    report: str
    status: Status
    requested: Mapping[str, Any]
    """The parameters as they were sent."""
    parameters: Mapping[str, Any]
    """The parameters as they are shown: `locale` and `extra_text` join them."""
    progress: int
    current_line: int | None
    message: str | None
    user_id: int | None
    token_id: int | None
    attempt: int
    """How many times a worker has begun it; what an earlier attempt writes counts no more."""
    given_back: int
    """How many attempts ended because their worker was told to end."""
    snapshot: str | None
    """The state of the data it reads."""
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    request_key: str | None
    """What runs of equal requests have in common (`rollbook.runs.reuse`)."""
    seen: list[str] | None
    """What it looked at besides its request and the data; None until it was planned."""
    reused_from: int | None
    """The run that computed its file, where it was another."""
    joined_to: int | None
    """The unfinished run whose file it waits for."""
    handed_over_at: datetime | None
    """When the workers got it; until then it waits for its turn."""
    file: ReportFile | None

    @property
    def deaths(self) -> int:
        """How many workers died while they worked on it; the one that works on it now counts, too."""
        return self.attempt - self.given_back

    def seconds(self, now: datetime) -> float:
        """Its `run_time`: waiting, running, or how long it took (api.md, section 5)."""
        begun = self.started_at or self.created_at
        return max(((self.ended_at or now) - begun).total_seconds(), 0.0)


def record_of(
    run: Run, event: Event, actor: Actor, now: datetime, *, sent: int | None = None
) -> AuditRecord:
    """What the audit log says of something done to a run or its file.

    Args:
        run: as it is after it.
        event: what was done.
        actor: who did it.
        now: when.
        sent: the bytes of a download; by default those of the file.
    """
    file = run.file
    return AuditRecord(
        at=now,
        event=event,
        actor=actor,
        account_id=run.account_id,
        report=run.report,
        run_id=run.id,
        file_id=file.id if file else None,
        parameters=run.requested,
        rows=file.rows if file else None,
        bytes=sent if sent is not None or file is None else file.size,
        sha256=file.sha256 if file else None,
    )
