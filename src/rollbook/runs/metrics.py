"""Numbers for Prometheus, all from the state database, so that every process says the same.

Labels are report types, outcomes and causes: no people, no accounts, no parameters.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from rollbook.runs.model import Status
from rollbook.runs.recovery import Heartbeats
from rollbook.runs.totals import ABORTED, BOUNDS, COMPLETE, Total, read_totals
from rollbook.state.database import Database
from rollbook.state.tables import runs

_AT_WORK = (Status.RUNNING, Status.COMPILING)


@dataclass(frozen=True)
class StateMetrics(Collector):
    """The metrics, read anew at each collection."""

    database: Database
    heartbeats: Heartbeats

    def collect(self) -> Iterator[Metric]:
        with self.database.reading() as connection:
            counted = sa.select(runs.c.status, sa.func.count().label("runs")).group_by(
                runs.c.status
            )
            by_status = {row.status: row.runs for row in connection.execute(counted)}
            totals = read_totals(connection)
        yield GaugeMetricFamily(
            "rollbook_queue_length",
            "Runs that wait for a worker.",
            value=by_status.get(Status.CREATED, 0),
        )
        yield GaugeMetricFamily(
            "rollbook_runs_at_work",
            "Runs that a worker works on.",
            value=sum(by_status.get(status, 0) for status in _AT_WORK),
        )
        yield GaugeMetricFamily(
            "rollbook_workers_alive",
            "Workers heard of lately.",
            value=len(self.heartbeats.living()),
        )
        yield _seconds(totals)
        yield _summed("rollbook_rows", "Rows of report files, without headers.", totals, "rows")
        yield _summed("rollbook_bytes", "Bytes of report files.", totals, "bytes")
        yield _errors(totals)


def _seconds(totals: Iterable[Total]) -> Metric:
    family = HistogramMetricFamily(
        "rollbook_run_seconds",
        "How long runs took from start to end, by what became of them.",
        labels=("report", "outcome"),
    )
    groups: dict[tuple[str, str], list[Total]] = defaultdict(list)
    for total in totals:
        groups[total.report, _outcome(total)].append(total)
    for labels, group in groups.items():
        buckets = [
            (
                "+Inf" if bound == math.inf else str(bound),
                sum(t.runs for t in group if t.within_seconds <= bound),
            )
            for bound in BOUNDS
        ]
        family.add_metric(labels, buckets, sum(total.seconds for total in group))
    return family


def _summed(name: str, text: str, totals: Sequence[Total], column: str) -> Metric:
    family = CounterMetricFamily(name, text, labels=("report",))
    sums: dict[str, int] = defaultdict(int)
    for total in totals:
        sums[total.report] += getattr(total, column)
    for report, value in sums.items():
        family.add_metric((report,), value)
    return family


def _errors(totals: Iterable[Total]) -> Metric:
    family = CounterMetricFamily(
        "rollbook_errors", "Runs that ended in an error, by its cause.", labels=("cause",)
    )
    sums: dict[str, int] = defaultdict(int)
    for total in totals:
        if _outcome(total) == "error":
            sums[total.outcome] += total.runs
    for cause, value in sums.items():
        family.add_metric((cause,), value)
    return family


def _outcome(total: Total) -> str:
    return total.outcome if total.outcome in (COMPLETE, ABORTED) else "error"
