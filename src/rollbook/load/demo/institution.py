"""Loading a demo institution: the scripts of `sql/`, run in order inside one load."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import duckdb

from rollbook.canvas.schema import TABLES
from rollbook.engines.lake import Lake
from rollbook.load.demo.scale import Scale, find_scale
from rollbook.load.demo.script import macros, steps
from rollbook.load.loading import Load, LoadSummary, Progress, loading, no_progress, summary_of


def load_demo(
    lake: Lake,
    scale: Scale | str = "tiny",
    now: datetime | None = None,
    progress: Progress = no_progress,
) -> LoadSummary:
    """Load an invented institution as one snapshot.

    Args:
        lake: where it goes; what was there is replaced.
        scale: `tiny` (a few people, for tests), `small`, `campus` (150,000 people) or `state`.
        now: the moment on which terms, activity and expiry hinge, by default the clock's. The same
            scale and moment give the same rows.
        progress: told each table.

    Raises:
        BadParameter: there is no scale of that name.
    """
    size = scale if isinstance(scale, Scale) else find_scale(scale)
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    with loading(lake, f"demo {size.name}", progress) as load:
        _define(load.connection, size.counts(), moment)
        _run(load)
    return summary_of(lake, load)


def _define(
    connection: duckdb.DuckDBPyConnection, counts: Mapping[str, int], moment: datetime
) -> None:
    instant = moment.astimezone(UTC) if moment.tzinfo else moment
    functions = [
        f"CREATE TEMP MACRO now_at() AS TIMESTAMP '{instant:%Y-%m-%d %H:%M:%S}'",
        *(f"CREATE TEMP MACRO n_{name}() AS CAST({n} AS BIGINT)" for name, n in counts.items()),
    ]
    connection.execute(";\n".join([*functions, macros()]))


def _run(load: Load) -> None:
    todo = list(steps())
    for number, step in enumerate(todo):
        if step.is_stage:
            load.connection.execute(f"CREATE TEMP TABLE {step.name} AS {step.query}")
        else:
            load.progress(step.name, number / len(todo))
            load.replace(step.name, step.query)
    for name in TABLES:
        if name not in load.rows:
            load.clear(name)
