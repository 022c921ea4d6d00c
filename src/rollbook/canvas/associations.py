"""Which accounts courses and users belong to, where a source does not say (data_sources.md, 3.3).

Canvas keeps `course_account_associations` and `user_account_associations` itself; a source that
lacks them, or has them empty, gets them from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis import _

from rollbook.canvas.schema import TABLES
from rollbook.engines.engine import Engine

if TYPE_CHECKING:
    from rollbook.canvas.tables import Tables


def account_chains(tables: Tables, engine: Engine) -> ir.Table:
    """Every account with itself and its ancestors: account_id, ancestor_id, depth (0 = itself)."""
    accounts = engine.rows(tables.accounts.select("id", "parent_account_id"))
    parents = {row["id"]: row["parent_account_id"] for row in accounts}
    chains = [
        (account, ancestor, depth)
        for account in parents
        for depth, ancestor in enumerate(_chain(account, parents))
    ]
    columns = list(zip(*chains, strict=True)) or [(), (), ()]
    return ibis.memtable(
        pa.table(
            {
                "account_id": pa.array(columns[0], pa.int64()),
                "ancestor_id": pa.array(columns[1], pa.int64()),
                "depth": pa.array(columns[2], pa.int32()),
            }
        )
    )


def _chain(account: int, parents: Mapping[int, int | None]) -> list[int]:
    chain: list[int] = []
    current: int | None = account
    # A loop of parents, which broken data can hold, ends the chain.
    while current is not None and current in parents and current not in chain:
        chain.append(current)
        current = parents[current]
    return chain


def derive_course_account_associations(tables: Tables, engine: Engine) -> ir.Table:
    """Step 7: a course's account chain, and those of its live sections, cross-listed ones too."""
    chains = account_chains(tables, engine)
    courses = tables.courses.select(course_id="id", home_id="account_id")
    of_courses = courses.join(chains, courses.home_id == chains.account_id).select(
        course_id="course_id",
        account_id="ancestor_id",
        course_section_id=ibis.null("int64"),
        depth="depth",
    )
    sections = tables.course_sections.filter(_.workflow_state != "deleted")
    current = sections.select("course_id", course_section_id="id", home_course_id="course_id")
    original = sections.filter(_.nonxlist_course_id.notnull()).select(
        "course_id", course_section_id="id", home_course_id="nonxlist_course_id"
    )
    homes = current.union(original)
    owners = courses.rename(owner_id="course_id")
    homes = homes.join(owners, homes.home_course_id == owners.owner_id).select(
        "course_id", "course_section_id", "home_id"
    )
    of_sections = (
        homes.join(chains, homes.home_id == chains.account_id)
        .group_by("course_id", "ancestor_id", "course_section_id")
        .agg(depth=_.depth.min())
        .select("course_id", "course_section_id", "depth", account_id="ancestor_id")
    )
    rows = of_courses.union(
        of_sections.select("course_id", "account_id", "course_section_id", "depth")
    )
    return _numbered(
        rows, "course_account_associations", ["course_id", "account_id", "course_section_id"]
    )


def derive_user_account_associations(tables: Tables, engine: Engine) -> ir.Table:
    """Step 8: the account chains of a user's enrollments, logins and admin roles."""
    chains = account_chains(tables, engine)
    courses = tables.courses.select(course_id="id", home_id="account_id")
    enrollments = tables.enrollments
    students_of_test = enrollments.filter(_.type == "StudentViewEnrollment").select("user_id")
    users = tables.users.filter(
        ~_.workflow_state.fill_null("").isin(["deleted", "creation_pending"])
    )
    users = users.anti_join(students_of_test, users.id == students_of_test.user_id).select("id")

    live = enrollments.filter(
        _.workflow_state != "deleted", _.type != "StudentViewEnrollment"
    ).select("user_id", "course_section_id")
    sections = tables.course_sections
    taught = live.join(sections, live.course_section_id == sections.id)
    in_courses = taught.select("user_id", "course_id").union(
        taught.filter(_.nonxlist_course_id.notnull()).select(
            "user_id", course_id="nonxlist_course_id"
        )
    )
    homes = (
        in_courses.join(courses, "course_id")
        .select("user_id", "home_id")
        .union(
            tables.pseudonyms.filter(_.workflow_state != "deleted").select(
                "user_id", home_id="account_id"
            )
        )
        .union(
            tables.account_users.filter(_.workflow_state != "deleted").select(
                "user_id", home_id="account_id"
            )
        )
        .distinct()
    )
    homes = homes.semi_join(users, homes.user_id == users.id)
    rows = (
        homes.join(chains, homes.home_id == chains.account_id)
        .group_by("user_id", "ancestor_id")
        .agg(depth=_.depth.min())
        .select("user_id", "depth", account_id="ancestor_id")
    )
    return _numbered(rows, "user_account_associations", ["user_id", "account_id"])


def _numbered(rows: ir.Table, name: str, order: list[str]) -> ir.Table:
    number = ibis.row_number().over(
        order_by=[rows[column].asc(nulls_first=True) for column in order]
    )
    filled = {
        column.name: ibis.null(column.ibis_type)
        for column in TABLES[name].columns
        if column.name not in (*rows.columns, "id")
    }
    return rows.mutate(id=(number + 1).cast("int64"), **filled).select(*TABLES[name].column_names)


DERIVED: Mapping[str, Callable[[Tables, Engine], ir.Table]] = MappingProxyType(
    {
        "course_account_associations": derive_course_account_associations,
        "user_account_associations": derive_user_account_associations,
    }
)
