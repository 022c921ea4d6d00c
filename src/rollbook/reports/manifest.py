"""A run's manifest: what its file holds, of which data, and what in those data does not fit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rollbook.canvas.zones import iso_seconds, zone_of
from rollbook.engines.engine import Engine, snapshot_name
from rollbook.load.integrity import Integrity
from rollbook.reports.report import Report


def manifest_of(
    engine: Engine,
    report: Report,
    file: Path,
    *,
    account_id: int,
    parameters: Mapping[str, Any],
    rows: Mapping[str, int],
    now: datetime,
) -> dict[str, Any]:
    """The manifest of a file that a report wrote, as JSON; its times are in UTC.

    Args:
        engine: what the report read.
        report: its type.
        file: what it wrote.
        account_id: the account it covers.
        parameters: the run's, as they are shown.
        rows: the rows of each table in the file by its name, headers not counted.
        now: when it was written.
    """
    with file.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    as_of = engine.data_as_of
    return {
        "report": report.key,
        "account_id": account_id,
        "parameters": dict(parameters),
        "data_as_of": None if as_of is None else _in_utc(as_of),
        "snapshot": snapshot_name(engine),
        "written_at": _in_utc(now),
        "rows": sum(rows.values()),
        "files": dict(rows),
        "size": file.stat().st_size,
        "sha256": digest,
        "warnings": _warnings(engine, report),
    }


def _warnings(engine: Engine, report: Report) -> list[str]:
    """What the load found not to fit in the tables that the report reads."""
    found = engine.load_details.get("integrity")
    if found is None:
        return []
    return Integrity.from_json(found).sentences({*report.tables, *report.optional_tables})


def _in_utc(moment: datetime) -> str:
    return iso_seconds(moment.astimezone(UTC), zone_of("UTC"))
