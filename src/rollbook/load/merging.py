"""Changed rows into a table of the lake."""

from __future__ import annotations

import duckdb

_REWRITTEN_SHARE = 0.2
"""A table of which more than this changes is written anew."""


def replace_rows(
    connection: duckdb.DuckDBPyConnection,
    target: str,
    key: str,
    *,
    changes: str,
    rows: str,
    anew: bool = False,
) -> None:
    """Replace the rows of a table that have changed.

    Args:
        connection: sees the tables.
        target: the table, as SQL.
        key: the column that makes its rows unique.
        changes: a table with the keys of all changed rows, each once.
        rows: a query of the changed rows that are still there.
        anew: write the whole table, however little has changed.
    """
    if anew or _count(connection, changes) > _REWRITTEN_SHARE * _count(connection, target):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE merged AS SELECT * FROM {target} "
            f"WHERE {key} NOT IN (SELECT {key} FROM {changes}) UNION ALL BY NAME {rows}"
        )
        connection.execute(f"CREATE OR REPLACE TABLE {target} AS FROM merged")
        connection.execute("DROP TABLE merged")
    else:
        connection.execute(f"DELETE FROM {target} WHERE {key} IN (SELECT {key} FROM {changes})")
        connection.execute(f"INSERT INTO {target} BY NAME {rows}")


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0
