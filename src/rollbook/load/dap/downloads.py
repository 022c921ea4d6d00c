"""What has come of a table, on disk, so that an interrupted sync goes on where it was."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from rollbook.load.canvas_data.discovery import MANIFEST, Kind
from rollbook.load.dap.answers import Job, StoredObject
from rollbook.load.dap.files import writable, write_json

STATE = "state.json"
"""Beside the files: which job they are of, and what it was asked for."""
_JOB_LIFE = timedelta(hours=24)
"""DAP deletes a job and its files then; older files of ours are not worth going on with."""


@dataclass(frozen=True)
class Started:
    """A job that was asked for."""

    id: str
    kind: Kind


@dataclass(frozen=True)
class Finished:
    """What came of a table."""

    table: str
    kind: Kind
    since: str | None
    until: str | None
    """The moment up to which the table is complete with it, in ISO 8601."""
    files: int
    bytes: int


@dataclass(frozen=True)
class Download:
    """The folder of what comes of one table."""

    folder: Path
    table: str
    lake_until: str | None
    """The moment up to which the lake's table is complete; None for no table. Files that were asked
    for at another moment are of no use."""
    form: str

    def started(self) -> Started | None:
        """The job whose files the folder has or is to have; None where it is to begin anew."""
        state = _json(self.folder / STATE)
        try:
            is_ours = (
                state["table"] == self.table
                and state["lake_until"] == self.lake_until
                and state["form"] == self.form
                and datetime.now(UTC) - datetime.fromisoformat(state["started_at"]) < _JOB_LIFE
            )
            return Started(state["id"], Kind(state["kind"])) if is_ours else None
        except (KeyError, TypeError, ValueError):
            return None

    def start(self, job: Job, kind: Kind) -> Started:
        """Forget what is there, and remember a job.

        Raises:
            NotWritable: the folder cannot be written.
        """
        self.discard()
        with writable(self.folder):
            self.folder.mkdir(parents=True)
        state = {
            "table": self.table,
            "lake_until": self.lake_until,
            "form": self.form,
            "id": job.id,
            "kind": kind.value,
            "started_at": datetime.now(UTC).isoformat(),
        }
        write_json(self.folder / STATE, state)
        return Started(job.id, kind)

    def file(self, item: StoredObject) -> Path:
        """Where an object's file belongs. The name is ours, not the service's."""
        ending = self.form if self.form == "parquet" else f"{self.form}.gz"
        return self.folder / f"part-{sha256(item.id.encode()).hexdigest()[:16]}.{ending}"

    def finish(self, job: Job, kind: Kind) -> Finished:
        """Say that all files of a job are there, in the manifest that the loader reads.

        Raises:
            NotWritable: the folder cannot be written.
        """
        changes = kind is Kind.INCREMENTAL
        manifest = {
            "table": self.table,
            "kind": kind.value,
            "since": (job.since or self.lake_until) if changes else None,
            "at": job.until if changes else job.at,
            "schema_version": job.schema_version,
            "files": sorted(self.file(item).name for item in job.objects),
        }
        write_json(self.folder / MANIFEST, manifest)
        return self._finished(manifest)

    def finished(self) -> Finished | None:
        """What came, if all of it is there."""
        manifest = _json(self.folder / MANIFEST)
        return self._finished(manifest) if manifest and self.started() else None

    def discard(self) -> None:
        """Forget what is there."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _finished(self, manifest: dict[str, Any]) -> Finished:
        return Finished(
            table=self.table,
            kind=Kind(manifest["kind"]),
            since=manifest["since"],
            until=manifest["at"],
            files=len(manifest["files"]),
            bytes=sum((self.folder / name).stat().st_size for name in manifest["files"]),
        )


def _json(file: Path) -> dict[str, Any]:
    """An object that was written here; empty where there is none or it is damaged."""
    try:
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found
