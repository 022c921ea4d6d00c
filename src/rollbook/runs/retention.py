"""Report files that expire: which, when, and the proof of what was removed."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Event

from sqlalchemy.exc import SQLAlchemyError

from rollbook.audit import NOBODY
from rollbook.audit import Event as AuditEvent
from rollbook.config import Settings
from rollbook.errors import FileNotFound, ResourceError
from rollbook.output.files import FileStore, remove_with_manifest
from rollbook.runs.model import ReportFile, Run, record_of
from rollbook.runs.store import RunStore

PURGE_SECONDS = 3600.0
"""How often a worker purges."""
_SWEPT = timedelta(days=2)
"""Files struck off so lately may have left bytes: who struck them off may have died."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Retention:
    """How long report files are kept, from their making."""

    days: int | None = None
    """None for ever."""
    days_of: Mapping[str, int] = field(default_factory=dict)
    """By report type, where it differs."""

    @property
    def keeps_everything(self) -> bool:
        return self.days is None and not self.days_of

    def expired(self, store: RunStore, now: datetime) -> list[Run]:
        """The runs, deleted ones too, whose file's time is over; oldest file first."""
        moments = {report: now - timedelta(days=days) for report, days in self.days_of.items()}
        otherwise = None if self.days is None else now - timedelta(days=self.days)
        return store.files.with_files_before(moments, otherwise)


def retention_of(settings: Settings) -> Retention:
    return Retention(settings.keep_files_days, settings.keep_files_days_of)


@dataclass(frozen=True, kw_only=True)
class Purged:
    """A file that was removed, as it was found."""

    run_id: int
    account_id: int
    report: str
    file_id: int
    filename: str
    created_at: datetime
    bytes: int
    sha256: str | None
    """Of the bytes that were there; None where there were none."""
    is_as_recorded: bool
    """Whether these are the bytes that the run wrote."""
    bytes_are_needed: bool
    """Whether the bytes stay, because the file of another run consists of them."""


def purge(
    store: RunStore, files: FileStore, retention: Retention, now: datetime, *, dry_run: bool = False
) -> Iterator[Purged]:
    """Remove the files that have expired, one after the other, each with an audit record.

    A file is struck off before its bytes are removed, so no link ever leads to half of one. Its
    run stays, without a file.

    Args:
        store: all runs.
        files: where the bytes are.
        retention: which have expired.
        now: the present, aware.
        dry_run: change nothing.
    """
    if not dry_run:
        for location in store.files.needless_locations(now - _SWEPT):
            remove_with_manifest(files, location)
    needed = Counter[str]()
    for run in retention.expired(store, now):
        if run.file is None:
            continue
        found = _as_found(run, run.file, files)
        if dry_run:
            location = run.file.location
            if location not in needed:
                needed[location] = store.files.number_at(location)
            needed[location] -= 1
            yield replace(found, bytes_are_needed=needed[location] > 0)
            continue
        record = replace(
            record_of(run, AuditEvent.FILE_PURGED, NOBODY, now),
            bytes=found.bytes,
            sha256=found.sha256,
        )
        struck = store.files.strike_off(run.file, record)
        if struck is None:
            continue
        if not struck.bytes_are_needed:
            remove_with_manifest(files, run.file.location)
        yield replace(found, bytes_are_needed=struck.bytes_are_needed)


def _as_found(run: Run, file: ReportFile, files: FileStore) -> Purged:
    size, digest = 0, None
    found = hashlib.sha256()
    try:
        for piece in files.read(file.location):
            found.update(piece)
            size += len(piece)
        digest = found.hexdigest()
    except (FileNotFound, FileNotFoundError):
        _log.warning("no bytes to purge", extra={"action": "purge_found_nothing", "run": run.id})
    return Purged(
        run_id=run.id,
        account_id=run.account_id,
        report=run.report,
        file_id=file.id,
        filename=file.filename,
        created_at=file.created_at,
        bytes=size,
        sha256=digest,
        # Files of an earlier version have no digest to compare with.
        is_as_recorded=size == file.size and file.sha256 in (None, digest),
        bytes_are_needed=False,
    )


def keep_purging(store: RunStore, files: FileStore, retention: Retention, stop: Event) -> None:
    """Purge at once and every hour, until told to stop."""
    while not stop.is_set():
        try:
            for file in purge(store, files, retention, datetime.now(UTC)):
                _log.info(
                    "file purged",
                    extra={
                        "action": "file_purged",
                        "run": file.run_id,
                        "file": file.file_id,
                        "bytes": file.bytes,
                        "sha256": file.sha256,
                    },
                )
        except (SQLAlchemyError, OSError, ResourceError):
            _log.exception("files not purged", extra={"action": "purge_failed"})
        stop.wait(PURGE_SECONDS)
