"""What lies before a run: its place in the queue, the time it may still take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from rollbook.runs.model import UNFINISHED, Run
from rollbook.runs.reuse import canonical, without_fresh


@dataclass(frozen=True)
class QueuePlace:
    """Where a run stands among those that have not begun."""

    position: int
    """1 for the next one."""
    waiting: int
    """How many there are in all."""


@dataclass(frozen=True)
class Estimate:
    """How long a run may take, as earlier runs did."""

    seconds_left: float | None
    """Of work; None where it takes longer than any of them."""
    typical_seconds: float
    runs: int
    """How many earlier runs tell."""


def estimate(run: Run, earlier: Sequence[Run], now: datetime) -> Estimate | None:
    """How long an unfinished run may take; None where nothing is known, or it has ended.

    Args:
        run: the run.
        earlier: runs of the same type that were computed and are complete; if some have the same
            parameters, these alone count.
        now: the present, aware.
    """
    asked = canonical(without_fresh(run.requested))
    equal = [item for item in earlier if canonical(without_fresh(item.requested)) == asked]
    seconds = [item.seconds(now) for item in equal or earlier]
    if run.status not in UNFINISHED or not seconds:
        return None
    spent = run.seconds(now) if run.started_at else 0.0
    longer = [value for value in seconds if value >= spent]
    return Estimate(
        seconds_left=round(median(longer) - spent, 3) if longer else None,
        typical_seconds=round(median(seconds), 3),
        runs=len(seconds),
    )


def retry_after(run: Run, now: datetime) -> int | None:
    """In how many seconds to ask again; None for a run that has ended.

    A tenth of its age: who asks so often learns of the end soon, and asks no old run every second.
    """
    if run.status not in UNFINISHED:
        return None
    age = (now - run.created_at).total_seconds()
    return max(1, min(int(age / 10), 30))
