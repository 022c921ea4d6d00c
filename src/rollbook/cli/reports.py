"""`rollbook run`, `reports` and `sql`."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.progress import TextColumn
from rich.table import Table

from rollbook.cli.console import (
    DataOption,
    JsonOption,
    SourceOption,
    answers,
    messages,
    print_json,
    progress_bar,
)
from rollbook.errors import BadParameter, EmptyLake

if TYPE_CHECKING:
    from rollbook.config import Settings
    from rollbook.institution import Result
    from rollbook.reports.execution import Product, Progress
    from rollbook.reports.report import Report

ReportArgument = Annotated[str, typer.Argument(help="A report type, such as provisioning_csv.")]
ParametersOption = Annotated[
    list[str],
    typer.Option("--param", "-p", metavar="NAME=VALUE", help="A parameter; repeat it for more."),
]
AccountOption = Annotated[
    str, typer.Option("--account", "-a", help="An id, self, sis_account_id:X, ...")
]
SnapshotOption = Annotated[
    int | None, typer.Option(help="Run on an earlier snapshot of the data. [default: the latest]")
]

AsOfOption = Annotated[
    str | None,
    typer.Option(
        metavar="SNAPSHOT|TIME",
        help="Run on the data as they were: a snapshot's number, a date, a time. "
        "[default: the latest]",
    ),
]

_SECONDS_BETWEEN_LINES = 5.0


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("run")(run)
    app.command("reports")(list_reports)
    app.command("sql")(sql)


def run(
    report: ReportArgument,
    parameters: ParametersOption = [],  # noqa: B006 (Typer wants a list)
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The file to write, - for standard output; .parquet for a single typed file. "
            "[default: REPORT.csv, or REPORT.zip for several files]",
        ),
    ] = None,
    account: AccountOption = "self",
    snapshot: SnapshotOption = None,
    as_of: AsOfOption = None,
    manifest: Annotated[
        bool,
        typer.Option(
            "--manifest",
            help="Also write FILE.manifest.json: snapshot, data as of, rows, hash, warnings.",
        ),
    ] = False,
    data: DataOption = None,
    source: SourceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run REPORT and write its file: a CSV, or a zip where the report has several.

    rollbook run provisioning_csv -p users=true -p enrollments=true -o provisioning.zip
    """
    from rollbook.institution import open_institution

    started = time.monotonic()
    if manifest and output == Path("-"):
        raise BadParameter("A manifest stands beside a file: write the report to one with -o.")
    with open_institution(data, source=source) as institution:
        result = institution.run(
            report, _parameters(parameters, as_of), account=account, snapshot=snapshot
        )
        if output is not None and output.suffix == ".parquet":
            _report_parquet(result, output, started, manifest=manifest, as_json=as_json)
            return
        if output == Path("-"):
            _write_to_standard_output(result)
            return
        with _run_progress(report) as progress:
            product = result.produce(output or Path(), progress)
        if manifest:
            result.write_manifest(product.file, product.rows)
    _show_product(product, time.monotonic() - started, as_json=as_json)


def _write_to_standard_output(result: Result) -> None:
    with tempfile.TemporaryDirectory(prefix="rollbook-") as folder:
        product = result.produce(Path(folder))
        with product.file.open("rb") as source:
            shutil.copyfileobj(source, sys.stdout.buffer)


def _report_parquet(
    result: Result, output: Path, started: float, *, manifest: bool, as_json: bool
) -> None:
    from rollbook.output.parquet import write_parquet

    rows = write_parquet(result, output)
    if manifest:
        result.write_manifest(output, {output.stem: rows})
    seconds = round(time.monotonic() - started, 3)
    if as_json:
        print_json({"file": str(output), "rows": rows, "seconds": seconds})
    else:
        messages.print(f"Wrote {output}: {rows:,} rows in {seconds:.1f} s.")


def _parameters(pairs: list[str], as_of: str | None) -> dict[str, Any]:
    parameters = parse_pairs(pairs)
    return parameters if as_of is None else {**parameters, "as_of": as_of}


def parse_pairs(pairs: list[str]) -> dict[str, Any]:
    """`name=value` pairs as parameters; `name[]=value`, or a name given twice, makes a list.

    Raises:
        BadParameter: a pair has no `=`.
    """
    parameters: dict[str, Any] = {}
    for pair in pairs:
        written, equals, value = pair.partition("=")
        name = written.removesuffix("[]")
        if not equals or not name:
            raise BadParameter(f"{pair!r} is not NAME=VALUE. Write for example -p users=true.")
        if name in parameters or name != written:
            earlier = parameters.get(name, [])
            parameters[name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            parameters[name] = value
    return parameters


@contextmanager
def _run_progress(report: str) -> Iterator[Progress]:
    """Lines written and lines a second: a bar on a terminal, else a line now and then."""
    rate = Rate()
    with progress_bar(
        TextColumn("{task.fields[lines]:>12,} lines {task.fields[rate]:>10,.0f}/s")
    ) as bar:
        if bar is None:
            yield lambda lines, percent: _tell_now_and_then(report, lines, rate)
            return
        task = bar.add_task(report, total=None, lines=0, rate=0.0)
        yield lambda lines, percent: bar.update(task, lines=lines, rate=rate.of(lines))


@dataclass
class Rate:
    """Lines a second since the start."""

    started: float = field(default_factory=time.monotonic)
    told: float = field(default_factory=time.monotonic)
    """When a line was printed last."""

    def of(self, lines: int) -> float:
        return lines / max(time.monotonic() - self.started, 1e-3)


def _tell_now_and_then(report: str, lines: int, rate: Rate) -> None:
    if time.monotonic() - rate.told >= _SECONDS_BETWEEN_LINES:
        rate.told = time.monotonic()
        messages.print(f"{report}: {lines:,} lines, {rate.of(lines):,.0f}/s")


def _show_product(product: Product, seconds: float, *, as_json: bool) -> None:
    rows = product.rows
    size = product.file.stat().st_size
    if as_json:
        print_json(
            {
                "file": str(product.file),
                "bytes": size,
                "rows": rows,
                "seconds": round(seconds, 3),
                "account_id": product.account.id,
                "extra_text": product.extra_text,
                "message": product.message,
            }
        )
        return
    total = sum(rows.values())
    for name, number in rows.items():
        messages.print(f"  {name:<32}{number:>14,} rows")
    messages.print(
        f"Wrote {product.file}: {total:,} rows, {size / 1e6:,.1f} MB "
        f"in {seconds:.1f} s ({total / max(seconds, 1e-3):,.0f} rows/s)."
    )


def list_reports(
    report: Annotated[
        str | None, typer.Argument(help="Show one report with all its parameters.")
    ] = None,
    data: DataOption = None,
    source: SourceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the report types and their parameters.

    rollbook reports provisioning_csv
    """
    from rollbook.config import read_settings

    settings = read_settings(data=data, source=source)
    known = settings.reports
    chosen = known.by_title() if report is None else [known.find(report)]
    reasons = _why_unavailable(settings, chosen)
    if as_json:
        print_json([_as_json(item, reasons.get(item.key)) for item in chosen])
    elif report is None:
        table = Table("report", "title", "parameters")
        for item in chosen:
            reason = f"[yellow]{escape(reasons[item.key])}[/]" if item.key in reasons else None
            names = ", ".join(parameter.name for parameter in item.parameters)
            table.add_row(item.key, item.title, reason or names)
        answers.print(table)
    else:
        _show_report(chosen[0], reasons.get(chosen[0].key))


def _why_unavailable(settings: Settings, reports: Sequence[Report]) -> dict[str, str]:
    """The reports that cannot run on the data at hand, each with its reason."""
    from rollbook.canvas.tables import Tables
    from rollbook.reports.availability import why_unavailable

    try:
        engine = settings.tables.engine()
    except EmptyLake:
        return {}
    try:
        tables = Tables(engine)
        found = {report.key: why_unavailable(report, tables, engine) for report in reports}
        return {key: reason for key, reason in found.items() if reason}
    finally:
        engine.close()


def _show_report(report: Report, unavailable: str | None) -> None:
    answers.print(f"[bold]{report.title}[/] ({report.key})\n\n{report.description}\n")
    if unavailable:
        answers.print(f"[yellow]{escape(unavailable)}[/]\n")
    table = Table("parameter", "kind", "required", "what it does")
    for parameter in report.parameters:
        required = "yes" if parameter.required else ""
        table.add_row(parameter.name, parameter.kind, required, parameter.description)
    answers.print(table)


def _as_json(report: Report, unavailable: str | None) -> dict[str, Any]:
    return {
        "report": report.key,
        "title": report.title,
        "description": report.description,
        "parameters": {
            item.name: {
                "kind": item.kind,
                "required": item.required,
                "description": item.description,
            }
            for item in report.parameters
        },
        "tables": list(report.tables),
        "optional_tables": list(report.optional_tables),
        "unavailable": unavailable,
    }


def sql(
    report: ReportArgument,
    parameters: ParametersOption = [],  # noqa: B006 (Typer wants a list)
    account: AccountOption = "self",
    snapshot: SnapshotOption = None,
    as_of: AsOfOption = None,
    data: DataOption = None,
    source: SourceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the SQL of each file of REPORT, as the engine runs it.

    rollbook sql provisioning_csv -p users=true
    """
    from rollbook.institution import open_institution

    with open_institution(data, source=source) as institution:
        result = institution.run(
            report, _parameters(parameters, as_of), account=account, snapshot=snapshot
        )
        texts = result.sql()
    if as_json:
        print_json(texts)
        return
    for name, text in texts.items():
        typer.echo(f"-- {name}\n{text};\n")
