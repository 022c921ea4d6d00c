"""Who may read reports, worked out a second time in plain Python over rows.

Written from api.md, 3.2, and from what Canvas does with role overrides, not from Rollbook's code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]


@dataclass(frozen=True)
class Oracle:
    """An institution as its rows say."""

    tables: Tables

    def account(self, number: int | None) -> Row | None:
        return next((row for row in self.tables["accounts"] if row["id"] == number), None)

    def site_admin(self) -> int | None:
        values = [row["value"] for row in self.tables["settings"]]
        return int(values[0]) if values else None

    def above(self, number: int) -> list[int]:
        """The account and all above it, itself first."""
        row = self.account(number)
        if row is None:
            return []
        return [number, *self.above(row["parent_account_id"] or -1)]

    def reaches(self, top: int, number: int) -> bool:
        return top in self.above(number)

    def can_log_in(self, user_id: int) -> bool:
        alive = any(
            row["id"] == user_id and row["workflow_state"] != "deleted"
            for row in self.tables["users"]
        )
        return alive and any(
            row["user_id"] == user_id and row["workflow_state"] not in ("deleted", "suspended")
            for row in self.tables["pseudonyms"]
        )

    def may(self, user_id: int, permission: str, number: int) -> bool:
        """Whether a user has a permission in an account."""
        if self.account(number) is None:
            return False
        return any(
            self._grants(held, permission, number)
            for held in self.tables["account_users"]
            if held["user_id"] == user_id and held["workflow_state"] != "deleted"
        )

    def _grants(self, held: Row, permission: str, number: int) -> bool:
        role = next(row for row in self.tables["roles"] if row["id"] == held["role_id"])
        path = self.above(number)[::-1]
        site_admin = self.site_admin()
        if site_admin is not None and site_admin not in path:
            path = [site_admin, *path]
        if held["account_id"] not in path or role["workflow_state"] not in ("built_in", "active"):
            return False
        said = [self._said(permission, held["role_id"], place) for place in path]
        turn = path.index(held["account_id"]) + 1

        # What is said last down to the account where the role is held counts, unless locked above.
        default: bool = role["base_role_type"] == "AccountAdmin"
        word, place, locked = {"self": default, "below": default}, None, False
        for where, override in zip(path[:turn], said[:turn], strict=True):
            if override is not None and not locked:
                if override["enabled"] is not None:
                    word, place = _word(override), where
                locked = bool(override["locked"])
        # Below it the first that gives something counts, if nothing was given so far.
        for where, override in zip(path[turn:], said[turn:], strict=True):
            if any(word.values()) or locked:
                break
            if override is not None:
                if override["enabled"] is not None:
                    word, place = _word(override), where
                locked = bool(override["locked"])
        return word["self" if place == number else "below"]

    def _said(self, permission: str, role_id: int, place: int) -> Row | None:
        for row in self.tables["role_overrides"]:
            if (row["permission"], row["role_id"], row["context_id"]) == (
                permission,
                role_id,
                place,
            ):
                return row
        return None


def _word(override: Row) -> dict[str, bool]:
    enabled = bool(override["enabled"])
    return {
        "self": enabled and override["applies_to_self"] is not False,
        "below": enabled and override["applies_to_descendants"] is not False,
    }
