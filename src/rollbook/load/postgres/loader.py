"""A load of a Postgres database, from the address to the snapshot (data_sources.md, 2.8 and 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ibis.expr.schema import Schema

from rollbook.canvas.associations import DERIVED
from rollbook.canvas.schema import TABLES
from rollbook.engines.lake import SCHEMA, Lake
from rollbook.engines.postgres import Postgres, PostgresEngine
from rollbook.errors import BadSource, DataError
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
from rollbook.load.postgres.copying import Copier, Kind, Outcome

_DERIVED = "derived"
KIND = "postgres"
"""How the details of a snapshot name this kind of load."""
_SECONDS_BETWEEN_STOPS = 0.2
_OVERLAP = timedelta(days=1)
"""Rows come into the database later than their `updated_at` says: long transactions, clocks that
differ, and Canvas Data 2's client, which brings them hours later."""


@dataclass(frozen=True, kw_only=True)
class PostgresOptions:
    """Settings of a load of a Postgres database."""

    since_last: bool = False
    """Read only rows that were updated since the load before."""
    skip_unreadable: bool = False
    """Leave out tables that the role may not read, instead of refusing."""
    observers_from_enrollments: bool = False
    """Make `user_observers` of observer enrollments where the database lacks it (2.3)."""
    account_settings: Mapping[str, Any] = field(default_factory=dict)
    """The settings of root accounts where the database lacks them (2.3)."""
    largest_loss: float | None = None
    """The share of its rows, 0 to 1, that a table may lose; None for any."""


@dataclass
class _Run:
    """A load that is going on."""

    load: Load
    options: PostgresOptions
    in_lake: Mapping[str, Schema]
    """The tables of the lake as they were; to look them up would look into the source, too."""
    earlier: Mapping[str, Any]
    """What the load of this database before kept; empty if the lake holds other data."""
    read_at: datetime | None
    """When the data of that load were so (UTC)."""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()

    def before(self, name: str) -> Mapping[str, Any]:
        """What the load before kept about a table."""
        found: Mapping[str, Any] = self.earlier.get("tables", {}).get(name, {})
        return found

    def is_derived(self, name: str) -> bool:
        """Whether the lake has a table because the load before made it of others."""
        return bool(self.before(name).get("kind") == _DERIVED)


def load_postgres(
    lake: Lake,
    source: Postgres,
    options: PostgresOptions | None = None,
    progress: Progress = no_progress,
) -> LoadSummary:
    """Copy Canvas's tables out of a Postgres database into the lake, as one snapshot.

    All of them are read in one transaction, as they were at one moment.

    Args:
        lake: where to.
        source: the database.
        options: settings; the defaults if None.
        progress: told what is being done.

    Raises:
        ConfigurationError: the driver is not installed.
        SourceUnavailable: the database cannot be reached, does not let us in, or went away.
        BadSource: it has no tables of Canvas where they should be, or one cannot be read.
        MissingTable: the role may not read a table.
        LoadConflict: another load is running.
        RowsLost: a table would lose more of its rows than it may; nothing was changed.
    """
    chosen = options or PostgresOptions()
    progress("Connecting", 0.0)
    with loading(lake, source.name, progress) as load:
        in_lake = load.present()
        with closing(source.engine_inside(load.connection)) as engine:
            earlier = earlier_details(lake, load, KIND, engine.source)
            read_at = lake.snapshot().data_as_of if earlier else None
            run = _Run(load, chosen, in_lake, earlier, read_at)
            _copy_interruptibly(run, engine)
        refuse_losses(run.outcomes, chosen.largest_loss)
        progress("Completing", 0.85)
        complete_tables(
            load,
            given=run.outcomes.keys(),
            account_settings=chosen.account_settings,
            observers_from_enrollments=chosen.observers_from_enrollments,
        )
        progress("Checking references", 0.9)
        _keep_details(run, engine)
    progress("Done", 1.0)
    return summary_of(lake, load)


def _copy_interruptibly(run: _Run, engine: PostgresEngine) -> None:
    """Copy the tables in another thread.

    Python hears Ctrl-C in this one, but not while it waits for the database itself, which it may
    do for as long as another session holds a table.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        copying = pool.submit(_copy_tables, run, engine)
        try:
            copying.result()
        except KeyboardInterrupt:
            # Between two queries nothing can be stopped, so once is not enough.
            while not copying.done():
                engine.interrupt()
                run.load.connection.interrupt()
                wait([copying], timeout=_SECONDS_BETWEEN_STOPS)
            raise


def _copy_tables(run: _Run, engine: PostgresEngine) -> None:
    load = run.load
    names = _tables_of(run, engine)
    if run.options.since_last and not run.earlier:
        load.warnings.append("No load of this database to add to: its tables were copied whole.")
    run.dropped = frozenset(
        name
        for name in run.in_lake
        if name not in names and not (name in DERIVED and run.is_derived(name))
    )
    for name in run.dropped:
        load.drop(name)
    estimates = [max(engine.estimated_rows.get(name, 0), 1) for name in names]
    total, before = sum(estimates), 0
    for name, estimate in zip(names, estimates, strict=True):
        tell = _teller(load, name, before, estimate, total)
        tell(0)
        run.outcomes[name] = _copy_table(run, name, Copier(load, engine, tell))
        before += estimate


def _teller(load: Load, name: str, before: int, estimate: int, total: int) -> Callable[[int], None]:
    """Tells the progress of a table, given how many rows came before it and come in all."""
    arrived = 0

    def tell(rows: int) -> None:
        nonlocal arrived
        arrived += rows
        share = (before + min(arrived, estimate)) / total
        load.progress(f"{name}, {arrived:,} rows", 0.85 * share)

    return tell


def _tables_of(run: _Run, engine: PostgresEngine) -> list[str]:
    """The tables to copy; not those that can be derived where they have no rows (3.3)."""
    found = []
    for name in TABLES:
        columns = engine.columns(name)
        if columns is None:
            continue
        try:
            source = engine.source_table(name)
            if not columns >= {*TABLES[name].primary_key}:
                key = TABLES[name].primary_key[0]
                raise BadSource(
                    f"The table `{name}` in {engine.source} has no column `{key}` that may be read."
                )
        except DataError as error:
            if not run.options.skip_unreadable:
                raise
            run.load.warnings.append(f"Left out: {error}")
            continue
        if name not in DERIVED or engine.rows(source.limit(1)):
            found.append(name)
    return found


def _copy_table(run: _Run, name: str, copier: Copier) -> Outcome:
    load, columns = run.load, copier.engine.columns(name) or frozenset()
    kept: Mapping[str, Any] = {} if run.is_derived(name) else run.before(name)
    synced = copier.engine.sync_times.get(name)
    outcome = Outcome(
        Kind.WHOLE,
        at="" if synced is None else synced.isoformat(),
        rows_before=kept.get("rows"),
        missing_columns=[column for column in TABLES[name].column_names if column not in columns],
    )
    if run.options.since_last and kept and frozenset(run.in_lake[name].names) == columns:
        if outcome.at and outcome.at == kept["at"]:
            outcome.kind = Kind.UNCHANGED
        elif "updated_at" in columns:
            outcome.kind = Kind.CHANGES
    match outcome.kind:
        case Kind.WHOLE:
            outcome.rows = copier.copy(name)
        case Kind.CHANGES:
            outcome.changed = copier.copy_changes(name, _since(run, name))
            outcome.rows = load.count(name)
        case Kind.UNCHANGED:
            outcome.rows = kept["rows"]
    if outcome.kind is Kind.WHOLE or outcome.changed:
        load.rows[name] = outcome.rows
    return outcome


def _since(run: _Run, name: str) -> datetime | None:
    """From when on a row of the source may be one that the lake does not have (UTC, no zone)."""
    found = run.load.connection.execute(
        f'SELECT max(updated_at) FROM lake.{SCHEMA}."{name}"'
    ).fetchone()
    newest: datetime | None = found[0] if found else None
    if newest is None:
        return None
    if run.read_at is not None:
        # Some row may have a time that has not come yet.
        newest = min(newest, run.read_at.astimezone(UTC).replace(tzinfo=None))
    return newest - _OVERLAP


def _keep_details(run: _Run, engine: PostgresEngine) -> None:
    load = run.load
    load.write_down()
    tables: dict[str, Any] = {name: outcome.as_json() for name, outcome in run.outcomes.items()}
    for name in load.present().keys() - tables.keys():
        tables[name] = {"kind": _DERIVED, "rows": load.count(name)}
    known = Integrity.from_json(run.earlier["integrity"]) if run.earlier else None
    load.details.update(
        kind=KIND,
        origin=engine.source,
        as_of=None if engine.data_as_of is None else engine.data_as_of.isoformat(),
        tables=tables,
        integrity=check_integrity(
            load.connection, changed=load.rows.keys() | run.dropped, earlier=known
        ).as_json(),
    )
