"""`rollbook check`, `snapshots` and `lake`: what the lake holds, and its upkeep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from rollbook.cli.console import DataOption, JsonOption, answers, print_json

if TYPE_CHECKING:
    from rollbook.load.integrity import Integrity

_OF_INTEREST = ("changed", "deleted", "stale", "duplicates", "without_key")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("check")(check)
    app.command("snapshots")(snapshots)
    upkeep = typer.Typer(
        no_args_is_help=True,
        help="Keep the lake small. Reports go on meanwhile, and what they read stays.",
    )
    upkeep.command("expire")(expire)
    upkeep.command("compact")(compact)
    app.add_typer(upkeep, name="lake")


def snapshots(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the snapshots that are kept: what was loaded, and when. They serve run --as-of.

    rollbook snapshots
    """
    from rollbook.config import read_settings

    lake = read_settings(data=data).lake
    now = datetime.now(UTC)
    kept = lake.snapshots()
    if as_json:
        print_json(
            [
                {
                    "snapshot": snapshot.id,
                    "loaded_at": snapshot.loaded_at.isoformat(),
                    "data_as_of": snapshot.data_as_of.isoformat(),
                    "age_seconds": int((now - snapshot.loaded_at).total_seconds()),
                    "source": snapshot.source,
                }
                for snapshot in kept
            ]
        )
        return
    shown = Table("snapshot", "loaded (UTC)", "age", "load")
    for snapshot in kept:
        loaded_at = f"{snapshot.loaded_at:%Y-%m-%d %H:%M:%S}"
        shown.add_row(
            str(snapshot.id), loaded_at, _age(now - snapshot.loaded_at), escape(snapshot.source)
        )
    answers.print(shown)


def _age(age: timedelta) -> str:
    """The largest unit that fits, in words."""
    units = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
    seconds = max(int(age.total_seconds()), 0)
    unit = next((unit for unit, size in units.items() if seconds >= size), "second")
    number = seconds // units[unit]
    return f"{number} {unit}" if number == 1 else f"{number:,} {unit}s"


def expire(
    days: Annotated[
        int | None,
        typer.Option(min=0, help="Keep snapshots younger than this. [default: 30]"),
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="Keep so many of the newest whatever their age. [default: 10]"),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take old snapshots away, with the files that no other snapshot needs.

    rollbook lake expire --days 90 --keep 30
    """
    from rollbook.config import read_settings
    from rollbook.engines import lake_upkeep

    settings = read_settings(data=data, keep_days=days, keep_snapshots=keep)
    policy = lake_upkeep.Policy(days=settings.keep_days, number=settings.keep_snapshots)
    done = lake_upkeep.expire(settings.lake, policy, datetime.now(UTC))
    if as_json:
        print_json(asdict(done))
        return
    answers.print(f"Expired {_snapshots(done.expired)}; freed {done.freed_bytes / 1e6:,.1f} MB.")
    if done.held:
        verb = "is" if len(done.held) == 1 else "are"
        answers.print(f"Kept {_snapshots(done.held)}, which {verb} being read.")
    _print_waiting(done.files_awaiting_readers)


def compact(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Merge small files of the lake and drop deleted rows; every snapshot stays as it is.

    rollbook lake compact
    """
    from rollbook.config import read_settings
    from rollbook.engines import lake_upkeep

    done = lake_upkeep.compact(read_settings(data=data).lake)
    if as_json:
        print_json(asdict(done))
        return
    answers.print(
        f"Wrote {done.files_before:,} files anew as {done.files_after:,}; "
        f"freed {done.freed_bytes / 1e6:,.1f} MB."
    )
    _print_waiting(done.files_awaiting_readers)


def _snapshots(numbers: Sequence[int]) -> str:
    if not numbers:
        return "no snapshot"
    word = "snapshot" if len(numbers) == 1 else "snapshots"
    return f"{word} {', '.join(map(str, numbers))}"


def _print_waiting(files: int) -> None:
    if files:
        answers.print(
            f"{files:,} replaced files stay until the reports that may read them have ended; "
            "the next expire or compact takes them away."
        )


def check(
    snapshot: Annotated[int | None, typer.Option(help="An earlier snapshot's number.")] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the last load brought, and what in the data does not fit together.

    rollbook check --json
    """
    from rollbook.config import read_settings
    from rollbook.load.integrity import integrity_of

    lake = read_settings(data=data).lake
    chosen = lake.snapshot(snapshot)
    integrity = integrity_of(lake, chosen)
    tables: dict[str, Any] = dict(chosen.details.get("tables", {}))
    if as_json:
        print_json(
            {
                "snapshot": chosen.id,
                "loaded_at": chosen.loaded_at.isoformat(),
                "source": chosen.source,
                "tables": tables,
                "unread_tables": chosen.details.get("unread_tables", []),
                "unrecognised": chosen.details.get("unrecognised", []),
                **integrity.as_json(),
            }
        )
        return
    answers.print(f"Snapshot {chosen.id}, {chosen.loaded_at:%Y-%m-%d %H:%M} UTC: {chosen.source}")
    if tables:
        answers.print(_tables(tables))
    _print_losses(tables)
    _print_integrity(integrity)


def _tables(tables: dict[str, Any]) -> Table:
    shown = Table("table", "kind", title_justify="left")
    for name in ("rows", "before", *_OF_INTEREST):
        shown.add_column(name.replace("_", " "), justify="right")
    for name, table in sorted(tables.items()):
        before = table.get("rows_before")
        numbers = [f"{table.get(key) or '':,}" if table.get(key) else "" for key in _OF_INTEREST]
        shown.add_row(
            name,
            table["kind"],
            f"{table['rows']:,}",
            "" if before is None else f"{before:,}",
            *numbers,
        )
    return shown


def _print_losses(tables: dict[str, Any]) -> None:
    shown = Table("column", "why empty", title="Values that were lost", title_justify="left")
    shown.add_column("records", justify="right")
    for name, table in sorted(tables.items()):
        for key, why in (("failed_casts", "not of its type"), ("oversized", "too large")):
            for column, number in table.get(key, {}).items():
                shown.add_row(f"{name}.{column}", why, f"{number:,}")
    if shown.row_count:
        answers.print(shown)
    for name, table in sorted(tables.items()):
        if table.get("unknown_columns"):
            answers.print(f"{name} has unknown columns: {', '.join(table['unknown_columns'])}.")


def _print_integrity(integrity: Integrity) -> None:
    orphans = Table("column", "points to", title="Rows that point to nothing", title_justify="left")
    orphans.add_column("rows", justify="right")
    orphans.add_column("for example")
    for found in integrity.orphans:
        orphans.add_row(
            f"{found.table}.{found.column}",
            found.target,
            f"{found.rows:,}",
            ", ".join(map(str, found.examples)),
        )
    states = Table(
        "column", "state", title="States that Canvas does not have", title_justify="left"
    )
    states.add_column("rows", justify="right")
    for state in integrity.unknown_states:
        states.add_row(f"{state.table}.{state.column}", state.state, f"{state.rows:,}")
    for table in (orphans, states):
        if table.row_count:
            answers.print(table)
    for name, number in (integrity.duplicate_keys or {}).items():
        answers.print(f"{name}: {number:,} rows have the key of another row.")
    if integrity.is_sound:
        answers.print("Keys, references and states fit together.")
