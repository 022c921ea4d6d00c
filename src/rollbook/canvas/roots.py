"""Which root account rows belong to, where a source does not say (data_sources.md, 2.3).

Canvas Data 2 and older Canvas lack `root_account_id` in many tables. With a single root account
it is that one everywhere; with several it follows from the account, the course or the group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis import _

from rollbook.canvas.schema import TABLES
from rollbook.engines.engine import Engine

if TYPE_CHECKING:
    from rollbook.canvas.tables import Tables

COLUMN = "root_account_id"
_OWNERS: Mapping[str, tuple[str, str]] = {
    "course_sections": ("course_id", "courses"),
    "enrollments": ("course_id", "courses"),
    "submissions": ("course_id", "courses"),
    "master_courses_master_templates": ("course_id", "courses"),
    "master_courses_child_subscriptions": ("child_course_id", "courses"),
    "group_memberships": ("group_id", "groups"),
}
"""Tables whose rows have the root of what a column points to."""


@dataclass(frozen=True)
class Roots:
    """The root of every account of a source."""

    of_account: Mapping[int, int]

    @property
    def only(self) -> int | None:
        """The root, if there is a single one."""
        roots = set(self.of_account.values())
        return roots.pop() if len(roots) == 1 else None

    def table(self) -> ir.Table:
        """The columns account and root."""
        return ibis.memtable(
            pa.table(
                {
                    "account": pa.array(self.of_account.keys(), pa.int64()),
                    "root": pa.array(self.of_account.values(), pa.int64()),
                }
            )
        )


def read_roots(engine: Engine) -> Roots:
    """Walk from every account to the row without a parent; account 0 stands for nothing."""
    present = engine.columns("accounts")
    if present is None or "parent_account_id" not in present:
        return Roots({})
    accounts = engine.source_table("accounts").select("id", "parent_account_id")
    parents = {row["id"]: row["parent_account_id"] for row in engine.rows(accounts)}
    parents.pop(0, None)
    roots = [account for account, parent in parents.items() if parent is None]
    # One root is everybody's, also of accounts whose parent the source lost.
    fallback = roots[0] if len(roots) == 1 else None
    walked = {account: _walk(account, parents) or fallback for account in parents}
    return Roots({account: root for account, root in walked.items() if root is not None})


def _walk(account: int, parents: Mapping[int, int | None]) -> int | None:
    seen: set[int] = set()
    while account not in seen:
        seen.add(account)
        parent = parents.get(account)
        if parent is None or parent not in parents:
            return account if parent is None else None
        account = parent
    return None


def with_root(source: ir.Table, name: str, roots: Roots, tables: Tables) -> ir.Table:
    """A table of a source that lacks `root_account_id`, with it."""
    if name == "accounts":
        walked = _joined(source, "id", roots.table().rename(key="account"))
        return walked.mutate(root_account_id=_.root_account_id.nullif(_.id))
    if roots.only is not None:
        return source.mutate(root_account_id=ibis.literal(roots.only, "int64"))
    found = _root_of_rows(source, name, roots, tables)
    if found is None:
        return source.mutate(root_account_id=ibis.null("int64"))
    return found


def _root_of_rows(source: ir.Table, name: str, roots: Roots, tables: Tables) -> ir.Table | None:
    """The rows with the root of what they belong to; None where the source lacks that."""
    if name in _OWNERS:
        return _of_owner(source, *_OWNERS[name], tables)
    if name == "enrollment_terms":
        return _of_term(source, tables)
    if {"context_id", "context_type"} <= set(source.columns):
        return _of_context(source, roots, tables)
    if "account_id" in source.columns:
        return _joined(source, "account_id", roots.table().rename(key="account"))
    return None


def _of_owner(source: ir.Table, column: str, owner: str, tables: Tables) -> ir.Table | None:
    if not tables.is_present(owner):
        return None
    return _joined(source, column, getattr(tables, owner).select(key="id", root=COLUMN))


def _of_term(source: ir.Table, tables: Tables) -> ir.Table | None:
    if not tables.is_present("courses"):
        return None
    roots_of_terms = tables.courses.group_by(key="enrollment_term_id").agg(root=_[COLUMN].min())
    return _joined(source, "id", roots_of_terms)


def _of_context(source: ir.Table, roots: Roots, tables: Tables) -> ir.Table:
    contexts = roots.table().select(key="account", root="root", kind=ibis.literal("Account"))
    if tables.is_present("courses"):
        courses = tables.courses.select(key="id", root=COLUMN, kind=ibis.literal("Course"))
        contexts = contexts.union(courses)
    joined = source.left_join(
        contexts, [source.context_id == contexts.key, source.context_type == contexts.kind]
    )
    return joined.select(*_others(source), root_account_id=contexts.root)


def _joined(source: ir.Table, column: str, owners: ir.Table) -> ir.Table:
    """A source with the `root` of the row of `owners` whose `key` a column holds."""
    joined = source.left_join(owners, source[column] == owners.key)
    return joined.select(*_others(source), root_account_id=owners.root)


def _others(source: ir.Table) -> list[ir.Value]:
    return [source[name] for name in source.columns if name != COLUMN]


def needs_root(name: str, present: frozenset[str]) -> bool:
    """Whether Canvas's table has the column and the source's lacks it."""
    return COLUMN in TABLES[name].column_names and COLUMN not in present
