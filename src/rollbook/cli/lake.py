"""`rollbook check`: what the lake holds, and how well it fits together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from rollbook.cli.console import DataOption, JsonOption, answers, print_json

if TYPE_CHECKING:
    from rollbook.load.integrity import Integrity

_OF_INTEREST = ("changed", "deleted", "stale", "duplicates", "without_key")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("check")(check)


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
