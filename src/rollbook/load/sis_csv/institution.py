"""The institution as a load makes it: working copies of the tables that SIS files feed.

The copies are temporary tables with the names and columns of the Canvas tables. Ids are invented
once and remembered in the lake, so that later loads give the same object the same id
(data_sources.md, 3.3 step 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb

from rollbook.canvas.schema import TABLES, CanvasTable
from rollbook.engines.lake import SCHEMA, schemas_in_lake
from rollbook.load.loading import Load
from rollbook.load.sis_csv.options import SisOptions

ROOT = 1
"""The id of the root account."""
DEFAULT_TERM = 1
BATCH = 1
"""The SIS batch id of every row that came from a file (data_sources.md, 3.3 step 4)."""

WORKING_TABLES = (
    *("accounts", "roles", "authentication_providers", "enrollment_terms"),
    *("enrollment_dates_overrides", "courses", "course_sections", "users", "pseudonyms"),
    *("communication_channels", "enrollments", "enrollment_states", "account_users"),
    *("group_categories", "groups", "group_memberships", "user_observers", "sis_batches"),
    *("master_courses_master_templates", "master_courses_child_subscriptions"),
)
"""The tables that SIS files feed."""

_FIRST_IDS = {"accounts": ROOT + 1, "enrollment_terms": DEFAULT_TERM + 1, "roles": 1_000_001}
MEMORY = "sis"
"""The schema of the lake that remembers ids and loads."""


@dataclass
class Institution:
    """Working copies of the tables, on the connection of a load."""

    load: Load
    options: SisOptions
    renamed: bool = False
    """Whether SIS ids changed, so that the memory of ids must be written anew."""
    kept: set[str] = field(default_factory=set)
    """The tables of the lake that the working copies started from, with all their columns."""

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        return self.load.connection

    def execute(self, query: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement."""
        self.connection.execute(query, list(parameters))

    def number(self, query: str, parameters: Sequence[object] = ()) -> int:
        """The single number that a query gives."""
        row = self.connection.execute(query, list(parameters)).fetchone()
        return int(row[0]) if row and row[0] is not None else 0

    def warn(self, text: str) -> None:
        """Add a sentence to the load's warnings."""
        self.load.warnings.append(text)

    def open(self, *, from_lake: bool) -> None:
        """Make the working copies, of the lake's tables or empty; ids are remembered either way."""
        self._open_memory()
        present = schemas_in_lake(self.connection) if from_lake else {}
        empty = self._empty_tables()
        for name in WORKING_TABLES:
            columns = frozenset(present[name].names if name in present else ())
            if columns >= set(TABLES[name].column_names):
                self.kept.add(name)
            self._open_table(TABLES[name], frozenset() if name in empty else columns)
        self.execute("CREATE TEMP TABLE mentioned (table_name VARCHAR, id BIGINT)")

    def _open_memory(self) -> None:
        self.execute(f"CREATE SCHEMA IF NOT EXISTS lake.{MEMORY}")
        self.execute(
            f"CREATE TABLE IF NOT EXISTS lake.{MEMORY}.ids "
            "(table_name VARCHAR, origin VARCHAR, key VARCHAR, id BIGINT)"
        )
        self.execute(
            f"CREATE TABLE IF NOT EXISTS lake.{MEMORY}.loads "
            "(number INTEGER, loaded_at TIMESTAMP, source VARCHAR, rows MAP(VARCHAR, BIGINT))"
        )
        self.execute(f"CREATE TEMP TABLE ids AS SELECT *, false AS is_new FROM lake.{MEMORY}.ids")

    def _empty_tables(self) -> set[str]:
        """The tables without rows; knowing them saves the time to look."""
        found = self.connection.execute(
            f"SELECT arg_max(rows, number) FROM lake.{MEMORY}.loads"
        ).fetchone()
        rows: dict[str, int] = found[0] if found and found[0] else {}
        return {name for name, number in rows.items() if number == 0}

    def _open_table(self, table: CanvasTable, present: frozenset[str]) -> None:
        columns = ", ".join(
            f'"{column.name}" {column.sql_type}'
            + ("" if column.default is None else f" DEFAULT '{column.default}'")
            for column in table.columns
        )
        self.execute(f'CREATE TEMP TABLE "{table.name}" ({columns})')
        self._copy_rows(table, present)
        times = (name for name in ("created_at", "updated_at") if name in table.column_names)
        self.execute(
            f'CREATE TEMP TABLE "old_{table.name}" AS SELECT {table.primary_key[0]}, '
            f"{', '.join(times)}, {content_of(table, 'kept')} AS content "
            f'FROM "{table.name}" AS kept'
        )

    def _copy_rows(self, table: CanvasTable, present: frozenset[str]) -> None:
        known = ", ".join(f'"{name}"' for name in table.column_names if name in present)
        if known:
            self.execute(
                f'INSERT INTO "{table.name}" BY NAME SELECT {known} '
                f'FROM lake.{SCHEMA}."{table.name}"'
            )

    def identify(self, table: str, origin: str, query: str) -> None:
        """Give an id to each key that has none yet.

        Args:
            table: the table whose ids these are.
            origin: `sis` for keys that are SIS ids, else a word for what the key is made of.
            query: gives `key` and `seq`; new ids follow the order of `seq`.
        """
        first = _FIRST_IDS.get(table, 1)
        self.execute(
            "INSERT INTO ids SELECT ?, ?, key, "
            "greatest((SELECT coalesce(max(id), 0) FROM ids WHERE table_name = ?) + 1, ?) - 1 "
            "+ row_number() OVER (ORDER BY min(seq), key), true "
            f"FROM ({query}) AS wanted WHERE key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ids "
            "WHERE table_name = ? AND origin = ? AND ids.key = wanted.key) GROUP BY key",
            [table, origin, table, first, table, origin],
        )

    def upsert_keyed(self, table: str, query: str, *, origin: str = "sis") -> None:
        """As `upsert`, for a query that gives `key` and `seq` instead of `id`."""
        self.execute(f"CREATE OR REPLACE TEMP TABLE keyed AS {query}")
        self.identify(table, origin, "SELECT key, seq FROM keyed")
        self.upsert(
            table,
            "SELECT ids.id, keyed.* EXCLUDE (key, seq) FROM keyed JOIN ids "
            f"ON ids.table_name = '{table}' AND ids.origin = '{origin}' AND ids.key = keyed.key",
        )

    def upsert(self, table: str, query: str) -> None:
        """Change or add the rows that a query gives, one for each `id`.

        Columns that the query does not give stay as they are, or get their default.
        """
        self.execute(f"CREATE OR REPLACE TEMP TABLE changes AS {query}")
        names = [row[0] for row in self.connection.execute("DESCRIBE changes").fetchall()]
        values = ", ".join(f'"{name}" = changes."{name}"' for name in names if name != "id")
        if values:
            self.execute(
                f'UPDATE "{table}" SET {values} FROM changes WHERE "{table}".id = changes.id'
            )
        self.execute(
            f'INSERT INTO "{table}" BY NAME SELECT * FROM changes '
            f'WHERE NOT EXISTS (SELECT 1 FROM "{table}" AS old WHERE old.id = changes.id)'
        )
        self.execute("INSERT INTO mentioned SELECT ?, id FROM changes", [table])


def content_of(table: CanvasTable, alias: str) -> str:
    """SQL for a number that differs when a row says something else."""
    columns = ", ".join(
        f'{alias}."{name}"'
        for name in table.column_names
        if name not in {"created_at", "updated_at"}
    )
    return f"hash({columns})"
