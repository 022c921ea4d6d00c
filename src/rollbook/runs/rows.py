"""A run and its file, as the state database gives them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from rollbook.runs.model import ReportFile, Run, Status
from rollbook.state.tables import files, runs

_FILE = [column.label(f"file_{column.name}") for column in files.c]
RUNS = sa.select(runs, *_FILE).select_from(
    runs.outerjoin(files, sa.and_(files.c.run_id == runs.c.id, files.c.deleted_at.is_(None)))
)
"""Runs, each with the file it has."""
_COLUMNS = tuple(column.name for column in runs.c)
_FILE_COLUMNS = tuple(column.name for column in files.c)


def run_numbered(connection: sa.Connection, run_id: int) -> Run:
    """A run that is there."""
    return run_of(connection.execute(RUNS.where(runs.c.id == run_id)).mappings().one())


def run_of(row: sa.RowMapping) -> Run:
    """The run of a row of `RUNS`."""
    values: dict[str, Any] = {name: row[name] for name in _COLUMNS}
    values["status"] = Status(values["status"])
    file = {name: row[f"file_{name}"] for name in _FILE_COLUMNS}
    return Run(**values, file=None if file["id"] is None else ReportFile(**file))
