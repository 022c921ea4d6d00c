"""A run: a report's plan, computed on an engine and written to one file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from rollbook.canvas.accounts import Account, read_account_tree
from rollbook.canvas.tables import Tables
from rollbook.engines.engine import Engine
from rollbook.errors import NothingToReport, RunStopped
from rollbook.output.archive import write_archive
from rollbook.output.csv import CHUNK_ROWS, CsvLayout, write_csv
from rollbook.reports import texts
from rollbook.reports.availability import check_available
from rollbook.reports.parameters import Parameters
from rollbook.reports.report import OutputFile, Plan, Report
from rollbook.reports.scope import Circumstance, Circumstances, Host, Scope

Progress = Callable[[int, int], None]
"""Told the lines written of the present CSV, header included, and the percentage done (0 to 99).
What it raises stops the run."""

Planned = Callable[[Scope, Mapping[str, str]], None]
"""Told what a run covers, and the parameters that it shows besides those it was given."""


@dataclass(frozen=True, kw_only=True)
class ReportRequest:
    """Which report is asked for, on what account, when and how."""

    report: Report
    account: str = "self"
    """An account in any of the forms of api.md, section 4."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    now: datetime
    host: Host = field(default_factory=Host)
    user_id: int | None = None
    locale: str = "en"


@dataclass(frozen=True, kw_only=True)
class Product:
    """What a run wrote."""

    file: Path
    extension: str
    """`csv` or `zip`."""
    lines: Mapping[str, int]
    """Lines of each CSV by name, headers included, in the order they were written."""
    account: Account
    extra_text: str
    message: str
    computed_parameters: Mapping[str, str] = field(default_factory=dict)
    shown_parameters: Mapping[str, str] = field(default_factory=dict)
    """What a run shows besides the parameters it was given."""
    seen: frozenset[Circumstance] = frozenset()
    """What the run looked at besides its request and the data."""

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each CSV by name, headers not counted."""
        return {name: lines - 1 for name, lines in self.lines.items()}

    @property
    def current_line(self) -> int:
        """Lines of the CSV written last."""
        return list(self.lines.values())[-1]

    def moved_to(self, file: Path) -> Product:
        """The product with its file at another place of the same file system, whole and synced."""
        with self.file.open("rb+") as written:
            os.fsync(written.fileno())
        self.file.replace(file)
        return replace(self, file=file)


def plan_report(engine: Engine, request: ReportRequest) -> tuple[Scope, Plan]:
    """Work out which files a run writes; nothing large is computed yet.

    Raises:
        UnknownAccount, UnknownTerm, BadParameter: the request cannot be met.
        MissingTable: the source lacks a table that is needed.
        NothingToReport: no file was chosen.
    """
    tables = Tables(engine)
    check_available(request.report, tables, engine)
    accounts = read_account_tree(tables, engine)
    scope = Scope(
        account=accounts.find(request.account),
        accounts=accounts,
        parameters=Parameters(request.parameters),
        circumstances=Circumstances(request.now, request.user_id, request.locale),
        engine=engine,
        tables=tables,
        host=request.host,
    )
    plan = request.report.plan(tables, scope)
    if not plan.files:
        raise NothingToReport(texts.NO_FILE)
    return scope, plan


def execute(
    engine: Engine,
    request: ReportRequest,
    folder: Path,
    progress: Progress = lambda *_: None,
    planned: Planned = lambda *_: None,
) -> Product:
    """Run a report and write its file into a folder, under the report's name.

    Args:
        engine: a view of the data.
        request: what is asked for.
        folder: where the file is made.
        progress: told how far it is.
        planned: told once it is clear what will be written.

    Raises:
        RunStopped: the engine was interrupted while it worked.
        As `plan_report`.
    """
    try:
        scope, plan = plan_report(engine, request)
        planned(scope, _shown_parameters(plan, _extra_text(scope, plan)))
        return _execute(request, scope, plan, folder, progress)
    except Exception as error:
        if engine.interrupted and not isinstance(error, RunStopped):
            raise RunStopped("The run was stopped while it worked.") from error
        raise


def _extra_text(scope: Scope, plan: Plan) -> str:
    """The run's settings in words, after those that the caller sent."""
    given = scope.parameters.given("extra_text")
    return " ".join(str(text) for text in (given, plan.extra_text) if text)


def _shown_parameters(plan: Plan, extra_text: str) -> dict[str, str]:
    # A run without settings has no text.
    return {**plan.computed_parameters, **({"extra_text": extra_text} if extra_text else {})}


def _execute(
    request: ReportRequest,
    scope: Scope,
    plan: Plan,
    folder: Path,
    progress: Progress,
) -> Product:
    files = _by_name(plan)
    writer = _Writer(scope.engine, scope, len(files), progress)
    is_archive = plan.always_archive or len(files) > 1
    extension = "zip" if is_archive else "csv"
    file = folder / f"{request.report.key}.{extension}"
    if is_archive:
        write_archive(file, [(f"{name}.csv", writer.of(parts)) for name, parts in files.items()])
    else:
        with file.open("wb") as sink:
            writer.of(plan.files)(sink)
    extra_text = _extra_text(scope, plan)
    return Product(
        file=file,
        extension=extension,
        lines=writer.lines,
        account=scope.account,
        extra_text=extra_text,
        message=texts.success_message(request.report.title, scope.account.name, extra_text),
        computed_parameters=plan.computed_parameters,
        shown_parameters=_shown_parameters(plan, extra_text),
        seen=frozenset(scope.circumstances.seen),
    )


def _by_name(plan: Plan) -> dict[str, list[OutputFile]]:
    files: dict[str, list[OutputFile]] = {}
    for output in plan.files:
        files.setdefault(output.name, []).append(output)
    return files


@dataclass
class _Writer:
    """Writes the files of one run, counting lines over all of them."""

    engine: Engine
    scope: Scope
    number_of_files: int
    progress: Progress
    lines: dict[str, int] = field(default_factory=dict)

    def of(self, parts: Sequence[OutputFile]) -> Callable[[Any], None]:
        """What writes one file, in one or several parts, to a binary sink."""
        return lambda sink: self._write(parts, sink)

    def _write(self, parts: Sequence[OutputFile], sink: Any) -> None:
        percent = int(99 * len(self.lines) / self.number_of_files)
        self.progress(0, percent)
        output = parts[-1]
        layout = CsvLayout(
            headers=output.headers,
            zone=self.scope.zone,
            separator=output.separator,
            byte_order_mark=output.byte_order_mark,
            when_empty=output.when_empty,
            when_null=[column.when_null for column in output.columns],
        )
        total = self._total(parts)
        share = 99 / self.number_of_files

        def lines_written(lines: int) -> None:
            of_this_file = 0 if total is None else int(share * lines / (total + 1))
            self.progress(lines, percent + of_this_file)

        self.lines[output.name] = write_csv(self._batches(parts), layout, sink, lines_written)

    def _total(self, parts: Sequence[OutputFile]) -> int | None:
        """The rows to come; None where a part does not say."""
        if not all(output.knows_total for output in parts):
            return None
        expressions = [part.expression() for part in parts]
        counts = [rows.aggregate(n=rows.count()) for rows in expressions if rows is not None]
        return sum(int(self.engine.rows(count)[0]["n"]) for count in counts)

    def _batches(self, parts: Sequence[OutputFile]) -> Iterator[pa.RecordBatch]:
        for output in parts:
            expression = output.expression()
            if expression is not None:
                yield from self.engine.batches(expression, chunk_rows=CHUNK_ROWS)
