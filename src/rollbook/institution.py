"""The Python door: an institution's data, and reports over them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from rollbook.config import Settings, read_settings
from rollbook.engines.engine import Engine
from rollbook.engines.lake import Lake
from rollbook.engines.postgres import is_postgres_url
from rollbook.errors import BadParameter
from rollbook.output.csv import CHUNK_ROWS
from rollbook.reports.as_of import given_as_of, open_as_of, without_as_of
from rollbook.reports.execution import Product, Progress, ReportRequest, execute, plan_report
from rollbook.reports.manifest import manifest_of

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Result:
    """A report over one snapshot; computed when its file or its rows are asked for."""

    engine: Engine
    request: ReportRequest
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """As they were given, those of the run too."""

    def write(self, target: Path | str, progress: Progress = lambda *_: None) -> Path:
        """Write the report's file: a CSV, or a zip of several.

        Args:
            target: a folder, which gets `<report>.csv` or `<report>.zip`; or the file itself.
            progress: told the lines written and the percentage done; what it raises stops.

        Returns:
            The file. It appears whole or not at all.

        Raises:
            BadParameter: the target ends in `.csv` but the report has several files.
            RollbookError: as `rollbook.reports.execution.execute`.
        """
        return self.produce(target, progress).file

    def produce(self, target: Path | str, progress: Progress = lambda *_: None) -> Product:
        """As `write`; gives the file with its numbers of lines, its settings and its message."""
        target = Path(target)
        folder = target if target.is_dir() else target.parent
        if not folder.is_dir():
            raise BadParameter(f"There is no folder {folder} to write {target.name} to.")
        with tempfile.TemporaryDirectory(prefix=".rollbook-", dir=folder) as aside:
            product = execute(self.engine, self.request, Path(aside), progress)
            if target.suffix == ".csv" and product.extension == "zip":
                raise BadParameter(
                    f"The report has {len(product.lines)} files, which make a zip: "
                    f"write it to {target.with_suffix('.zip')} instead."
                )
            final = target / product.file.name if target.is_dir() else target
            return product.moved_to(final)

    def write_manifest(self, file: Path, rows: Mapping[str, int]) -> Path:
        """Write what a file holds, of which data, as JSON to `<file>.manifest.json` beside it.

        Args:
            file: what this report wrote.
            rows: the rows of each table in it by name.
        """
        scope, plan = plan_report(self.engine, self.request)
        manifest = manifest_of(
            self.engine,
            self.request.report,
            file,
            account_id=scope.account.id,
            parameters={**self.parameters, **plan.computed_parameters},
            rows=rows,
            now=self.request.now,
        )
        target = file.with_name(f"{file.name}.manifest.json")
        target.write_text(json.dumps(manifest, ensure_ascii=False, indent=2, default=str), "utf-8")
        return target

    def arrow(self, file: str | None = None) -> pa.Table:
        """The typed rows of one file as an Arrow table; times are UTC without zone.

        Args:
            file: its name, such as `enrollments`; needed when the report has several files.

        Raises:
            BadParameter: the report has no such file, or several and none was named.
        """
        _, plan = plan_report(self.engine, self.request)
        chosen = [output for output in plan.files if file in (None, output.name)]
        if len(chosen) != 1:
            names = ", ".join(output.name for output in plan.files)
            raise BadParameter(f"Name one file of the report; it has: {names}.")
        expression = chosen[0].expression()
        if expression is None:
            return pa.table({header: pa.nulls(0) for header in chosen[0].headers})
        rows = self.engine.batches(expression, chunk_rows=CHUNK_ROWS).read_all()
        return rows.rename_columns(chosen[0].headers)

    def polars(self, file: str | None = None) -> pl.DataFrame:
        """As `arrow`, as a Polars data frame."""
        import polars as pl  # noqa: PLC0415 (only this way of taking rows needs it)

        return pl.DataFrame(pl.from_arrow(self.arrow(file)))

    def sql(self) -> dict[str, str]:
        """The SQL of each file of the report, by file name."""
        _, plan = plan_report(self.engine, self.request)
        return {
            output.name: "" if expression is None else self.engine.sql(expression)
            for output in plan.files
            for expression in [output.expression()]
        }


class Institution:
    """An institution's data on this machine; a context manager that gives back what it opened."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._engines: list[Engine] = []

    @property
    def lake(self) -> Lake:
        return self.settings.lake

    def run(
        self,
        report: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        account: str = "self",
        now: datetime | None = None,
        snapshot: int | None = None,
    ) -> Result:
        """A report over the data as they are now, or an earlier snapshot; nothing is computed yet.

        Args:
            report: its key, such as `provisioning_csv`.
            parameters: as a client of the API sends them: `{"users": True}`; `as_of` chooses an
                earlier snapshot by its number or by a moment.
            account: an id, `self`, `sis_account_id:X`, ...
            now: the moment the report runs, aware; the present by default.
            snapshot: a snapshot's number, as the parameter `as_of`.

        Raises:
            UnknownReport: there is no such report.
            EmptyLake: nothing was loaded.
            UnknownSnapshot: there is no such snapshot, or none so early.
            BadParameter: `as_of` cannot be read, or the source keeps no earlier data.
            SourceUnavailable, BadSource: the database cannot be read.
        """
        given = dict(parameters or {})
        if snapshot is not None:
            if given_as_of(given) is not None:
                raise BadParameter("Give a snapshot's number or as_of, not both.")
            given["as_of"] = snapshot
        request = ReportRequest(
            report=self.settings.reports.find(report),
            account=account,
            parameters=without_as_of(given),
            now=now or datetime.now(UTC),
            host=self.settings.report_host,
        )
        engine = open_as_of(self.settings.tables, given_as_of(given), account)
        self._engines.append(engine)
        return Result(engine, request, given)

    def close(self) -> None:
        """Close every engine that was opened."""
        while self._engines:
            self._engines.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_institution(data: str | Path | None = None, **settings: Any) -> Institution:
    """Open an institution's data.

    Args:
        data: the folder of the data; by default `ROLLBOOK_DATA`, else `./rollbook-data`. Or the
            address of a Postgres database with Canvas's tables, `postgresql://...`.
        settings: any other setting of `rollbook.config.Settings`.

    Raises:
        ConfigurationError: a setting cannot be used.
    """
    if isinstance(data, str) and is_postgres_url(data):
        return Institution(read_settings(source=data, **settings))
    return Institution(read_settings(data=None if data is None else Path(data), **settings))
