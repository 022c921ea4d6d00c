"""Whether a report can run on a source, and if not, why (data_sources.md, section 7)."""

from __future__ import annotations

from rollbook.canvas.tables import Tables
from rollbook.engines.engine import Engine
from rollbook.errors import MissingTable
from rollbook.reports.report import Report
from rollbook.reports.texts import english_list


def why_unavailable(report: Report, tables: Tables, engine: Engine) -> str | None:
    """The sentence that says which tables the source lacks; None where the report can run."""
    missing = [f"`{name}`" for name in report.tables if not tables.is_present(name)]
    if not missing:
        return None
    noun = "table" if len(missing) == 1 else "tables"
    return (
        f"{report.title} cannot run here: it reads the {noun} {english_list(missing)}, "
        f"which the data do not have. They come from {engine.source}."
    )


def check_available(report: Report, tables: Tables, engine: Engine) -> None:
    """Refuse a report that cannot run on this source.

    Raises:
        MissingTable: the source lacks a table that every run of the report reads.
    """
    if sentence := why_unavailable(report, tables, engine):
        raise MissingTable(sentence)
