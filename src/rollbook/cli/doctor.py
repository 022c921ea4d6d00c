"""`rollbook doctor`: whether the installation can do its work, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.table import Table
from rich.text import Text

from rollbook.cli.console import DataOption, JsonOption, SourceOption, answers, print_json
from rollbook.errors import ConfigurationError


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("doctor")(doctor)


def doctor(
    data: DataOption = None, source: SourceOption = None, as_json: JsonOption = False
) -> None:
    """Check settings, data, database, store, time zone and disk, and say what to do.

    Ends with 1 when something is wrong.

    rollbook doctor --json
    """
    from rollbook.config import read_settings
    from rollbook.health import Finding, Level, examine

    try:
        findings = list(examine(read_settings(data=data, source=source)))
    except ConfigurationError as error:
        findings = [Finding(check="settings", level=Level.WRONG, text=str(error))]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        shown = Table("check", "", "what is so, and what to do")
        for finding in findings:
            style = {Level.OK: "green", Level.NOTICE: "yellow", Level.WRONG: "bold red"}
            text = Text(f"{finding.text} {finding.advice}".strip())
            shown.add_row(finding.check, Text(finding.level, style[finding.level]), text)
        answers.print(shown)
    if any(finding.level is Level.WRONG for finding in findings):
        raise typer.Exit(1)
