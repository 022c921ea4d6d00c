"""Random account trees with users, roles and overrides."""

from __future__ import annotations

from typing import Any

from access.oracle import Row, Tables
from hypothesis import strategies as st

ACCOUNTS = range(1, 8)
USERS = range(1, 5)
SITE_ADMIN = 7
_ROLES = {10: "AccountAdmin", 11: "AccountMembership", 12: "AccountMembership"}
_PERMISSIONS = ("read_reports", "become_user")


@st.composite
def institutions(draw: st.DrawFn) -> Tables:
    """Account 1 is a root; the others hang somewhere, may be roots, or be missing."""
    accounts = [_account(1, None, 1)]
    for number in list(ACCOUNTS)[1:]:
        present = [row["id"] for row in accounts]
        parent = draw(st.sampled_from([*present, *present, None, "missing"]))
        if parent != "missing":
            root = next(
                (row["root_account_id"] or row["id"] for row in accounts if row["id"] == parent),
                None,
            )
            accounts.append(_account(number, parent, root))
    numbers = [row["id"] for row in accounts]
    return {
        "accounts": accounts,
        "settings": _settings(draw(st.booleans()) and SITE_ADMIN in numbers),
        "users": [
            {"id": number, "workflow_state": draw(_mostly("registered", "deleted"))}
            for number in USERS
        ],
        "pseudonyms": [
            {"id": number, "user_id": number, "account_id": 1}
            | {"workflow_state": draw(_mostly("active", "suspended", "deleted"))}
            for number in USERS
        ],
        "roles": [
            {"id": number, "base_role_type": base}
            | {"workflow_state": draw(_mostly("active", "built_in", "inactive"))}
            for number, base in _ROLES.items()
        ],
        "account_users": draw(st.lists(_held(numbers), min_size=2, max_size=8)),
        "role_overrides": draw(
            st.lists(
                _override(numbers),
                max_size=10,
                unique_by=lambda row: (row["permission"], row["role_id"], row["context_id"]),
            )
        ),
    }


def _account(number: int, parent: int | None, root: int | None) -> Row:
    return {
        "id": number,
        "parent_account_id": parent,
        "root_account_id": None if parent is None else root,
        "workflow_state": "active",
    }


def _settings(is_set: bool) -> list[Row]:
    value = {"id": 1, "name": "site_admin_account_id", "value": str(SITE_ADMIN)}
    return [value] if is_set else []


def _mostly(usual: str, *others: str) -> st.SearchStrategy[str]:
    return st.sampled_from([usual] * 6 + list(others))


def _held(accounts: list[int]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "user_id": st.sampled_from(USERS),
            "account_id": st.sampled_from(accounts),
            "role_id": st.sampled_from(list(_ROLES)),
            "workflow_state": _mostly("active", "deleted"),
        }
    )


def _override(accounts: list[int]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "permission": st.sampled_from(_PERMISSIONS),
            "role_id": st.sampled_from(list(_ROLES)),
            "context_id": st.sampled_from(accounts),
            "context_type": st.just("Account"),
            "enabled": st.sampled_from([True, True, False, None]),
            "locked": st.sampled_from([False, False, True, None]),
            "applies_to_self": st.sampled_from([True, True, False]),
            "applies_to_descendants": st.sampled_from([True, True, False]),
        }
    )
