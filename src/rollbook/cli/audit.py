"""`rollbook audit`: who ran which report and took which file away."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from rollbook.cli.console import DataOption, answers
from rollbook.errors import BadParameter

if TYPE_CHECKING:
    from rollbook.audit import AuditRecord

_SHOWN = ("at", "event", "token_id", "user_id", "address", "report", "run_id", "rows", "bytes")


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("audit")(audit)


def audit(
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="From this moment on, as 2026-09-01.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Before this moment, as 2026-10-01T06:00Z.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every field, a JSON object a line.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print every field as CSV.")] = False,
    data: DataOption = None,
) -> None:
    """List who started, stopped and deleted runs, and who downloaded which file, oldest first.

    Times without a zone are UTC.

    rollbook audit --since 2026-09-01 --csv > september.csv
    """
    from rollbook.audit import read_audit
    from rollbook.config import read_settings

    if as_json and as_csv:
        raise BadParameter("Choose one of --json and --csv.")
    records = read_audit(
        read_settings(data=data), since=_moment(since, "--since"), until=_moment(until, "--until")
    )
    if as_json:
        _print_json_lines(records)
    elif as_csv:
        _print_csv(records)
    else:
        _print_table(records)


def _moment(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadParameter(
            f"{option} {text!r} is no time. Write it as 2026-09-01 or 2026-09-01T06:00Z."
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _print_json_lines(records: Iterable[AuditRecord]) -> None:
    for record in records:
        sys.stdout.write(json.dumps(record.as_dict(), ensure_ascii=False) + "\n")


def _print_csv(records: Iterable[AuditRecord]) -> None:
    from rollbook.audit import FIELDS

    writer = csv.DictWriter(sys.stdout, FIELDS, lineterminator="\n")
    writer.writeheader()
    for record in records:
        row = record.as_dict()
        writer.writerow({**row, "parameters": json.dumps(row["parameters"], ensure_ascii=False)})


def _print_table(records: Iterable[AuditRecord]) -> None:
    table = Table(*_SHOWN)
    for record in records:
        row = record.as_dict()
        table.add_row(*("" if row[field] is None else str(row[field]) for field in _SHOWN))
    answers.print(table)
