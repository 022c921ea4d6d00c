"""What runs that ended come to; counted in the transaction that ends one, and never less."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from rollbook.runs.model import Run
from rollbook.state.tables import run_totals

COMPLETE = "complete"
ABORTED = "aborted"

BOUNDS = (1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, math.inf)
"""Seconds; each run counts for the first that it does not exceed."""

_KEY = ("report", "outcome", "within_seconds")
_SUMS = ("runs", "seconds", "rows", "bytes")


@dataclass(frozen=True, kw_only=True)
class Total:
    """Of the runs of one report with one outcome that took about as long."""

    report: str
    outcome: str
    """`complete`, `aborted`, or the cause of an error, as `MissingTable`."""
    within_seconds: float
    """Of `BOUNDS`."""
    runs: int
    seconds: float
    rows: int
    bytes: int


def count_run(connection: sa.Connection, run: Run, outcome: str) -> None:
    """Add a run, as it is at its end, to the totals."""
    # Its end says how long it took, whatever the time is now.
    seconds = run.seconds(run.ended_at or run.created_at)
    values = {
        "report": run.report,
        "outcome": outcome,
        "within_seconds": next(bound for bound in BOUNDS if seconds <= bound),
        "runs": 1,
        "seconds": seconds,
        "rows": (run.file.rows if run.file else None) or 0,
        "bytes": run.file.size if run.file else 0,
    }
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(run_totals).values(values)
    sums = {name: run_totals.c[name] + statement.excluded[name] for name in _SUMS}
    connection.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=sums))


def read_totals(connection: sa.Connection) -> Sequence[Total]:
    """All totals, by report, outcome and time."""
    rows = connection.execute(run_totals.select().order_by(*(run_totals.c[key] for key in _KEY)))
    return [Total(**row._mapping) for row in rows]
