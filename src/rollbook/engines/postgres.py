"""Canvas's own Postgres database, or a replica of it, read as it is (data_sources.md, section 4).

Nothing is ever written. A run is one transaction, so that it sees one state of the data whatever
Canvas does meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
from ibis.expr.schema import Schema

from rollbook.canvas.schema import TABLES, CanvasColumn
from rollbook.engines.engine import Snapshot
from rollbook.engines.postgres_link import Link, ReadingTransaction
from rollbook.engines.postgres_scanner import ScannerTransaction
from rollbook.engines.postgres_sql import CASE_COLLATIONS, CanvasPostgresCompiler
from rollbook.engines.postgres_tables import read_source_tables, read_sync_times
from rollbook.errors import (
    BadParameter,
    ConfigurationError,
    MissingTable,
    RunStopped,
    SourceUnavailable,
)

_SCHEMES = ("postgresql", "postgres")
_DEFAULT_OPTIONS = {"connect_timeout": "15", "application_name": "rollbook"}

# For this transaction alone, because the connection may come out of somebody's pool.
_SESSION = f"""
SELECT ARRAY[set_config('TimeZone', 'UTC', true),
             set_config('client_encoding', 'UTF8', true),
             set_config('standard_conforming_strings', 'on', true),
             set_config('DateStyle', 'ISO', true),
             set_config('extra_float_digits', '1', true)] AS formats,
       (SELECT count(set_config(name, '0', true)) FROM pg_settings
        WHERE name IN ('statement_timeout', 'lock_timeout', 'transaction_timeout',
                       'idle_in_transaction_session_timeout')) AS timeouts,
       txid_current_snapshot()::text AS snapshot,
       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()::text END AS replayed,
       CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp() ELSE now() END AS moment,
       current_user::text AS role,
       ARRAY(SELECT collname::text FROM pg_catalog.pg_collation
             WHERE collname IN ({", ".join(f"'{name}'" for name in CASE_COLLATIONS)})
             AND collencoding IN (-1, pg_char_to_encoding(getdatabaseencoding()))) AS collations
"""

_SECONDS_OF_A_STATE = 30


@dataclass(frozen=True, repr=False)
class Postgres:
    """A database with Canvas's tables.

    Args:
        url: `postgresql://user:password@host:port/database?schema=public`, with any option that
            libpq knows. Without a schema the only one with Canvas's tables is taken; what else
            the address leaves out comes from libpq's variables and files (`PGPASSWORD`,
            `.pgpass`).

    Raises:
        ConfigurationError: the address is of another kind.
    """

    url: str

    def __post_init__(self) -> None:
        if not is_postgres_url(self.url):
            raise ConfigurationError(
                "The address of a Postgres source begins with postgresql://, for example "
                "postgresql://reader@db.example.edu/canvas?schema=public."
            )

    def __repr__(self) -> str:
        return f"Postgres({self.name!r})"

    @property
    def name(self) -> str:
        """The database in words, without who reads it and how."""
        _, _, place = urlsplit(self.url).netloc.rpartition("@")
        host = unquote(place) or self._options.get("host", "")
        return f"Postgres {host}{urlsplit(self.url).path}"

    def state(self) -> str:
        """The half minute we are in: to ask the database would take as long as to open a view."""
        return str(int(time.monotonic() / _SECONDS_OF_A_STATE))

    def engine(self, snapshot: int | None = None) -> PostgresEngine:
        """A view of the data as they are now.

        Raises:
            ConfigurationError: the driver is not installed.
            SourceUnavailable: the database cannot be reached, or does not let us in.
            BadSource: it has no tables of Canvas where they should be.
            BadParameter: an earlier snapshot was asked for.
        """
        if snapshot is not None:
            raise self._without_history()
        return self._engine(lambda address: ReadingTransaction(address, self.name))

    def snapshots(self) -> Sequence[Snapshot]:
        """There are none.

        Raises:
            BadParameter: always.
        """
        raise self._without_history()

    def engine_inside(self, connection: duckdb.DuckDBPyConnection) -> PostgresEngine:
        """As `engine`, read by DuckDB's extension: rows come into that DuckDB the quickest way.

        Args:
            connection: of a DuckDB that reads no other Postgres.
        """
        return self._engine(lambda address: ScannerTransaction(connection, address, self.name))

    def _without_history(self) -> BadParameter:
        return BadParameter(
            f"{self.name} is read as it is now; only the lake keeps earlier snapshots."
        )

    def _engine(self, connect: Callable[[str], Link]) -> PostgresEngine:
        options = _DEFAULT_OPTIONS | self._options
        options.pop("schema", None)
        # Replaced as text: urlsplit would change addresses without a host.
        address = f"{self.url.partition('?')[0]}?{urlencode(options, quote_via=quote)}"
        try:
            link = connect(address)
        except SourceUnavailable as error:
            raise SourceUnavailable(self._without_password(str(error))) from None
        try:
            return PostgresEngine(link, name=self.name, schema=self._options.get("schema"))
        except BaseException:
            link.close()
            raise

    @property
    def _options(self) -> dict[str, str]:
        # A plus is a plus in libpq's addresses, not a blank.
        return dict(parse_qsl(urlsplit(self.url).query.replace("+", "%2B")))

    def _without_password(self, text: str) -> str:
        # libpq shows parts of an address that it cannot read.
        login, _, _ = urlsplit(self.url).netloc.rpartition("@")
        _, _, written = login.partition(":")
        for secret in (written, unquote(written), self._options.get("password")):
            if secret:
                text = text.replace(secret, "***")
        return text


class PostgresEngine:
    """What one transaction sees of the database."""

    name = "postgres"
    loaded_at: datetime | None = None
    load_details: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, link: Link, *, name: str, schema: str | None) -> None:
        self.interrupted = False
        self._link = link
        (session,) = link.fetch(_SESSION).to_pylist()
        # A replica's snapshots alone do not tell its states apart.
        self.snapshot = "@".join(filter(None, [session["snapshot"], session["replayed"]]))
        self._role: str = session["role"]
        known = [name for name in CASE_COLLATIONS if name in session["collations"]]
        self._compiler = CanvasPostgresCompiler(known[0] if known else None)
        self._tables = read_source_tables(link, schema=schema, name=name)
        self.source = f"{name}, schema {self._tables.schema}"
        self.sync_times = read_sync_times(link, self._tables.schema)
        """When Canvas Data 2's client last brought each table; empty for Canvas's own database."""
        moment: datetime | None = min(self.sync_times.values(), default=session["moment"])
        self.data_as_of = None if moment is None else moment.astimezone(UTC)

    @property
    def estimated_rows(self) -> Mapping[str, int]:
        """About how many rows each of Canvas's tables has that the database has."""
        return self._tables.estimated_rows

    def columns(self, table: str) -> frozenset[str] | None:
        found = self._tables.columns.get(table)
        return None if found is None else frozenset(found)

    def source_table(self, table: str) -> ir.Table:
        columns = self._tables.columns[table]
        if not columns:
            raise MissingTable(
                f"The role {self._role} may not read the table `{table}` in {self.source}. Let "
                f"it: GRANT SELECT ON ALL TABLES IN SCHEMA {self._tables.schema} TO {self._role}."
            )
        rows = ops.DatabaseTable(
            name=self._tables.former_names.get(table, table),
            schema=Schema(columns),
            source=self,
            namespace=ops.Namespace(database=self._tables.schema),
        ).to_expr()
        if "id" in columns:
            # Newer Canvas keeps rows 0, which stand for nothing (data_sources.md, section 4).
            rows = rows.filter((rows.id != 0) | rows.id.isnull())
        return _with_readable_types(rows, table)

    def rows(self, expression: ir.Table) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._read(expression).read_all().to_pylist()
        return rows

    def batches(self, expression: ir.Table, *, chunk_rows: int) -> pa.RecordBatchReader:
        return self._read(expression, chunk_rows)

    def sql(self, expression: ir.Table) -> str:
        return str(self._compiler.to_sqlglot(expression).sql(dialect=self._compiler.dialect))

    def interrupt(self) -> None:
        self.interrupted = True
        self._link.cancel()

    def close(self) -> None:
        self._link.close()

    def _read(self, expression: ir.Table, chunk_rows: int | None = None) -> pa.RecordBatchReader:
        if self.interrupted:
            raise RunStopped("The run was stopped while it worked.")
        schema = expression.schema().to_pyarrow()
        sql = self.sql(expression)

        def pieces() -> Iterator[pa.RecordBatch]:
            for batch in self._link.stream(sql):
                conformed = _conformed(batch, schema)
                size = chunk_rows or conformed.num_rows
                for start in range(0, conformed.num_rows, size or 1):
                    yield conformed.slice(start, size)

        return pa.RecordBatchReader.from_batches(schema, pieces())


def is_postgres_url(text: str) -> bool:
    """Whether a text is the address of a Postgres database."""
    return text.partition("://")[0] in _SCHEMES and "://" in text


def _with_readable_types(rows: ir.Table, table: str) -> ir.Table:
    """Text for types that Ibis does not know, and for lists that Canvas has as text (2.5, 2.8)."""
    texts = {
        column.name: text
        for column in TABLES[table].columns
        if column.name in rows.columns and (text := _text(rows[column.name], column)) is not None
    }
    return rows.mutate(**texts) if texts else rows


def _text(value: ir.Value, column: CanvasColumn) -> ir.Value | None:
    dtype = value.type()
    if dtype.is_unknown():
        return value.cast(dt.string)
    if not dtype.is_array():
        return None
    texts = value.cast(dt.Array(dt.string))
    if not column.ibis_type.is_string():
        return texts if dtype.value_type.is_unknown() else None
    return array_to_json(texts) if column.serialized else texts.join(",")


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def array_to_json(texts: dt.Array(dt.string)) -> str:  # type: ignore[valid-type,empty-body]
    """Postgres's own function."""


def _conformed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The rows with exactly the types that their expression announced."""
    columns = [
        _as_type(column, field.type) for column, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _as_type(column: pa.Array, dtype: pa.DataType) -> pa.Array:
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_null(dtype):
        return pa.nulls(len(column))
    return column if column.type == dtype else column.cast(dtype)
