"""The audit log: who started, stopped or deleted which run, and who took which file away.

Records are only ever added. A run's first record is written in the transaction that stores the run,
its second in the one that completes it; a download's before its first byte leaves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from rollbook.config import Settings
from rollbook.state.database import Database, open_database
from rollbook.state.tables import audit

_PAGE = 1_000


FIELDS = (
    "at",
    "event",
    "token_id",
    "user_id",
    "as_user_id",
    "address",
    "account_id",
    "report",
    "run_id",
    "file_id",
    "parameters",
    "rows",
    "bytes",
    "sha256",
)
"""Of a record, in the order in which they are listed."""


class Event(StrEnum):
    """What was done."""

    RUN_STARTED = "run_started"
    RUN_COMPLETED = "run_completed"
    RUN_ABORTED = "run_aborted"
    RUN_DELETED = "run_deleted"
    DOWNLOAD = "download"
    FILE_DELETED = "file_deleted"
    FILE_PURGED = "file_purged"


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who does something."""

    token_id: int | None = None
    user_id: int | None = None
    """The Canvas user of the token; None for a service."""
    as_user_id: int | None = None
    """The user acted as, where it is another."""
    address: str | None = None
    """The network address that the request came from."""

    @property
    def effective_user_id(self) -> int | None:
        """The user to whom belongs what is made."""
        return self.as_user_id or self.user_id


NOBODY = Actor()
"""Stands where Rollbook acts by itself."""


@dataclass(frozen=True, kw_only=True)
class AuditRecord:
    """One thing that was done."""

    at: datetime
    event: Event
    actor: Actor
    account_id: int
    report: str
    run_id: int
    file_id: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    rows: int | None = None
    """Of the whole file, headers not counted."""
    bytes: int | None = None
    """Of the file; of a download, those that were asked for."""
    sha256: str | None = None
    """Of the whole file."""

    def as_dict(self) -> dict[str, Any]:
        """Its `FIELDS`, ready for JSON."""
        values = {**vars(self), **vars(self.actor)}
        values["at"] = self.at.isoformat(timespec="milliseconds")
        values["event"] = str(self.event)
        values["parameters"] = dict(self.parameters)
        return {name: values[name] for name in FIELDS}


def write_record(connection: sa.Connection, record: AuditRecord) -> None:
    """Add a record in the transaction of what it tells of."""
    values = {**record.as_dict(), "at": record.at}
    connection.execute(audit.insert().values(values))


def starter_of(connection: sa.Connection, run_id: int) -> Actor:
    """Who started a run, as its first record says."""
    first = audit.select().where(audit.c.run_id == run_id, audit.c.event == Event.RUN_STARTED)
    row = connection.execute(first).mappings().one_or_none()
    return NOBODY if row is None else _record(row).actor


class AuditLog:
    """All records."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, record: AuditRecord) -> None:
        """Write a record; when this gives back it is kept."""
        with self._database.writing() as connection:
            write_record(connection, record)

    def records(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[AuditRecord]:
        """The records of a time, oldest first, read piece by piece.

        Args:
            since: the first moment that counts, aware.
            until: the first moment that counts no more, aware.
        """
        last = 0
        while True:
            query = audit.select().where(audit.c.id > last).order_by(audit.c.id).limit(_PAGE)
            if since:
                query = query.where(audit.c.at >= since)
            if until:
                query = query.where(audit.c.at < until)
            with self._database.reading() as connection:
                rows = connection.execute(query).mappings().all()
            yield from (_record(row) for row in rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1]["id"]


def read_audit(
    settings: Settings, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[AuditRecord]:
    """The records of an installation, as `AuditLog.records`."""
    database = open_database(settings)
    try:
        yield from AuditLog(database).records(since=since, until=until)
    finally:
        database.close()


def _record(row: sa.RowMapping) -> AuditRecord:
    values: dict[str, Any] = dict(row)
    values.pop("id")
    actor = Actor(
        **{name: values.pop(name) for name in ("token_id", "user_id", "as_user_id", "address")}
    )
    values["event"] = Event(values["event"])
    return AuditRecord(actor=actor, **values)
