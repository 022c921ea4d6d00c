"""A load of Canvas Data 2 files, from the files to the snapshot (data_sources.md, 2)."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rollbook.canvas.associations import DERIVED
from rollbook.engines.lake import Lake
from rollbook.load.canvas_data.bucket_sources import bring
from rollbook.load.canvas_data.discovery import Found, Job, Kind, find_jobs
from rollbook.load.canvas_data.options import CanvasDataOptions
from rollbook.load.canvas_data.tables import Outcome, TableLoader, changes_of
from rollbook.load.completion import complete_tables
from rollbook.load.integrity import Integrity, check_integrity
from rollbook.load.loading import (
    Load,
    LoadSummary,
    Progress,
    earlier_details,
    loading,
    no_progress,
    summary_of,
)
from rollbook.load.losses import refuse_losses

KIND = "canvas_data"
"""How the details of a snapshot name this kind of load."""
_SIDE_TABLES = (
    *("account_domains", "custom_gradebook_columns", "enrollment_dates_overrides"),
    *("feature_flags", "grading_period_groups", "grading_periods", "grading_standards"),
    *("master_courses_child_subscriptions", "master_courses_master_templates"),
    *("outcome_proficiencies", "outcome_proficiency_ratings", "role_overrides"),
)
"""Exported tables that only say more about rows of others, and that many institutions have no row
of: a job without rows may be a folder without files, or none at all."""
_DOWNLOADING = 0.3
"""The share of a load from a bucket that its download is."""


@dataclass
class _Run:
    """A load that is going on."""

    load: Load
    options: CanvasDataOptions
    earlier: Mapping[str, Any]
    """What the load before kept about each table; empty where the lake held other data."""
    earlier_integrity: Integrity | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def came_from_files(self, name: str) -> bool:
        """Whether a table is in the lake because a dump has it."""
        kept = self.earlier.get(name, {}).get("kind")
        return name in self.outcomes or kept in {*Kind, "without files"}


def load_canvas_data(
    lake: Lake,
    sources: Sequence[Path | str],
    options: CanvasDataOptions | None = None,
    progress: Progress = no_progress,
    *,
    title: str | None = None,
) -> LoadSummary:
    """Load what `dap snapshot` and `dap incremental` wrote into the lake, as one snapshot.

    Over data of an earlier load of this kind, tables without files stay as they are; data of
    another kind are replaced.

    Args:
        lake: where to.
        sources: folders, zip archives and files; those of a bucket as `s3://bucket/prefix`.
        options: settings; the defaults if None.
        progress: told what is being done.
        title: what the snapshot says was loaded; by default the sources' names.

    Raises:
        BadParameter: files are given for a table that Canvas does not have.
        BadSource: a source is damaged or cannot be understood; nothing was changed.
        ConfigurationError: there are no credentials for a bucket.
        LoadConflict: another load is running.
        RowsLost: a table would lose more of its rows than it may; nothing was changed.
        SourceUnavailable: a bucket cannot be reached; nothing was changed.
    """
    chosen = options or CanvasDataOptions()
    names = [*(getattr(source, "name", "") or str(source) for source in sources), *chosen.tables]
    downloading = _DOWNLOADING if any(isinstance(source, str) for source in sources) else 0.0

    def load_progress(step: str, share: float) -> None:
        progress(step, downloading + (1 - downloading) * share)

    with loading(lake, title or f"Canvas Data from {', '.join(names)}", load_progress) as load:
        with _workspace(lake) as workspace:
            local = bring(
                sources, workspace, lambda step, share: progress(step, downloading * share)
            )
            found = find_jobs(local, chosen, workspace)
            run = _Run(load, chosen, *_earlier(lake, load))
            loader = TableLoader(load.connection, workspace, lake.limits, chosen.null_is_text)
            _load_tables(run, found, loader)
        refuse_losses(run.outcomes, run.options.largest_loss)
        load_progress("Completing", 0.85)
        _complete(run)
        load_progress("Checking references", 0.9)
        _keep_details(run, found)
    progress("Done", 1.0)
    return summary_of(lake, load)


def tables_complete_until(lake: Lake) -> dict[str, str]:
    """Of each table that the lake has from Canvas Data, the moment up to which it is complete.

    In ISO 8601, as DAP said it; a table of which it is not known is left out.
    """
    snapshots = lake.snapshots()
    if not snapshots or snapshots[-1].details.get("kind") != KIND:
        return {}
    kept: Mapping[str, Mapping[str, Any]] = snapshots[-1].details["tables"]
    return {name: table["at"] for name, table in kept.items() if table.get("at")}


@contextmanager
def _workspace(lake: Lake) -> Iterator[Path]:
    """A folder beside the lake for unpacked files; a killed load's remains go first."""
    folder = lake.folder / "loading"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _earlier(lake: Lake, load: Load) -> tuple[Mapping[str, Any], Integrity | None]:
    """What the load before kept about the tables and found in them, if it was of this kind."""
    details = earlier_details(lake, load, KIND)
    if not details:
        return {}, None
    return details["tables"], Integrity.from_json(details["integrity"])


def _load_tables(run: _Run, found: Found, loader: TableLoader) -> None:
    by_table: dict[str, list[Job]] = defaultdict(list)
    for job in found.jobs:
        by_table[job.table].append(job)
    loader.prepare()
    present = run.load.present()
    kept = {name for name in present if run.earlier.get(name)}
    for name in present.keys() - kept:
        run.load.drop(name)
    for number, (name, jobs) in enumerate(sorted(by_table.items())):
        run.load.progress(name, 0.85 * number / len(by_table))
        columns = (
            frozenset(present[name].names) if run.came_from_files(name) and name in kept else None
        )
        chosen = _one_snapshot(run, loader, jobs, is_new=columns is None)
        if chosen:
            earlier_at = run.earlier[name].get("at", "") if columns is not None else ""
            run.outcomes[name] = loader.load(name, chosen, columns, earlier_at)
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
    load = run.load
    if {"accounts", "courses", "users"} <= run.outcomes.keys():  # A dump of an institution.
        for name in sorted({*_SIDE_TABLES} - load.present().keys()):
            load.clear(name)
    complete_tables(
        load,
        given=[name for name in [*DERIVED, "user_observers"] if run.came_from_files(name)],
        account_settings=run.options.account_settings,
        observers_from_enrollments=run.options.observers_from_enrollments,
    )


def _keep_details(run: _Run, found: Found) -> None:
    load = run.load
    load.write_down()
    tables: dict[str, Any] = {**run.earlier}
    tables.update({name: outcome.as_json() for name, outcome in run.outcomes.items()})
    for name in [*DERIVED, "user_observers"]:
        if name in load.rows and name not in run.outcomes:
            tables[name] = {"kind": "derived", "rows": load.rows[name]}
    without_files = [n for n in _SIDE_TABLES if n in load.rows and n not in run.outcomes]
    tables.update({name: {"kind": "without files", "rows": 0} for name in without_files})
    load.details.update(
        kind=KIND,
        tables=tables,
        unread_tables=list(found.unread),
        unrecognised=list(found.unrecognised),
        integrity=check_integrity(
            load.connection,
            changed=load.rows.keys(),
            earlier=run.earlier_integrity,
            changes={
                name: changes_of(name)
                for name, outcome in run.outcomes.items()
                if outcome.kind is Kind.INCREMENTAL
            },
        ).as_json(),
    )
    for name, outcome in run.outcomes.items():
        load.warnings.extend(_warnings(name, outcome))
    if without_files:
        load.warnings.append(f"No files, so taken for empty: {', '.join(without_files)}.")
    if found.unrecognised:
        load.warnings.append(
            f"Left out, as no table with such columns is known: {', '.join(found.unrecognised)}."
        )


def _warnings(name: str, outcome: Outcome) -> Iterator[str]:
    if outcome.unknown_columns:
        yield f"{name}: unknown columns were left out: {', '.join(outcome.unknown_columns)}."
    for column, number in outcome.oversized.items():
        yield f"{name}.{column} was too large to be exported in {_records(number)}, and is empty."
    for column, number in outcome.failed_casts.items():
        yield f"{name}.{column} is not of its type in {_records(number)}, and is empty there."
    if outcome.duplicates:
        yield f"{name}: {_records(outcome.duplicates)} had the key of another; the newest stayed."
    if outcome.without_key:
        yield f"{name}: {_records(outcome.without_key)} without a key: left out."


def _records(number: int) -> str:
    return "1 record" if number == 1 else f"{number:,} records"
