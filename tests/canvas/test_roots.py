"""Root accounts of rows in sources that do not name them (data_sources.md, 2.3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rollbook.canvas.tables import Tables
from rollbook.engines.lake import Lake

TWO_ROOTS = {
    "accounts": "(1, NULL), (2, 1), (3, 2), (10, NULL), (11, 10), (12, 99), (0, NULL)",
    "courses": "(100, 3, 7), (110, 11, 8), (120, 12, 9)",
}
ONE_ROOT = {"accounts": "(1, NULL), (2, 1), (12, 99), (0, NULL)", "courses": "(100, 2, 7)"}
COLUMNS = {"accounts": "id, parent_account_id", "courses": "id, account_id, enrollment_term_id"}
OTHERS = {
    "course_sections": "SELECT 1 AS id, 100 AS course_id UNION ALL SELECT 2, 110 UNION ALL SELECT 3, 5",
    "enrollments": "SELECT 1 AS id, 110 AS course_id",
    "enrollment_terms": "SELECT 7 AS id UNION ALL SELECT 8 UNION ALL SELECT 6",
    "groups": "SELECT 1 AS id, 11 AS account_id, 'Account' AS context_type, 11 AS context_id",
    "group_memberships": "SELECT 1 AS id, 1 AS group_id",
    "group_categories": "SELECT 1 AS id, 'Course' AS context_type, 110 AS context_id "
    "UNION ALL SELECT 2, 'Account', 3",
    "roles": "SELECT 1 AS id, 2 AS account_id UNION ALL SELECT 2, NULL",
}


def roots_of(folder: Path, tables: dict[str, str]) -> dict[str, dict[int, Any]]:
    """The root of each row by id, of every table."""
    lake = Lake(folder)
    with lake.writing("rows without roots") as connection:
        for name, rows in tables.items():
            query = f"SELECT * FROM (VALUES {rows}) AS v ({COLUMNS[name]})"
            connection.execute(f"CREATE TABLE lake.canvas.{name} AS {query}")
        for name, query in OTHERS.items():
            connection.execute(f'CREATE TABLE lake.canvas."{name}" AS {query}')
    engine = lake.engine()
    found = {
        name: {
            row["id"]: row["root_account_id"]
            for row in engine.rows(getattr(Tables(engine), name).select("id", "root_account_id"))
        }
        for name in (*tables, *OTHERS)
    }
    engine.close()
    return found


def test_with_several_roots_rows_have_that_of_their_account(tmp_path: Path) -> None:
    assert roots_of(tmp_path, TWO_ROOTS) == {
        "accounts": {1: None, 2: 1, 3: 1, 10: None, 11: 10, 12: None, 0: None},
        "courses": {100: 1, 110: 10, 120: None},
        "course_sections": {1: 1, 2: 10, 3: None},
        "enrollments": {1: 10},
        "enrollment_terms": {6: None, 7: 1, 8: 10},
        "groups": {1: 10},
        "group_memberships": {1: 10},
        "group_categories": {1: 10, 2: 1},
        "roles": {1: 1, 2: None},
    }


def test_a_single_root_is_that_of_all_rows(tmp_path: Path) -> None:
    found = roots_of(tmp_path, ONE_ROOT)

    assert found.pop("accounts") == {1: None, 2: 1, 12: 1, 0: None}
    assert {root for rows in found.values() for root in rows.values()} == {1}


@pytest.mark.parametrize("column", ["sis_batch_id", "root_account_id"])
def test_what_the_source_has_is_kept(tmp_path: Path, column: str) -> None:
    lake = Lake(tmp_path)
    with lake.writing("rows with roots") as connection:
        connection.execute(
            f"CREATE TABLE lake.canvas.accounts AS SELECT 2 AS id, 1 AS parent_account_id, "
            f"'x' AS sis_source_id, 5 AS {column}"
        )
    engine = lake.engine()
    assert engine.rows(Tables(engine).accounts.select(column)) == [{column: 5}]
    engine.close()


def test_an_account_with_a_sis_id_counts_as_imported(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with lake.writing("no batches") as connection:
        connection.execute(
            "CREATE TABLE lake.canvas.accounts AS SELECT * FROM "
            "(VALUES (1, NULL, NULL), (2, 1, 'art')) v (id, parent_account_id, sis_source_id)"
        )
    engine = lake.engine()
    rows = engine.rows(Tables(engine).accounts.order_by("id").select("sis_batch_id"))
    assert rows == [{"sis_batch_id": None}, {"sis_batch_id": 1}]
    engine.close()
