"""A load of Canvas Data 2 files, from the files to the snapshot (data_sources.md, 2)."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rollbook.canvas.associations import DERIVED
from rollbook.engines.lake import SCHEMA, Lake, schemas_in_lake
from rollbook.load.canvas_data.discovery import Found, Job, Kind, find_jobs
from rollbook.load.canvas_data.options import CanvasDataOptions
from rollbook.load.canvas_data.tables import Outcome, TableLoader
from rollbook.load.loading import Load, LoadSummary, Progress, loading, no_progress, summary_of

KIND = "canvas_data"
"""How the details of a snapshot name this kind of load."""
_ASSOCIATION_SOURCES = frozenset(
    {"accounts", "courses", "course_sections", "enrollments", "users", "pseudonyms"}
    | {"account_users"}
)
"""What association tables are derived from."""


@dataclass
class _Run:
    """A load that is going on."""

    load: Load
    options: CanvasDataOptions
    earlier: Mapping[str, Any]
    """What the load before kept about each table; empty where the lake held other data."""
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def came_from_files(self, name: str) -> bool:
        """Whether a table is in the lake because a dump has it."""
        return name in self.outcomes or self.earlier.get(name, {}).get("kind") in set(Kind)


def load_canvas_data(
    lake: Lake,
    sources: Sequence[Path],
    options: CanvasDataOptions | None = None,
    progress: Progress = no_progress,
) -> LoadSummary:
    """Load what `dap snapshot` and `dap incremental` wrote into the lake, as one snapshot.

    Over data of an earlier load of this kind, tables without files stay as they are; data of
    another kind are replaced.

    Args:
        lake: where to.
        sources: folders, zip archives and files.
        options: settings; the defaults if None.
        progress: told what is being done.

    Raises:
        BadParameter: files are given for a table that Canvas does not have.
        BadSource: a source is damaged or cannot be understood; nothing was changed.
        LoadConflict: another load is running.
    """
    chosen = options or CanvasDataOptions()
    names = [*(source.name or str(source) for source in sources), *chosen.tables]
    with loading(lake, f"Canvas Data from {', '.join(names)}", progress) as load:
        with _workspace(lake) as workspace:
            found = find_jobs(sources, chosen, workspace)
            run = _Run(load, chosen, _earlier_tables(lake, load))
            loader = TableLoader(load.connection, workspace, lake.limits, chosen.null_is_text)
            _load_tables(run, found, loader)
        progress("Completing", 0.9)
        _complete(run)
        _keep_details(run, found)
    progress("Done", 1.0)
    return summary_of(lake, load)


@contextmanager
def _workspace(lake: Lake) -> Iterator[Path]:
    """A folder beside the lake for unpacked files; a killed load's remains go first."""
    folder = lake.catalogue.parent / "loading"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _earlier_tables(lake: Lake, load: Load) -> Mapping[str, Any]:
    snapshots = lake.snapshots()
    if not snapshots:
        return {}
    last = snapshots[-1]
    if last.details.get("kind") == KIND:
        tables: Mapping[str, Any] = last.details["tables"]
        return tables
    load.warnings.append(
        f"The lake held other data ({last.source}); they were replaced, not added to. "
        "Earlier snapshots still hold them."
    )
    return {}


def _load_tables(run: _Run, found: Found, loader: TableLoader) -> None:
    by_table: dict[str, list[Job]] = defaultdict(list)
    for job in found.jobs:
        by_table[job.table].append(job)
    loader.prepare()
    present = schemas_in_lake(run.load.connection)
    kept = {name for name in present if run.earlier.get(name)}
    for name in present.keys() - kept:
        run.load.connection.execute(f'DROP TABLE lake.{SCHEMA}."{name}"')
    for number, (name, jobs) in enumerate(sorted(by_table.items())):
        run.load.progress(name, 0.9 * number / len(by_table))
        columns = (
            frozenset(present[name].names) if run.came_from_files(name) and name in kept else None
        )
        chosen = _one_snapshot(run, loader, jobs, is_new=columns is None)
        if chosen:
            run.outcomes[name] = loader.load(name, chosen, columns)
            run.load.rows[name] = run.outcomes[name].rows


def _one_snapshot(run: _Run, loader: TableLoader, jobs: list[Job], *, is_new: bool) -> list[Job]:
    """The changes, with the newest of several snapshots; an empty file is a table without rows."""
    snapshots = [job for job in jobs if job.kind is Kind.SNAPSHOT]
    changes = [job for job in jobs if job.kind is Kind.INCREMENTAL]
    if not snapshots and not changes:
        return jobs[:1] if is_new else []
    if len(snapshots) > 1:
        snapshots = [loader.newest(snapshots)]
        run.load.warnings.append(
            f"Several snapshots of {jobs[0].table} were found; the newest, "
            f"{snapshots[0].name}, was taken."
        )
    return [*snapshots, *changes]


def _complete(run: _Run) -> None:
    """Add what Canvas Data lacks and other data say (2.3, 3.3)."""
    load, connection = run.load, run.load.connection
    if "accounts" in run.outcomes and run.options.account_settings:
        _set_account_settings(run)
    derived = [name for name in DERIVED if not run.came_from_files(name)]
    if _ASSOCIATION_SOURCES & run.outcomes.keys() and _tables_of(load) >= _ASSOCIATION_SOURCES:
        for name in derived:
            connection.execute(f"DROP TABLE IF EXISTS lake.{SCHEMA}.{name}")
        load.derive_associations(derived)
    if run.options.observers_from_enrollments and not run.came_from_files("user_observers"):
        _derive_observers(load)


def _tables_of(load: Load) -> frozenset[str]:
    return frozenset(schemas_in_lake(load.connection))


def _set_account_settings(run: _Run) -> None:
    if "settings" not in run.outcomes["accounts"].missing_columns:
        return
    accounts = f"lake.{SCHEMA}.accounts"
    connection = run.load.connection
    others = "* EXCLUDE (settings)" if "settings" in _columns(run.load, "accounts") else "*"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE with_settings AS SELECT {others}, "
        f"CASE WHEN parent_account_id IS NULL THEN ? END AS settings FROM {accounts}",
        [json.dumps(dict(run.options.account_settings))],
    )
    connection.execute(f"CREATE OR REPLACE TABLE {accounts} AS FROM with_settings")
    connection.execute("DROP TABLE with_settings")


def _columns(load: Load, table: str) -> frozenset[str]:
    return frozenset(schemas_in_lake(load.connection)[table].names)


def _derive_observers(load: Load) -> None:
    if "enrollments" not in _tables_of(load):
        return
    load.replace(
        "user_observers",
        "SELECT row_number() OVER (ORDER BY associated_user_id, user_id) AS id, "
        "associated_user_id AS user_id, user_id AS observer_id, "
        "CASE WHEN bool_or(workflow_state <> 'deleted') THEN 'active' ELSE 'deleted' END "
        "AS workflow_state, min(created_at) AS created_at, max(updated_at) AS updated_at "
        f"FROM lake.{SCHEMA}.enrollments WHERE type = 'ObserverEnrollment' "
        "AND associated_user_id IS NOT NULL GROUP BY associated_user_id, user_id",
    )


def _keep_details(run: _Run, found: Found) -> None:
    load = run.load
    tables: dict[str, Any] = {**run.earlier}
    tables.update({name: outcome.as_json() for name, outcome in run.outcomes.items()})
    for name in [*DERIVED, "user_observers"]:
        if name in load.rows and name not in run.outcomes:
            tables[name] = {"kind": "derived", "rows": load.rows[name]}
    load.details.update(
        kind=KIND,
        tables=tables,
        unread_tables=list(found.unread),
        unrecognised=list(found.unrecognised),
    )
    for name, outcome in run.outcomes.items():
        load.warnings.extend(_warnings(name, outcome))
    if found.unrecognised:
        load.warnings.append(
            f"Left out, as no table with such columns is known: {', '.join(found.unrecognised)}."
        )


def _warnings(name: str, outcome: Outcome) -> Iterator[str]:
    if outcome.unknown_columns:
        yield f"{name}: unknown columns were left out: {', '.join(outcome.unknown_columns)}."
    for column, number in outcome.oversized.items():
        yield f"{name}.{column}: {number:,} values were too large to be exported; they are empty."
    for column, number in outcome.failed_casts.items():
        yield f"{name}.{column}: {number:,} values are not of the column's type; they are empty."
    if outcome.duplicates:
        yield f"{name}: {outcome.duplicates:,} records had the key of another; the newest stayed."
    if outcome.without_key:
        yield f"{name}: {outcome.without_key:,} records without a key were left out."
