"""`rollbook`: load data, run reports, serve the API."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.text import Text

import rollbook
import rollbook.rare_collection
from rollbook.cli import audit, doctor, lake, load, reports, runs, serve, sync, token
from rollbook.cli.console import messages
from rollbook.cli.interruption import EXIT_STATUS, Interrupted, interruptible
from rollbook.errors import RollbookError
from rollbook.faults import explained

app = typer.Typer(
    name="rollbook",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help=(
        "Canvas account reports over your own copy of the data: "
        "the same API and the same files as Canvas, in seconds.\n\n"
        "First steps:\n\n"
        "  rollbook load demo --scale small\n\n"
        "  rollbook run provisioning_csv -p users=true -o users.csv\n\n"
        "  rollbook token create && rollbook serve"
    ),
    epilog="Every option is also a variable (ROLLBOOK_DATA=...) and a line in rollbook.toml.",
)
app.add_typer(load.app, name="load")
app.add_typer(sync.app, name="sync")
lake.add_to(app)
reports.add_to(app)
serve.add_to(app)
app.add_typer(runs.app, name="runs")
app.add_typer(token.app, name="token")
audit.add_to(app)
doctor.add_to(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rollbook {rollbook.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options of every command."""


def main() -> None:
    """Run the command line; errors become one sentence and an exit status.

    0 done, 1 failed, 2 wrong input or settings, 3 no file from a report, 4 data not as needed,
    130 interrupted.
    """
    try:
        with interruptible(lambda: "Interrupted."):
            app()
    except Interrupted as interruption:
        messages.print(Text(str(interruption)), soft_wrap=True)
        sys.exit(EXIT_STATUS)
    except OSError as error:
        known = explained(error)
        if known is None:
            raise
        messages.print("[bold red]Error:[/]", Text(str(known)), soft_wrap=True)
        sys.exit(known.exit_status)
    except RollbookError as error:
        messages.print("[bold red]Error:[/]", Text(str(error)), soft_wrap=True)
        sys.exit(error.exit_status)
