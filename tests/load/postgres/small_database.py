"""A Postgres schema with some of Canvas's tables, and the lake that it is loaded into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.postgres_server import CanvasDatabase

from rollbook.canvas.tables import Tables
from rollbook.engines.duck import DuckLimits
from rollbook.engines.lake import Lake
from rollbook.engines.postgres import Postgres
from rollbook.load.loading import LoadSummary, Progress, no_progress
from rollbook.load.postgres import PostgresOptions, load_postgres


@dataclass(frozen=True)
class Copying:
    """A database, a schema of it, and a lake."""

    database: CanvasDatabase
    schema: str
    folder: Path

    @property
    def url(self) -> str:
        return f"{self.database.url.partition('&schema')[0]}&schema={self.schema}"

    @property
    def lake(self) -> Lake:
        return Lake(self.folder, DuckLimits(threads=1))

    def insert(self, table: str, *rows: Mapping[str, Any]) -> None:
        self.database.insert(f'{self.schema}."{table}"', rows)

    def execute(self, *statements: str) -> None:
        self.database.execute(f"SET search_path = {self.schema}", *statements, "RESET search_path")

    def load(self, progress: Progress = no_progress, **options: Any) -> LoadSummary:
        return load_postgres(self.lake, Postgres(self.url), PostgresOptions(**options), progress)

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Some columns of a table of the lake as reports see them, in the order of keys."""
        engine = self.lake.engine()
        try:
            expression = getattr(Tables(engine), table)
            found = engine.rows(expression.order_by(expression.columns[0]).select(*columns))
        finally:
            engine.close()
        return [tuple(row[column] for column in columns) for row in found]

    def details(self) -> Mapping[str, Any]:
        """What the last load kept about itself."""
        return self.lake.snapshots()[-1].details

    def kinds(self) -> dict[str, str]:
        """How each table came into the lake."""
        tables: Mapping[str, Mapping[str, Any]] = self.details()["tables"]
        return {name: str(table["kind"]) for name, table in tables.items()}


def people(*numbers: int, name: str = "Ada", at: str = "2026-03-01") -> Sequence[Mapping[str, Any]]:
    """Rows of users."""
    return [
        {"id": n, "name": name, "workflow_state": "registered", "updated_at": at} for n in numbers
    ]
