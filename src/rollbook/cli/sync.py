"""`rollbook sync`: data in, from a service that has them fresh."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from rollbook.cli.console import (
    DataOption,
    JsonOption,
    answers,
    load_progress,
    messages,
    print_json,
)
from rollbook.cli.load import ObserversOption, StrictOption, show_warnings, written_rows
from rollbook.errors import BadParameter, ConfigurationError, InvalidInput, RollbookError

if TYPE_CHECKING:
    from rollbook.load.dap.schedule import Schedule
    from rollbook.load.dap.sync import SyncSummary

app = typer.Typer(no_args_is_help=True, help="Keep the lake fresh from a service.")


@app.callback()
def group() -> None:
    """Keep `canvas-data` a command of its own."""


@app.command("canvas-data")
def canvas_data(
    tables: Annotated[
        list[str],
        typer.Option(
            "--table", metavar="NAME", help="A table; repeat it. [default: all that reports read]"
        ),
    ] = [],  # noqa: B006 (Typer wants a list)
    every: Annotated[
        str | None,
        typer.Option(
            metavar="4h|CRON", help="Go on for ever: after each 4h, 90m, or by a line of cron."
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="jsonl|csv|tsv|parquet", help="What is downloaded.")
    ] = "jsonl",
    observers: ObserversOption = False,
    strict: StrictOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring Canvas Data up to date from DAP: tables as a whole first, then their changes.

    rollbook sync canvas-data --every 4h
    """
    from rollbook.cli.load import share_of
    from rollbook.config import read_settings
    from rollbook.load.canvas_data import CanvasDataOptions
    from rollbook.load.canvas_data.formats import Format
    from rollbook.load.dap.fetching import FetchOptions
    from rollbook.load.dap.schedule import Schedule
    from rollbook.load.dap.sync import SyncOptions, sync_canvas_data

    if form not in {*Format}:
        raise BadParameter(f"DAP has no format {form!r}. There are: {', '.join(Format)}.")
    schedule = Schedule.parse(every) if every else None
    settings = read_settings(data=data)
    service = settings.dap_service
    options = SyncOptions(
        fetching=FetchOptions(tables=tables, form=Format(form)),
        loading=CanvasDataOptions(
            observers_from_enrollments=observers,
            account_settings=settings.account_settings,
            largest_loss=None if strict is None else share_of(strict),
        ),
    )

    def sync() -> None:
        with load_progress("Canvas Data", settings.lake) as progress:
            summary = sync_canvas_data(settings.lake, service, options, progress)
        _show(summary, as_json=as_json)

    if schedule:
        _again_and_again(sync, schedule)
    else:
        sync()


def _again_and_again(sync: Callable[[], None], schedule: Schedule) -> None:
    """Sync when it is due, for ever; what another round may better does not end it."""
    for _ in _rounds(schedule):
        try:
            sync()
        except (InvalidInput, ConfigurationError):
            raise
        except RollbookError as error:
            now = datetime.now().astimezone().isoformat(timespec="seconds")
            messages.print(f"{now} [bold red]Error:[/]", Text(str(error)), soft_wrap=True)


def _rounds(schedule: Schedule) -> Iterator[None]:
    while True:
        started = datetime.now().astimezone()
        yield
        due = schedule.next_after(started)
        time.sleep(max((due - datetime.now(UTC)).total_seconds(), 0))


def _show(summary: SyncSummary, *, as_json: bool) -> None:
    rows = written_rows(summary.load)
    if as_json:
        print_json(
            {
                "source": summary.load.source,
                "snapshot": summary.load.snapshot,
                "rows": rows,
                "warnings": summary.load.warnings,
                "tables": [
                    {
                        "table": item.table,
                        "kind": item.kind,
                        "since": item.since,
                        "until": item.until,
                        "files": item.files,
                        "bytes": item.bytes,
                    }
                    for item in summary.tables
                ],
            }
        )
        sys.stdout.flush()  # Another round may be hours away.
        return
    table = Table(
        *("table", "came as", "up to (UTC)"),
        title=f"{summary.load.source}: snapshot {summary.load.snapshot}",
        title_justify="left",
    )
    table.add_column("MB", justify="right")
    table.add_column("rows now", justify="right")
    for item in summary.tables:
        table.add_row(
            item.table,
            item.kind,
            _minute(item.until) if item.until else "unknown",
            f"{item.bytes / 1e6:,.1f}",
            f"{rows.get(item.table, 0):,}",
        )
    answers.print(table)
    show_warnings(summary.load)


def _minute(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M}"
