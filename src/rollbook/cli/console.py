"""How commands speak: data on standard output, messages on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from rollbook.cli.interruption import interruptible, loading_into

if TYPE_CHECKING:
    from rollbook.engines.lake import Lake

messages = Console(stderr=True, highlight=False)
"""For people: what goes on, what went wrong."""
answers = Console(highlight=False)
"""For people, where the answer itself is a table."""

DataOption = Annotated[
    Path | None,
    typer.Option("--data", "-d", help="The folder of the data. [default: ./rollbook-data]"),
]
SourceOption = Annotated[
    str | None,
    typer.Option(
        "--source",
        metavar="URL",
        help="A Postgres database with Canvas's tables, postgresql://..., in place of the lake.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("\n")


@contextmanager
def progress_bar(*columns: Any) -> Iterator[Progress | None]:
    """A progress bar on a terminal; None elsewhere, where bars would fill a log."""
    if not messages.is_terminal:
        yield None
        return
    shown = columns or (
        BarColumn(),
        TaskProgressColumn(),
    )
    with Progress(
        SpinnerColumn(),
        TextColumn("[bold]{task.description}"),
        *shown,
        TimeElapsedColumn(),
        console=messages,
        transient=True,
    ) as bar:
        yield bar


@contextmanager
def load_progress(title: str, lake: Lake) -> Iterator[Any]:
    """A `rollbook.load.loading.Progress` that shows a bar on a terminal, else nothing.

    Raises:
        Interrupted: the load into the lake was interrupted.
    """
    with interruptible(loading_into(lake)), progress_bar() as bar:
        if bar is None:
            yield lambda step, share: None
            return
        task = bar.add_task(title, total=1.0)
        yield lambda step, share: bar.update(task, description=f"{title}: {step}", completed=share)
