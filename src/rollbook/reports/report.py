"""What a report is: a declaration of its title, its parameters and the files it writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import ibis.expr.types as ir
from ibis.common.deferred import Deferred

from rollbook.canvas.tables import Tables
from rollbook.reports.scope import Scope


@dataclass(frozen=True)
class Parameter:
    """A parameter as the list of reports shows it."""

    name: str
    description: str
    kind: Literal["boolean", "term", "course", "time", "list", "choice"] = "boolean"
    required: bool = False


@dataclass(frozen=True)
class Column:
    """A column of an output file: its header and the value it prints."""

    header: str
    source: ir.Value | Deferred
    when_null: str | None = None
    """What NULL prints; by default nothing."""


@dataclass(frozen=True)
class OutputFile:
    """One CSV of a report: rows in their final order, columns in output order.

    Without rows the file holds its header alone; without columns, one empty line. A list in the
    last column prints as one cell for each of its items, so that lines differ in length.
    """

    name: str
    """The name inside a zip, without `.csv`."""
    columns: tuple[Column, ...]
    rows: ir.Table | None
    separator: str = ","
    byte_order_mark: bool = False
    when_empty: str | None = None
    """The only cell of a line that stands in place of rows where there are none."""
    knows_total: bool = False
    """Whether its rows are counted first, so that progress can be told (api.md, 12.4)."""

    @property
    def headers(self) -> list[str]:
        return [column.header for column in self.columns]

    def expression(self) -> ir.Table | None:
        """The file's cells as typed columns `c0`, `c1`, ...; None where there can be no row."""
        if self.rows is None or not self.columns:
            return None
        cells: dict[str, Any] = {f"c{n}": column.source for n, column in enumerate(self.columns)}
        return self.rows.select(**cells)


@dataclass(frozen=True)
class Plan:
    """What one run of a report writes."""

    files: tuple[OutputFile, ...]
    """Those of one name make one file: the rows of all of them under the header of the last."""
    extra_text: str = ""
    """The settings in words, shown in the run's parameters and its message (api.md, 12.5)."""
    always_archive: bool = False
    """A zip also for a single file."""
    computed_parameters: Mapping[str, str] = field(default_factory=dict)
    """Values that the run worked out and shows among its parameters."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report type."""

    key: str
    title: str
    description: str
    """What the report lists, in a sentence or two for people."""
    parameters: tuple[Parameter, ...]
    tables: tuple[str, ...]
    """The Canvas tables that every run reads; without one of them it cannot run."""
    optional_tables: tuple[str, ...] = ()
    """The Canvas tables that some runs read, or that it can do without."""
    repeatable: bool = False
    """Whether equal requests on equal data give equal rows, but for what the plan reads of `scope`:
    `now`, `user_id`, `locale`. Only then may a run take over the file of an equal one."""
    plan: Callable[[Tables, Scope], Plan]
    """Says which files a run writes, and what is in them; runs nothing but small look-ups."""
