"""What the API must know of the institution: accounts, terms, users, admins.

Read from the data once for each snapshot, so that a request costs no query in the usual case.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from threading import RLock
from typing import Any
from weakref import finalize
from zoneinfo import ZoneInfo

import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.accounts import Account, AccountTree, read_account_tree
from rollbook.canvas.id_forms import IdForm, parse_id_form
from rollbook.canvas.tables import Tables
from rollbook.canvas.terms import Term, find_term, read_terms
from rollbook.canvas.zones import zone_of
from rollbook.engines.engine import Engine, Source, state_of
from rollbook.reports.availability import why_unavailable
from rollbook.reports.report import Report

_USER_COLUMNS = (
    "id",
    "name",
    "sortable_name",
    "short_name",
    "workflow_state",
    "time_zone",
    "locale",
    "avatar_image_url",
    "pronouns",
)
_MOST_USERS = 10_000


@dataclass(frozen=True)
class User:
    """A Canvas user, as the API shows one."""

    id: int
    name: str | None
    sortable_name: str | None
    short_name: str | None
    workflow_state: str | None
    time_zone: str | None
    locale: str | None
    avatar_image_url: str | None
    pronouns: str | None

    @property
    def is_live(self) -> bool:
        return self.workflow_state != "deleted"


@dataclass(frozen=True)
class Admin:
    """A live role of a user in an account."""

    account_id: int
    role_id: int
    base_role_type: str


@dataclass(frozen=True)
class Override:
    """How an account changes a permission of a role."""

    enabled: bool | None
    locked: bool
    applies_to_self: bool
    applies_to_descendants: bool


class Institution:
    """One snapshot of the data; look-ups are kept."""

    def __init__(self, engine: Engine) -> None:
        self.snapshot = engine.snapshot
        self.data_as_of = engine.data_as_of
        self.data_state = state_of(engine)
        self._engine = engine
        self._tables = Tables(engine)
        # DuckDB connections, and what is kept here, serve one thread at a time.
        self._lock = RLock()
        self._terms: dict[int, list[Term]] = {}
        self._users: dict[int, User | None] = {}
        self._has_login: dict[int, bool] = {}
        self._unavailable: dict[str, str | None] = {}
        self.accounts: AccountTree = read_account_tree(self._tables, engine)

    def why_unavailable(self, report: Report) -> str | None:
        """Why a report cannot run on these data; None where it can."""
        if report.key not in self._unavailable:
            self._unavailable[report.key] = why_unavailable(report, self._tables, self._engine)
        return self._unavailable[report.key]

    def terms(self, root: Account) -> list[Term]:
        """All terms of a root account, deleted ones too."""
        with self._lock:
            if root.id not in self._terms:
                self._terms[root.id] = read_terms(self._tables, self._engine, root.id)
            return self._terms[root.id]

    def find_term(self, root: Account, text: str) -> Term | None:
        return find_term(self.terms(root), text, lambda: datetime.now(UTC).replace(tzinfo=None))

    def grading_period_group(self, term_id: int) -> int | None:
        """The group of grading periods a term has."""
        with self._lock:
            return self._grading_period_groups.get(term_id)

    def user(self, user_id: int | None) -> User | None:
        """A user by id, deleted ones too."""
        if user_id is None or not self._tables.is_present("users"):
            return None
        with self._lock:
            if user_id not in self._users:
                _make_room(self._users)
                self._users[user_id] = self._one_user(lambda users: users.id == user_id)
            return self._users[user_id]

    def has_login(self, user_id: int) -> bool:
        """Whether a user can log in: one of their logins is neither deleted nor suspended.

        True for everybody where the source has no logins.
        """
        if not self._tables.is_present("pseudonyms"):
            return True
        with self._lock:
            if user_id not in self._has_login:
                _make_room(self._has_login)
                logins = self._tables.pseudonyms
                live = logins.filter(
                    logins.user_id == user_id,
                    logins.workflow_state.fill_null("").notin(["deleted", "suspended"]),
                )
                self._has_login[user_id] = bool(self._engine.rows(live.select("id").limit(1)))
            return self._has_login[user_id]

    def find_user(self, text: str) -> User | None:
        """The user a client means by any id form but `self` (api.md, section 4)."""
        form = parse_id_form(text, "user")
        if form is None or form.kind == "word":
            return None
        if form.kind == "id":
            return self.user(int(form.value))
        with self._lock:
            if form.kind == "uuid":
                return self._one_user(lambda users: users.uuid == form.value)
            return self._user_of_login(form)

    def zone(self, user: User | None) -> ZoneInfo:
        """The zone in which a user reads times: theirs, else the root account's."""
        if user and user.time_zone:
            return zone_of(user.time_zone)
        return zone_of(self.accounts.default_root().default_time_zone)

    def admins(self, user_id: int) -> Sequence[Admin]:
        """The live account roles of a user."""
        with self._lock:
            return self._admins.get(user_id, ())

    def override(self, permission: str, role_id: int, account_id: int) -> Override | None:
        """How an account changes a role's permission, if it does."""
        with self._lock:
            return self._overrides.get((permission, role_id, account_id))

    def close(self) -> None:
        self._engine.close()

    def _one_user(self, condition: Callable[[ir.Table], Any]) -> User | None:
        users = self._tables.users
        found = users.filter(condition(users)).select(*_USER_COLUMNS).order_by("id").limit(1)
        rows = self._engine.rows(found)
        return User(**rows[0]) if rows else None

    def _user_of_login(self, form: IdForm) -> User | None:
        logins = self._tables.pseudonyms
        matches = {
            "sis": logins.sis_user_id == form.value,
            "integration": logins.integration_id == form.value,
            "login": logins.unique_id.lower() == form.value.lower(),
        }[form.kind]
        of_root = logins.account_id == self.accounts.default_root().id
        live = logins.workflow_state != "deleted"
        found = logins.filter(matches, of_root, live).select("user_id", "id").order_by("id")
        rows = self._engine.rows(found.limit(1))
        return self.user(rows[0]["user_id"]) if rows else None

    @cached_property
    def _grading_period_groups(self) -> Mapping[int, int]:
        terms = self._tables.enrollment_terms
        rows = terms.filter(terms.grading_period_group_id.notnull())
        found = self._engine.rows(rows.select("id", "grading_period_group_id"))
        return {row["id"]: row["grading_period_group_id"] for row in found}

    @cached_property
    def _admins(self) -> Mapping[int, list[Admin]]:
        admins: dict[int, list[Admin]] = defaultdict(list)
        if not self._tables.is_present("account_users") or not self._tables.is_present("roles"):
            return admins
        users, roles = self._tables.account_users, self._tables.roles
        rows = (
            users.filter(users.workflow_state != "deleted")
            .inner_join(roles, users.role_id == roles.id)
            .filter(_.workflow_state_right.isin(["built_in", "active"]))
            .select("user_id", "account_id", "role_id", "base_role_type")
        )
        for row in self._engine.rows(rows):
            admins[row.pop("user_id")].append(Admin(**row))
        return admins

    @cached_property
    def _overrides(self) -> Mapping[tuple[str, int, int], Override]:
        if not self._tables.is_present("role_overrides"):
            return {}
        rows = self._tables.role_overrides.filter(_.context_type == "Account")
        return {
            (row["permission"], row["role_id"], row["context_id"]): Override(
                enabled=row["enabled"],
                locked=row["locked"] is True,
                applies_to_self=row["applies_to_self"] is not False,
                applies_to_descendants=row["applies_to_descendants"] is not False,
            )
            for row in self._engine.rows(rows.order_by("id"))
        }


def _make_room(kept: dict[int, Any]) -> None:
    if len(kept) >= _MOST_USERS:
        kept.clear()


class Institutions:
    """The institution as its data are now."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lock = RLock()
        self.state = ""
        """That of the data which `current` gave last."""
        self._current: Institution | None = None

    def is_at_hand(self) -> bool:
        """Whether `current` need not read it first."""
        return self._current is not None and self.state == self._source.state()

    def current(self) -> Institution:
        """The newest state; a request keeps the one it began with.

        Raises:
            EmptyLake: nothing was loaded yet.
            SourceUnavailable: the database cannot be reached.
        """
        with self._lock:
            state = self._source.state()
            if self._current is None or self.state != state:
                engine = self._source.engine()
                self._current, self.state = Institution(engine), state
                # The old one is not closed here: requests may still read it. It closes when the
                # last of them lets go of it.
                finalize(self._current, engine.close)
            return self._current
