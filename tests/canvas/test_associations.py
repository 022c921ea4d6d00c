"""Derived association tables (data_sources.md, 3.3 steps 7 and 8) against a plain derivation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engines.memory_lake import MemoryLake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbook.canvas.tables import Tables

Rows = list[dict[str, Any]]
STATES = st.sampled_from(["active", "active", "active", "deleted"])


@st.composite
def institutions(draw: st.DrawFn) -> dict[str, Rows]:
    """Accounts, courses, sections, users and what ties them, with holes."""
    accounts = draw(st.integers(1, 6))
    courses, sections, users = draw(st.integers(0, 4)), draw(st.integers(0, 6)), 4
    account, course = st.integers(1, accounts), st.integers(1, courses + 1)
    section, user = st.integers(1, sections + 1), st.integers(1, users + 1)
    return {
        "accounts": [
            {"id": n, "parent_account_id": draw(st.integers(1, n - 1)) if n > 1 else None}
            for n in range(1, accounts + 1)
        ],
        "courses": [{"id": n, "account_id": draw(account)} for n in range(1, courses + 1)],
        "course_sections": [
            {
                "id": n,
                "course_id": draw(course),
                "nonxlist_course_id": draw(st.none() | course),
                "workflow_state": draw(STATES),
            }
            for n in range(1, sections + 1)
        ],
        "users": [
            {"id": n, "workflow_state": draw(st.sampled_from(["registered", "deleted"]))}
            for n in range(1, users + 1)
        ],
        "enrollments": [
            {
                "id": n,
                "user_id": draw(user),
                "course_section_id": draw(section),
                "workflow_state": draw(STATES),
                "type": draw(
                    st.sampled_from(["StudentEnrollment"] * 5 + ["StudentViewEnrollment"])
                ),
            }
            for n in range(draw(st.integers(0, 6)))
        ],
        "pseudonyms": [
            {
                "id": n,
                "user_id": draw(user),
                "account_id": draw(account),
                "workflow_state": draw(STATES),
            }
            for n in range(draw(st.integers(0, 4)))
        ],
        "account_users": [
            {
                "id": n,
                "user_id": draw(user),
                "account_id": draw(account),
                "workflow_state": draw(STATES),
            }
            for n in range(draw(st.integers(0, 3)))
        ],
    }


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(institution=institutions())
def test_derived_associations_are_those_of_the_rules(
    institution: dict[str, Rows],
    memory_lake: MemoryLake,
) -> None:
    memory_lake.fill(institution)
    engine = memory_lake.engine
    tables = Tables(engine)
    courses = tables.course_account_associations
    found_courses = {
        (row["course_id"], row["account_id"], row["course_section_id"], row["depth"])
        for row in engine.rows(courses)
    }
    users = tables.user_account_associations
    found_users = {(row["user_id"], row["account_id"], row["depth"]) for row in engine.rows(users)}
    assert found_courses == set(plain_course_associations(institution))
    assert found_users == set(plain_user_associations(institution))


def chain(institution: dict[str, Rows], account: int) -> Iterator[tuple[int, int]]:
    parents = {row["id"]: row["parent_account_id"] for row in institution["accounts"]}
    depth = 0
    current: int | None = account
    while current is not None:
        yield current, depth
        current, depth = parents[current], depth + 1


def plain_course_associations(
    institution: dict[str, Rows],
) -> Iterator[tuple[int, int, int | None, int]]:
    homes = {row["id"]: row["account_id"] for row in institution["courses"]}
    for course, home in homes.items():
        for account, depth in chain(institution, home):
            yield course, account, None, depth
    for section in institution["course_sections"]:
        if section["workflow_state"] == "deleted":
            continue
        depths: dict[int, int] = {}
        for course in (section["course_id"], section["nonxlist_course_id"]):
            for account, depth in chain(institution, homes[course]) if course in homes else ():
                depths[account] = min(depth, depths.get(account, depth))
        for account, depth in depths.items():
            yield section["course_id"], account, section["id"], depth


def plain_user_associations(institution: dict[str, Rows]) -> Iterator[tuple[int, int, int]]:
    testers = {
        row["user_id"]
        for row in institution["enrollments"]
        if row["type"] == "StudentViewEnrollment"
    }
    reached = plain_homes(institution)
    for user in institution["users"]:
        if user["workflow_state"] == "deleted" or user["id"] in testers:
            continue
        depths: dict[int, int] = {}
        for home in reached.get(user["id"], set()):
            for account, depth in chain(institution, home):
                depths[account] = min(depth, depths.get(account, depth))
        for account, depth in depths.items():
            yield user["id"], account, depth


def plain_homes(institution: dict[str, Rows]) -> dict[int, set[int]]:
    """The accounts each user has a course, a login or an admin role in."""
    homes = {row["id"]: row["account_id"] for row in institution["courses"]}
    sections = {row["id"]: row for row in institution["course_sections"]}
    reached: dict[int, set[int]] = {}
    for row in (*institution["pseudonyms"], *institution["account_users"]):
        if row["workflow_state"] != "deleted":
            reached.setdefault(row["user_id"], set()).add(row["account_id"])
    for row in institution["enrollments"]:
        section = sections.get(row["course_section_id"])
        if row["workflow_state"] == "deleted" or section is None:
            continue
        for course in (section["course_id"], section["nonxlist_course_id"]):
            if course in homes:
                reached.setdefault(row["user_id"], set()).add(homes[course])
    return reached
