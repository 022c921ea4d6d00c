"""Which of Canvas's tables and columns a Postgres database has, in which schema, how fresh."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import ibis.expr.datatypes as dt
from ibis.backends.sql.datatypes import PostgresType
from sqlglot.errors import SqlglotError

from rollbook.canvas.schema import TABLES
from rollbook.engines.duck import quoted
from rollbook.engines.postgres_link import Link
from rollbook.errors import BadSource

_ENUMERATIONS = "enumeration[]"
_FORMER_NAMES = {"account_authorization_configs": "authentication_providers"}
"""Tables that older Canvas calls otherwise, and what they are called now (data_sources.md, 4)."""
_MARKS = frozenset({"pseudonyms", "enrollments"})
"""The tables by which a schema of Canvas is known (data_sources.md, section 4)."""

# All in one query. The types of enumerations and of lists of them are left out: they are read as
# text.
_COLUMNS = f"""
SELECT n.nspname::text AS "schema", c.relname::text AS "table", a.attname::text AS "column",
       CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod)
                      WHEN 'b' THEN CASE WHEN item.typtype = 'e' THEN '{_ENUMERATIONS}'
                           ELSE format_type(a.atttypid, a.atttypmod) END END AS type,
       c.reltuples::bigint AS estimated_rows,
       has_schema_privilege(n.oid, 'USAGE')
       AND has_column_privilege(c.oid, a.attnum, 'SELECT') AS readable
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_type item ON item.oid = t.typelem
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relname IN ({", ".join(f"'{name}'" for name in (*TABLES, *_FORMER_NAMES))})
  AND n.nspname !~ '^pg_'
ORDER BY c.oid, a.attnum
"""

_CAN_TELL_SYNCS = """
SELECT count(*) AS tables FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'instructure_dap' AND c.relname = 'table_sync'
  AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
"""
_SYNCS = """
SELECT target_schema::text AS "schema", target_table::text AS "table", max("timestamp") AS moment
FROM instructure_dap.table_sync GROUP BY 1, 2
"""


@dataclass(frozen=True)
class SourceTables:
    """What a schema has of Canvas."""

    schema: str
    columns: Mapping[str, Mapping[str, dt.DataType]]
    """Of each table the columns of Canvas's that the role may read; none where it may not."""
    estimated_rows: Mapping[str, int]
    """As the database's own statistics say; 0 where they say nothing."""
    former_names: Mapping[str, str]
    """Of tables that the database calls as older Canvas did, that name."""


def read_source_tables(link: Link, *, schema: str | None, name: str) -> SourceTables:
    """Look up Canvas's tables.

    Args:
        link: the database.
        schema: where they are; None for the only schema that has some.
        name: the database in words.

    Raises:
        BadSource: there are none, or several schemas have some.
    """
    found: dict[str, dict[str, dict[str, dt.DataType]]] = defaultdict(dict)
    estimates: dict[str, dict[str, int]] = defaultdict(dict)
    wanted = "" if schema is None else f'WHERE "schema" = {quoted(schema)}'
    rows = link.fetch(f"SELECT * FROM ({_COLUMNS}) AS columns {wanted}").to_pylist()
    former = _former_names({(row["schema"], row["table"]) for row in rows})
    for row in rows:
        name_now = _FORMER_NAMES.get(row["table"], row["table"])
        if former[row["schema"]].get(name_now, name_now) != row["table"]:
            continue
        columns = found[row["schema"]].setdefault(name_now, {})
        estimates[row["schema"]][name_now] = max(row["estimated_rows"], 0)
        if row["readable"] and row["column"] in TABLES[name_now].column_names:
            columns[row["column"]] = _type_named(row["type"])
    chosen = schema or _only_schema([key for key in found if found[key].keys() >= _MARKS], name)
    if chosen not in found:
        raise BadSource(
            f"{name} has no schema {chosen} with Canvas's tables. "
            "Name the right one in the address: ?schema=..."
        )
    return SourceTables(chosen, found[chosen], estimates[chosen], former[chosen])


def read_sync_times(link: Link, schema: str) -> Mapping[str, datetime]:
    """When the client of Canvas Data 2 last brought a table (UTC); empty where it does not say.

    Args:
        link: the database.
        schema: where the tables are (data_sources.md, 2.8).
    """
    (found,) = link.fetch(_CAN_TELL_SYNCS).to_pylist()
    if not found["tables"]:
        return {}
    return {
        row["table"]: row["moment"].replace(tzinfo=UTC)
        for row in link.fetch(_SYNCS).to_pylist()
        if row["schema"] == schema and row["table"] in TABLES
    }


def _former_names(tables: Collection[tuple[str, str]]) -> Mapping[str, Mapping[str, str]]:
    """By schema, the tables that are there under their former name alone."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for schema, table in tables:
        name = _FORMER_NAMES.get(table)
        if name and (schema, name) not in tables:
            found[schema][name] = table
    return found


def _only_schema(schemas: list[str], name: str) -> str:
    if not schemas:
        raise BadSource(
            f"{name} has no schema with Canvas's tables {' and '.join(sorted(_MARKS))}. "
            "Is it Canvas's database, or a copy of it?"
        )
    if len(schemas) > 1:
        raise BadSource(
            f"{name} has Canvas's tables in several schemas: {', '.join(sorted(schemas))}. "
            "Name one in the address: ?schema=..."
        )
    return schemas[0]


@cache
def _type_named(sql_type: str | None) -> dt.DataType:
    if sql_type is None:
        return dt.unknown
    if sql_type == _ENUMERATIONS:
        return dt.Array(dt.unknown)
    try:
        return PostgresType.from_string(sql_type)
    except (SqlglotError, ValueError, KeyError):
        return dt.unknown
