"""What the two SIS reports share: two formats over one set of files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import ibis.expr.types as ir

from rollbook.reports.report import Column
from rollbook.reports.scope import Scope

Format = Literal["sis", "provisioning"]


@dataclass(frozen=True)
class SisColumn:
    """A column of one format, or of both."""

    formats: tuple[Format, ...]
    column: Column


def both(header: str, source: Any) -> SisColumn:
    """A column of both formats."""
    return SisColumn(("sis", "provisioning"), Column(header, source))


def sis(header: str, source: Any) -> SisColumn:
    """A column of `sis_export_csv` alone."""
    return SisColumn(("sis",), Column(header, source))


def provisioning(header: str, source: Any) -> SisColumn:
    """A column of `provisioning_csv` alone."""
    return SisColumn(("provisioning",), Column(header, source))


@dataclass(frozen=True)
class Export:
    """One run of one of the two reports."""

    format: Format
    scope: Scope

    @property
    def is_sis(self) -> bool:
        return self.format == "sis"

    @property
    def only_created_by_sis(self) -> bool:
        return self.scope.parameters.truth("created_by_sis")

    def columns(self, *columns: SisColumn) -> tuple[Column, ...]:
        """The columns of this run's format, in order."""
        return tuple(column.column for column in columns if self.format in column.formats)

    def kept(
        self,
        rows: ir.Table,
        *,
        by_default: ir.BooleanValue,
        with_deleted: ir.BooleanValue,
        sis_demands: ir.BooleanValue | None = None,
        batch_id: ir.Value | None = None,
    ) -> ir.Table:
        """The rows that this run prints (sis_and_provisioning.md, section 5).

        Args:
            rows: all rows of the file.
            by_default: what holds for a row without `include_deleted`.
            with_deleted: what holds for it with `include_deleted`.
            sis_demands: what `sis_export_csv` demands besides.
            batch_id: the `sis_batch_id` that `created_by_sis` looks at.
        """
        conditions = [with_deleted if self.scope.include_deleted else by_default]
        if self.is_sis and sis_demands is not None:
            conditions.append(sis_demands)
        if self.only_created_by_sis and batch_id is not None:
            conditions.append(batch_id.notnull())
        return rows.filter(*conditions)


def created_by_sis(batch_id: ir.Value) -> ir.BooleanValue:
    """The `created_by_sis` column: never blank (sis_and_provisioning.md, 3.1)."""
    return batch_id.fill_null(0) != 0
