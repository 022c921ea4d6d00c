"""A database that Canvas Data 2's client fills, made as that client makes it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from load.postgres.small_database import Copying, people

from rollbook.canvas.tables import Tables
from rollbook.engines.postgres import Postgres

MORNING, NOON = datetime(2026, 3, 1, 6, tzinfo=UTC), datetime(2026, 3, 1, 12, tzinfo=UTC)
STAMPS = {"created_at": "2026-01-01", "updated_at": "2026-01-01"}
ROOT = {"id": 1, "name": "Root", "workflow_state": "active", **STAMPS}


def synced(dap: Copying, moments: Mapping[str, datetime]) -> None:
    """What the client writes down when it has brought tables."""
    for table, moment in moments.items():
        dap.database.execute(
            f"DELETE FROM instructure_dap.table_sync WHERE target_table = '{table}'"
        )
        row = {"source_namespace": "canvas", "source_table": table, "schema_version": 1}
        row |= {"target_schema": dap.schema, "target_table": table, "schema_description": "{}"}
        row |= {"schema_description_format": "json", "timestamp": f"{moment:%Y-%m-%d %H:%M}"}
        names = ", ".join(f'"{name}"' for name in row)
        values = ", ".join(f"'{value}'" for value in row.values())
        dap.database.execute(f"INSERT INTO instructure_dap.table_sync ({names}) VALUES ({values})")


def people_with_stamps(*numbers: int, **options: Any) -> list[dict[str, Any]]:
    return [{**STAMPS, **row} for row in people(*numbers, **options)]


COURSE = {
    "id": 5,
    "account_id": 1,
    "workflow_state": "available",
    "settings": {"course_format": "online", "hide_final_grades": None},
    **STAMPS,
}
ASSIGNMENT = {
    "id": 7,
    "workflow_state": "published",
    "submission_types": ["online_url", "on_paper"],
    **STAMPS,
}
KEY = {"id": 9, "workflow_state": "active", "redirect_uris": ["https://a", "b,c"], **STAMPS}


@pytest.fixture
def filled(dap: Copying) -> Copying:
    dap.insert("accounts", ROOT)
    dap.insert("users", *people_with_stamps(1, 2))
    dap.insert("courses", COURSE)
    dap.insert("assignments", ASSIGNMENT, {**ASSIGNMENT, "id": 8, "submission_types": None})
    dap.insert("developer_keys", KEY)
    synced(dap, {"accounts": NOON, "users": MORNING, "courses": NOON})
    return dap


def test_enumerations_lists_and_json_are_as_in_canvas(filled: Copying) -> None:
    """The same from the lake and straight from the database."""
    filled.load()

    with closing(Postgres(filled.url).engine()) as engine:
        direct = Tables(engine)
        for table, columns in (
            ("assignments", ("workflow_state", "submission_types")),
            ("courses", ("workflow_state", "settings", "root_account_id", "updated_at")),
            ("developer_keys", ("redirect_uris", "account_id")),
        ):
            rows = getattr(direct, table)
            found = engine.rows(rows.order_by("id").select(*columns))
            assert filled.rows(table, *columns) == [tuple(row.values()) for row in found]
    assert filled.rows("assignments", "workflow_state", "submission_types") == [
        ("published", "online_url,on_paper"),
        ("published", None),
    ]
    assert filled.rows("courses", "workflow_state", "settings", "root_account_id") == [
        ("available", '{"course_format": "online", "hide_final_grades": null}', 1)
    ]
    assert filled.rows("developer_keys", "redirect_uris") == [(["https://a", "b,c"],)]


def test_how_old_the_data_are_is_what_the_client_wrote_down(filled: Copying) -> None:
    """Not when they were copied; tables that it did not bring again since are not read again."""
    filled.load()
    with closing(filled.lake.engine()) as lake, closing(Postgres(filled.url).engine()) as direct:
        assert lake.data_as_of == direct.data_as_of == MORNING
    assert filled.details()["tables"]["courses"]["at"] == NOON.isoformat()
    assert filled.details()["tables"]["developer_keys"]["at"] == ""

    filled.insert("users", *people_with_stamps(3))
    filled.execute("UPDATE courses SET name = 'in the middle of a sync'")
    synced(filled, {"users": NOON})

    filled.load(since_last=True)

    kinds = filled.kinds()
    assert (kinds["users"], kinds["courses"]) == ("changes", "unchanged")
    assert filled.rows("users", "id") == [(1,), (2,), (3,)]
    assert filled.lake.snapshot().data_as_of == NOON


def test_what_canvas_data_lacks_comes_from_settings_and_enrollments(filled: Copying) -> None:
    observer = {"user_id": 2, "associated_user_id": 1, "course_id": 5, **STAMPS}
    observer |= {"id": 3, "type": "ObserverEnrollment", "workflow_state": "active"}
    filled.insert("enrollments", observer)

    filled.load(observers_from_enrollments=True, account_settings={"can_add_pronouns": True})

    assert filled.rows("accounts", "settings") == [('{"can_add_pronouns": true}',)]
    assert filled.rows("user_observers", "user_id", "observer_id") == [(1, 2)]
