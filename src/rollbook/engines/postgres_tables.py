"""Which of Canvas's tables and columns a Postgres database has, and in which schema."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import ibis.expr.datatypes as dt
from ibis.backends.sql.datatypes import PostgresType
from sqlglot.errors import SqlglotError

from rollbook.canvas.schema import TABLES
from rollbook.engines.postgres_link import ReadingTransaction
from rollbook.errors import BadSource

_MARKS = frozenset({"pseudonyms", "enrollments"})
"""The tables by which a schema of Canvas is known (data_sources.md, section 4)."""

# All in one query. The type of an enumeration is left out: it is read as text.
_COLUMNS = f"""
SELECT n.nspname::text AS "schema", c.relname::text AS "table", a.attname::text AS "column",
       CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod)
                      WHEN 'b' THEN format_type(a.atttypid, a.atttypmod) END AS type,
       has_schema_privilege(n.oid, 'USAGE')
       AND has_column_privilege(c.oid, a.attnum, 'SELECT') AS readable
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relname IN ({", ".join(f"'{name}'" for name in TABLES)})
  AND n.nspname !~ '^pg_' AND ($1::text = '' OR n.nspname = $1::text)
ORDER BY c.oid, a.attnum
"""


@dataclass(frozen=True)
class SourceTables:
    """What a schema has of Canvas."""

    schema: str
    columns: Mapping[str, Mapping[str, dt.DataType]]
    """Of each table the columns of Canvas's that the role may read; none where it may not."""


def read_source_tables(link: ReadingTransaction, *, schema: str | None, name: str) -> SourceTables:
    """Look up Canvas's tables.

    Args:
        link: the database.
        schema: where they are; None for the only schema that has some.
        name: the database in words.

    Raises:
        BadSource: there are none, or several schemas have some.
    """
    found: dict[str, dict[str, dict[str, dt.DataType]]] = defaultdict(dict)
    for row in link.fetch(_COLUMNS, schema or "").to_pylist():
        columns = found[row["schema"]].setdefault(row["table"], {})
        if row["readable"] and row["column"] in TABLES[row["table"]].column_names:
            columns[row["column"]] = _type_named(row["type"])
    chosen = schema or _only_schema([key for key in found if found[key].keys() >= _MARKS], name)
    if chosen not in found:
        raise BadSource(
            f"{name} has no schema {chosen} with Canvas's tables. "
            "Name the right one in the address: ?schema=..."
        )
    return SourceTables(chosen, found[chosen])


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
    try:
        return PostgresType.from_string(sql_type)
    except (SqlglotError, ValueError, KeyError):
        return dt.unknown
