"""What a report needs of the engine that holds the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import ibis.expr.types as ir
import pyarrow as pa


@dataclass(frozen=True)
class Snapshot:
    """One state of the data, as a load left it."""

    id: int
    loaded_at: datetime
    source: str
    """What was loaded, in words."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What the load kept about itself."""

    @property
    def data_as_of(self) -> datetime:
        """When the data were so in their source (UTC), as far as the load could tell."""
        as_of = self.details.get("as_of")
        return self.loaded_at if as_of is None else datetime.fromisoformat(as_of)


class Engine(Protocol):
    """A consistent view of one institution's tables, for one run."""

    name: str
    """The kind of engine, as people call it: `lake`, `postgres`."""
    snapshot: str
    """What names the state of the data this view shows; equal names, equal data."""
    source: str
    """Where the data come from, in words."""
    data_as_of: datetime | None
    """When the data were read from their source (UTC)."""
    loaded_at: datetime | None
    """When the data were loaded (UTC); None where they were not."""
    load_details: Mapping[str, Any]
    """What the load of these data kept about itself; empty where none did."""
    interrupted: bool
    """Whether `interrupt` was called."""

    def columns(self, table: str) -> frozenset[str] | None:
        """The columns the source has of a table; None where it lacks the table."""

    def source_table(self, table: str) -> ir.Table:
        """The table as the source holds it."""

    def rows(self, expression: ir.Table) -> list[dict[str, Any]]:
        """All rows of a small result."""

    def batches(self, expression: ir.Table, *, chunk_rows: int) -> pa.RecordBatchReader:
        """A large result, piece by piece, computed while it is read."""

    def sql(self, expression: ir.Table) -> str:
        """The SQL text that the expression becomes on this engine."""

    def interrupt(self) -> None:
        """Stop what runs now; callable from another thread."""

    def close(self) -> None:
        """Give back connections and memory."""


class Source(Protocol):
    """Where an institution's tables are."""

    def state(self) -> str:
        """What names the data as they are now, without opening a view of them.

        A source that cannot tell names the present half minute.

        Raises:
            EmptyLake: there are none.
        """

    def snapshots(self) -> Sequence[Snapshot]:
        """The states of the data that can be read, oldest first.

        Raises:
            BadParameter: no earlier states are kept here.
        """

    def engine(self, snapshot: int | None = None) -> Engine:
        """A view of the data as they are now, or as an earlier snapshot has them."""


@dataclass(frozen=True)
class DataState:
    """The data that a run reads, where they can come back."""

    snapshot: str
    loaded_at: datetime | None
    """Runs that began earlier read other data, though their snapshot may have had this name: a
    lake can be made anew."""


def state_of(engine: Engine) -> DataState | None:
    """The state of the data in a view; None where no other view surely has the same."""
    if engine.name != "lake":
        return None
    return DataState(snapshot_name(engine), engine.loaded_at)


def snapshot_name(engine: Engine) -> str:
    """What names the data in a view, among those of all kinds of engines."""
    return f"{engine.name}:{engine.snapshot}"
