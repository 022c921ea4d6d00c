"""The tree of accounts, and the forms in which a client names an account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from rollbook.canvas.id_forms import IdForm, parse_id_form
from rollbook.canvas.serialized import decode_mapping
from rollbook.canvas.settings import read_setting
from rollbook.canvas.tables import Tables
from rollbook.engines.engine import Engine
from rollbook.errors import UnknownAccount


@dataclass(frozen=True)
class Account:
    """An account as reports and the API need it."""

    id: int
    name: str | None
    parent_account_id: int | None
    root_account_id: int | None
    workflow_state: str | None
    sis_source_id: str | None
    integration_id: str | None
    lti_context_id: str | None
    uuid: str | None
    default_time_zone: str | None
    settings: Mapping[str, object]

    @property
    def is_root(self) -> bool:
        return self.root_account_id in (None, self.id)


_COLUMNS = (
    "id",
    "name",
    "parent_account_id",
    "root_account_id",
    "workflow_state",
    "sis_source_id",
    "integration_id",
    "lti_context_id",
    "uuid",
    "default_time_zone",
    "settings",
)


@dataclass(frozen=True)
class AccountTree:
    """All accounts of the institution, by id."""

    accounts: Mapping[int, Account]
    site_admin_id: int | None = None
    """The account named by the setting `site_admin_account_id`."""

    @cached_property
    def _children(self) -> Mapping[int, list[Account]]:
        children: dict[int, list[Account]] = defaultdict(list)
        for account in self.accounts.values():
            if account.parent_account_id is not None:
                children[account.parent_account_id].append(account)
        return children

    def root_of(self, account: Account) -> Account:
        """The root account of an account, itself if it is a root."""
        if account.root_account_id is None:
            return account
        return self.accounts.get(account.root_account_id, account)

    def default_root(self) -> Account:
        """The root account that `self` and `default` mean: the first that is not site admin.

        Raises:
            UnknownAccount: there is no account at all.
        """
        if self._first_root is None:
            raise UnknownAccount("The data hold no root account.")
        return self._first_root

    @cached_property
    def _first_root(self) -> Account | None:
        return min(
            (account for account in self.accounts.values() if account.is_root),
            key=lambda account: (account.id == self.site_admin_id, account.id),
            default=None,
        )

    def live_subtree(self, account: Account) -> list[int]:
        """The account and its live descendants; nothing below a deleted account counts.

        Source: sis_and_provisioning.md, 3.3 "Account tree scope".
        """
        return [account.id, *(below.id for below in self._live_descendants(account, {account.id}))]

    def _live_descendants(self, account: Account, seen: set[int]) -> Iterator[Account]:
        for child in self._children[account.id]:
            # As in SQL, NULL is not live.
            if child.workflow_state not in (None, "deleted") and child.id not in seen:
                seen.add(child.id)
                yield child
                yield from self._live_descendants(child, seen)

    def ancestors(self, account: Account) -> list[Account]:
        """The account, its parent, and so on up to its root."""
        chain: list[Account] = []
        current: Account | None = account
        while current is not None and current not in chain:
            chain.append(current)
            current = self.accounts.get(current.parent_account_id or 0)
        return chain

    def find(self, text: str) -> Account:
        """The account that a client means by `:account_id` (api.md, section 4).

        Raises:
            UnknownAccount: nothing is of that form, or no account is.
        """
        found = self._find(parse_id_form(text, "account"))
        if found is None:
            raise UnknownAccount(f"There is no account {text!r}.")
        return found

    def _find(self, form: IdForm | None) -> Account | None:
        if form is None:
            return None
        if form.kind == "word":
            return self._by_word(form.value)
        if form.kind == "id":
            return self.accounts.get(int(form.value))
        column = {"sis": "sis_source_id", "integration": "integration_id"}.get(form.kind, form.kind)
        root = self.default_root()
        scoped = form.kind in ("sis", "integration")
        for account in self.accounts.values():
            if getattr(account, column) == form.value and (
                not scoped or self.root_of(account).id == root.id
            ):
                return account
        return None

    def _by_word(self, word: str) -> Account | None:
        if word in ("self", "default"):
            return self.default_root()
        if word == "site_admin" and self.site_admin_id is not None:
            return self.accounts.get(self.site_admin_id)
        return None


def read_account_tree(tables: Tables, engine: Engine) -> AccountTree:
    """Read all accounts, deleted ones too."""
    rows = engine.rows(tables.accounts.select(*_COLUMNS).order_by("id"))
    accounts = {
        row["id"]: Account(**{**row, "settings": decode_mapping(row["settings"])}) for row in rows
    }
    site_admin = read_setting(tables, engine, "site_admin_account_id") or ""
    return AccountTree(accounts, int(site_admin) if site_admin.isdigit() else None)
