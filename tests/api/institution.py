"""The institution that the API's tests ask about; all of it is invented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rollbook.engines.lake import Lake
from rollbook.load.json_tables import load_tables

Row = Mapping[str, Any]

LARGE_ROOT = 100
"""A root account of its own, whose enrollments report takes several seconds."""
_LARGE_ENROLLMENTS = 3_000
_LARGE_FACTOR = 2_000


def load_institution(lake: Lake) -> None:
    load_tables(lake, TABLES, "tests")
    with lake.writing("tests, the large root") as connection:
        # One role id many times: each enrollment becomes that many rows.
        connection.execute(
            "INSERT INTO lake.canvas.roles BY NAME SELECT 900 AS id, "
            "'StudentEnrollment' AS name, 'StudentEnrollment' AS base_role_type, "
            "'built_in' AS workflow_state FROM range(?)",
            [_LARGE_FACTOR],
        )
        connection.execute(
            "INSERT INTO lake.canvas.enrollments BY NAME SELECT 1000 + i AS id, 90 AS user_id, "
            "900 AS course_id, 900 AS course_section_id, ? AS root_account_id, 900 AS role_id, "
            "'StudentEnrollment' AS type, 'active' AS workflow_state FROM range(?) t(i)",
            [LARGE_ROOT, _LARGE_ENROLLMENTS],
        )
        connection.execute(
            "INSERT INTO lake.canvas.enrollment_states BY NAME "
            "SELECT 1000 + i AS enrollment_id, 'active' AS state FROM range(?) t(i)",
            [_LARGE_ENROLLMENTS],
        )


def account(number: int, name: str, **more: Any) -> Row:
    return {"id": number, "name": name, "workflow_state": "active", **more}


def sub_account(number: int, name: str, parent: int, sis_id: str) -> Row:
    return account(number, name, parent_account_id=parent, root_account_id=1, sis_source_id=sis_id)


def user(number: int, name: str, **more: Any) -> Row:
    return {
        "id": number,
        "name": name,
        "short_name": name.split(maxsplit=1)[0],
        "sortable_name": ", ".join(reversed(name.split())),
        "workflow_state": "registered",
        **more,
    }


def login(number: int, user_id: int, name: str, sis_id: str | None, root: int = 1) -> Row:
    return {
        "id": number,
        "user_id": user_id,
        "account_id": root,
        "unique_id": name,
        "sis_user_id": sis_id,
        "workflow_state": "active",
    }


def admin(number: int, user_id: int, account_id: int, role_id: int) -> Row:
    return {
        "id": number,
        "user_id": user_id,
        "account_id": account_id,
        "role_id": role_id,
        "workflow_state": "active",
    }


def override(number: int, role_id: int, account_id: int, **more: Any) -> Row:
    return {
        "id": number,
        "permission": "read_reports",
        "role_id": role_id,
        "context_id": account_id,
        "context_type": "Account",
        **more,
    }


ADA, BEN, CLEO, DAN, EVE, FAY, GUS = 1, 2, 3, 4, 5, 6, 7
"""An admin of all, an admin of Engineering, a registrar, nobody, somebody deleted, a dean, somebody
whose only login is suspended."""

TABLES: Mapping[str, list[Row]] = {
    "accounts": [
        account(1, "Example University", default_time_zone="America/New_York"),
        sub_account(2, "Engineering", 1, "eng"),
        sub_account(3, "Robotics", 2, "eng/robotics"),
        sub_account(4, "Arts", 1, "arts"),
        account(LARGE_ROOT, "Large University"),
    ],
    "users": [
        user(ADA, "Ada Bell"),
        user(BEN, "Ben Cole", time_zone="UTC"),
        user(CLEO, "Cleo Dunn"),
        user(DAN, "Dan Egan"),
        user(EVE, "Eve Ford", workflow_state="deleted"),
        user(FAY, "Fay Gray"),
        user(GUS, "Gus Hall"),
        user(90, "Large Student"),
    ],
    "pseudonyms": [
        login(1, ADA, "ada", "S1"),
        login(2, BEN, "ben", "S2"),
        login(3, CLEO, "cleo", None),
        login(5, EVE, "eve", None),
        login(6, FAY, "fay", None),
        {**login(7, GUS, "gus", None), "workflow_state": "suspended"},
        login(4, DAN, "Dan@example.edu", "S4"),
        login(90, 90, "large", None, LARGE_ROOT),
    ],
    "roles": [
        {"id": 1, "name": "AccountAdmin", "base_role_type": "AccountAdmin"}
        | {"workflow_state": "built_in"},
        {"id": 5, "name": "Registrar", "base_role_type": "AccountMembership"}
        | {"workflow_state": "active", "account_id": 1},
        {"id": 6, "name": "Dean", "base_role_type": "AccountMembership"}
        | {"workflow_state": "active", "account_id": 1},
    ],
    "account_users": [
        admin(1, ADA, 1, 1),
        admin(2, BEN, 2, 1),
        admin(3, CLEO, 1, 5),
        admin(4, FAY, 1, 6),
        admin(5, GUS, 1, 1),
    ],
    "role_overrides": [
        override(1, 5, 1, enabled=True),
        override(2, 5, 4, enabled=False),
        override(3, 6, 1, enabled=False, locked=True),
        override(4, 6, 2, enabled=True),
    ],
    "enrollment_terms": [
        {"id": 1, "root_account_id": 1, "name": "Default Term", "workflow_state": "active"},
        {"id": 2, "root_account_id": 1, "name": "Fall", "sis_source_id": "FA"}
        | {"workflow_state": "active", "start_at": "2026-08-20T00:00:00Z"},
        {"id": 3, "root_account_id": 1, "name": "Old", "workflow_state": "deleted"},
        {"id": 900, "root_account_id": LARGE_ROOT, "name": "Default Term"},
    ],
    "courses": [
        {"id": 1, "name": "Algebra", "course_code": "A1", "account_id": 4, "root_account_id": 1}
        | {"enrollment_term_id": 2, "workflow_state": "available", "sis_source_id": "C1"},
        {"id": 900, "name": "Large", "account_id": LARGE_ROOT, "root_account_id": LARGE_ROOT}
        | {"enrollment_term_id": 900, "workflow_state": "available"},
    ],
    "course_sections": [
        {"id": 900, "course_id": 900, "root_account_id": LARGE_ROOT, "workflow_state": "active"}
    ],
}
