"""`rollbook load`: data in, one snapshot a load."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from rollbook.cli.console import (
    DataOption,
    JsonOption,
    answers,
    load_progress,
    messages,
    print_json,
)
from rollbook.cli.reports import parse_pairs
from rollbook.errors import BadParameter

if TYPE_CHECKING:
    from rollbook.load.loading import LoadSummary

ObserversOption = Annotated[
    bool,
    typer.Option(
        "--observers-from-enrollments",
        help="Make user_observers, which Canvas Data lacks, of observer enrollments.",
    ),
]
StrictOption = Annotated[
    str | None,
    typer.Option(metavar="SHARE", help="Refuse a load that takes more than SHARE of a table."),
]

app = typer.Typer(
    no_args_is_help=True,
    help="Bring data into the lake. A load becomes one snapshot, or nothing changes.",
)


@app.command("demo")
def demo(
    scale: Annotated[
        str,
        typer.Option(
            metavar="tiny|small|campus|state", help="From 160 users to a million, by a name."
        ),
    ] = "small",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make up an institution, always the same one, with something in every table.

    rollbook load demo --scale campus
    """
    from rollbook.config import read_settings
    from rollbook.load.demo import load_demo

    lake = read_settings(data=data).lake
    with load_progress(f"demo {scale}", lake) as progress:
        summary = load_demo(lake, scale, datetime.now(UTC), progress)
    _show(summary, as_json=as_json)


@app.command("sis")
def sis(
    sources: Annotated[
        list[Path],
        typer.Argument(exists=True, help="Folders, zips or CSV files in SIS import format."),
    ],
    skip_bad_rows: Annotated[
        bool, typer.Option("--skip-bad-rows", help="Load the good rows and write the others down.")
    ] = False,
    refused_rows: Annotated[
        Path, typer.Option(help="Where the bad rows are listed, with file, line and reason.")
    ] = Path("refused-rows.csv"),
    keep_exported_xlists: Annotated[
        bool,
        typer.Option(
            "--keep-exported-xlists",
            help="The files are one sis_export_csv result: keep its cross-listings as such.",
        ),
    ] = False,
    batch_mode_term: Annotated[
        str | None,
        typer.Option(
            metavar="TERM_ID",
            help="The files hold all of this term: what they do not mention becomes deleted.",
        ),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load SIS CSV files, as Canvas imports them; the file kind is known by its header.

    rollbook load sis exports/2026-11-25.zip
    """
    from rollbook.config import read_settings
    from rollbook.load.sis_csv import CustomRole, SisOptions, load_sis_csv

    settings = read_settings(data=data)
    options = SisOptions(
        root_account_name=settings.institution_name,
        default_time_zone=settings.default_time_zone,
        custom_roles=tuple(CustomRole(name, base) for name, base in settings.sis_roles.items()),
        skip_bad_rows=skip_bad_rows,
        refused_rows_file=refused_rows,
        keep_exported_xlists=keep_exported_xlists,
        batch_mode_term=batch_mode_term,
        now=datetime.now(UTC),
    )
    with load_progress("SIS CSV", settings.lake) as progress:
        summary = load_sis_csv(settings.lake, sources, options, progress)
    _show(summary, as_json=as_json)


@app.command("canvas-data")
def canvas_data(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            help="Folders, zips or files that `dap` wrote, or s3://bucket/prefix.",
            show_default=False,
        ),
    ] = None,
    tables: Annotated[
        list[str],
        typer.Option(
            "--table",
            metavar="NAME=PATTERN",
            help="Files or folders of a table; repeat it. Needed where nothing else tells.",
        ),
    ] = [],  # noqa: B006 (Typer wants a list)
    client_logs: Annotated[
        list[Path],
        typer.Option("--client-log", exists=True, help="What `dap` printed: it names the tables."),
    ] = [],  # noqa: B006
    null_is_text: Annotated[
        bool,
        typer.Option("--null-is-text", help="Take an unquoted NULL of CSV for a name."),
    ] = False,
    skip_unrecognised: Annotated[
        bool,
        typer.Option("--skip-unrecognised", help="Leave out files of which no table is known."),
    ] = False,
    observers: ObserversOption = False,
    strict: StrictOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load Canvas Data 2: snapshots replace tables, incrementals change them.

    rollbook load canvas-data downloads/

    rollbook load canvas-data s3://example-canvas-data/nightly
    """
    from rollbook.config import read_settings
    from rollbook.load.canvas_data import CanvasDataOptions, load_canvas_data

    settings = read_settings(data=data)
    options = CanvasDataOptions(
        tables=_patterns(tables),
        client_logs=client_logs,
        null_is_text=null_is_text,
        skip_unrecognised=skip_unrecognised,
        observers_from_enrollments=observers,
        account_settings=settings.account_settings,
        largest_loss=None if strict is None else share_of(strict),
    )
    with load_progress("Canvas Data", settings.lake) as progress:
        summary = load_canvas_data(
            settings.lake,
            [text if text.startswith("s3://") else Path(text) for text in sources or []],
            options,
            progress,
        )
    _show(summary, as_json=as_json)


def share_of(text: str) -> float:
    """`5%` or `0.05` as 0.05."""
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise BadParameter(f"{text!r} is not a share. Write for example --strict 5%.")
    return share


def _patterns(pairs: list[str]) -> dict[str, list[str]]:
    given = parse_pairs(pairs)
    return {name: value if isinstance(value, list) else [value] for name, value in given.items()}


@app.command("postgres")
def postgres(
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="postgresql://reader@host/database?schema=public. The password is best left to "
            "PGPASSWORD or .pgpass.",
        ),
    ],
    since_last: Annotated[
        bool,
        typer.Option(
            "--since-last",
            help="Read only rows that were updated since the load before. Rows that were deleted "
            "for good are noticed by a load without it.",
        ),
    ] = False,
    skip_unreadable: Annotated[
        bool,
        typer.Option("--skip-unreadable", help="Leave out tables that the role may not read."),
    ] = False,
    observers: ObserversOption = False,
    strict: StrictOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy Canvas's tables out of its database, or one that `dap syncdb` fills, as of one moment.

    rollbook load postgres 'postgresql://reader@replica.example.edu/canvas?schema=public'
    """
    from rollbook.config import read_settings
    from rollbook.engines.postgres import Postgres
    from rollbook.load.postgres import PostgresOptions, load_postgres

    settings = read_settings(data=data)
    options = PostgresOptions(
        since_last=since_last,
        skip_unreadable=skip_unreadable,
        observers_from_enrollments=observers,
        account_settings=settings.account_settings,
        largest_loss=None if strict is None else share_of(strict),
    )
    with load_progress("Postgres", settings.lake) as progress:
        summary = load_postgres(settings.lake, Postgres(url), options, progress)
    _show(summary, as_json=as_json)


@app.command("json")
def json_tables(
    file: Annotated[Path, typer.Argument(exists=True, help='{"tables": {"accounts": [...]}}')],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load whole Canvas tables from one JSON file; handy for tests of your own scripts.

    rollbook load json tables.json
    """
    from rollbook.config import read_settings
    from rollbook.load.json_tables import load_json_tables

    lake = read_settings(data=data).lake
    with load_progress(file.name, lake) as progress:
        summary = load_json_tables(lake, file, progress)
    _show(summary, as_json=as_json)


def written_rows(summary: LoadSummary) -> dict[str, int]:
    """The rows of the tables that a load wrote and that have any."""
    return {table: rows for table, rows in summary.rows.items() if rows}


def show_warnings(summary: LoadSummary) -> None:
    """Print what a load warns of."""
    for warning in summary.warnings:
        messages.print(f"[yellow]Warning:[/] {warning}")


def _show(summary: LoadSummary, *, as_json: bool) -> None:
    written = written_rows(summary)
    if as_json:
        print_json(
            {
                "source": summary.source,
                "snapshot": summary.snapshot,
                "rows": written,
                "warnings": summary.warnings,
            }
        )
        return
    table = Table(
        "table", title=f"{summary.source}: snapshot {summary.snapshot}", title_justify="left"
    )
    table.add_column("rows", justify="right")
    for name, rows in written.items():
        table.add_row(name, f"{rows:,}")
    table.add_section()
    table.add_row("all tables", f"{sum(written.values()):,}")
    answers.print(table)
    show_warnings(summary)
