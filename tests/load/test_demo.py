"""The demo institution: what it holds, and that it is always the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from rollbook.canvas.associations import DERIVED
from rollbook.canvas.schema import TABLES
from rollbook.canvas.tables import Tables
from rollbook.engines.duck import DuckLimits
from rollbook.engines.lake import Lake, LakeEngine
from rollbook.errors import BadParameter
from rollbook.load.demo import SCALES, Scale, load_demo
from rollbook.load.demo.institution import _define
from rollbook.load.demo.script import steps

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def load(folder: Path, scale: Scale | str, now: datetime = NOW, threads: int = 2) -> Lake:
    lake = Lake(folder / "lake.sqlite", folder / "data", DuckLimits(threads=threads))
    load_demo(lake, scale, now)
    return lake


@pytest.fixture(scope="module")
def tiny_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LakeEngine]:
    engine = load(tmp_path_factory.mktemp("tiny"), "tiny").engine()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def tiny(tiny_engine: LakeEngine) -> duckdb.DuckDBPyConnection:
    """A connection that sees the tiny institution's tables by their names."""
    return opened(tiny_engine)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    engine = load(tmp_path_factory.mktemp("small"), "small").engine()
    yield opened(engine)
    engine.close()


def opened(engine: LakeEngine) -> duckdb.DuckDBPyConnection:
    engine._connection.execute("USE lake.canvas")
    return engine._connection


def values(connection: duckdb.DuckDBPyConnection, query: str) -> list[Any]:
    return [row[0] for row in connection.execute(query).fetchall()]


def fingerprint(lake: Lake) -> dict[str, tuple[int, int]]:
    """The number of rows of each table, and a number that changes with any of them."""
    engine = lake.engine()
    connection = opened(engine)
    found = {
        name: connection.execute(f'SELECT count(*), sum(hash(t)) FROM "{name}" AS t').fetchone()
        for name in TABLES
    }
    engine.close()
    return found  # type: ignore[return-value]


class TestSizes:
    @pytest.mark.parametrize("scale", ["tiny", "small"])
    def test_users_and_enrollments_are_exact(
        self, scale: str, request: pytest.FixtureRequest
    ) -> None:
        """A scale's numbers are kept to the last row."""
        connection = request.getfixturevalue(scale)
        size = SCALES[scale]

        assert [size.users] == values(connection, "SELECT count(*) FROM users")
        assert [size.courses] == values(connection, "SELECT count(*) FROM courses")
        assert [size.enrollments] == values(connection, "SELECT count(*) FROM enrollments")

    def test_campus_is_as_promised(self) -> None:
        campus = SCALES["campus"]

        assert (150_000, 2_500_000) == (campus.users, campus.enrollments)

    @pytest.mark.parametrize("scale", SCALES.values(), ids=list(SCALES))
    def test_people_of_all_kinds_add_up(self, scale: Scale) -> None:
        """The ranges of ids cover all users, and most people are students."""
        counts = scale.counts()
        kinds = ("admins", "teachers", "students", "observers", "guests", "testers")

        assert scale.users == sum(counts[kind] for kind in kinds)
        assert counts["students"] > scale.users * 0.7

    @pytest.mark.parametrize("scale", SCALES.values(), ids=list(SCALES))
    def test_enrollments_are_shared_out_among_courses(self, scale: Scale) -> None:
        """Courses take all enrollments at every scale, and none needs more students than there are.

        Only the plan of the courses is made here, which is quick at any scale.
        """
        connection = duckdb.connect()
        _define(connection, scale.counts(), NOW)
        for step in steps():
            if step.is_stage and step.area in {"words", "accounts", "courses"}:
                connection.execute(f"CREATE TEMP TABLE {step.name} AS {step.query}")

        row = connection.execute("SELECT sum(size), max(size), min(size) FROM course_rows").fetchone()
        connection.close()

        assert row is not None
        assert (scale.enrollments, 0) == (row[0], row[2])
        assert row[1] * 2 < scale.counts()["students"]

    def test_unknown_scale_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadParameter) as caught:
            load(tmp_path, "huge")

        assert str(caught.value) == (
            "There is no demo scale 'huge'. Choose one of: tiny, small, campus, state."
        )
        assert not (tmp_path / "lake.sqlite").exists()


class TestDeterminism:
    def test_same_moment_gives_same_rows(self, tmp_path: Path) -> None:
        """Neither threads nor the spelling of the moment change a row."""
        in_new_york = NOW.astimezone(timezone(timedelta(hours=-5)))
        first = load(tmp_path / "first", "tiny", threads=1)
        second = load(tmp_path / "second", "tiny", in_new_york, threads=2)

        assert fingerprint(first) == fingerprint(second)

    def test_terms_follow_the_moment(self, tmp_path: Path) -> None:
        """Whenever it is loaded, exactly one live term with dates holds now."""
        later = datetime(2027, 12, 31, 23, 59, tzinfo=UTC)
        engine = load(tmp_path, "tiny", later).engine()
        current = values(
            opened(engine),
            "SELECT name FROM enrollment_terms WHERE root_account_id = 1 "
            "AND workflow_state <> 'deleted' AND coalesce(start_at, end_at) IS NOT NULL "
            "AND coalesce(start_at <= TIMESTAMP '2027-12-31 23:59:00', true) "
            "AND coalesce(end_at >= TIMESTAMP '2027-12-31 23:59:00', true)",
        )
        engine.close()

        assert ["Spring 2028"] == [name for name in current if name] or len(current) == 1

    def test_progress_is_told(self, tmp_path: Path) -> None:
        told: list[tuple[str, float]] = []
        lake = Lake(tmp_path / "lake.sqlite", tmp_path / "data")
        summary = load_demo(lake, "tiny", NOW, lambda step, share: told.append((step, share)))

        shares = [share for _, share in told]
        assert shares == sorted(shares)
        assert 0 <= shares[0] < shares[-1] < 1
        assert "demo tiny" == summary.source
        assert set(TABLES) == set(summary.rows)


class TestContents:
    def test_every_table_has_rows(self, tiny: duckdb.DuckDBPyConnection) -> None:
        empty = [
            name for name in TABLES if values(tiny, f'SELECT count(*) FROM "{name}"') == [0]
        ]

        assert [] == empty

    @pytest.mark.parametrize("name", [name for name, table in TABLES.items() if table.primary_key])
    def test_keys_are_unique(self, tiny: duckdb.DuckDBPyConnection, name: str) -> None:
        key = ", ".join(TABLES[name].primary_key)

        assert [] == values(tiny, f'SELECT {key} FROM "{name}" GROUP BY {key} HAVING count(*) > 1')

    @pytest.mark.parametrize("scale", ["tiny", "small"])
    def test_nobody_is_enrolled_twice_alike(
        self, scale: str, request: pytest.FixtureRequest
    ) -> None:
        """Canvas allows a user once a section, type, role and associated user."""
        twice = values(
            request.getfixturevalue(scale),
            "SELECT user_id FROM enrollments GROUP BY user_id, course_section_id, type, role_id, "
            "associated_user_id HAVING count(*) > 1",
        )

        assert [] == twice

    def test_logins_are_unique_in_their_account(self, small: duckdb.DuckDBPyConnection) -> None:
        for column in ("unique_id", "sis_user_id"):
            query = (
                f"SELECT {column} FROM pseudonyms WHERE {column} IS NOT NULL "
                f"GROUP BY account_id, {column} HAVING count(*) > 1"
            )
            assert [] == values(small, query)

    @pytest.mark.parametrize("name", list(DERIVED))
    def test_associations_are_those_that_are_derived(
        self, tiny_engine: LakeEngine, name: str
    ) -> None:
        """The demo's own SQL and the general derivation agree to the row."""
        tables = Tables(tiny_engine)
        derived = tiny_engine.rows(DERIVED[name](tables, tiny_engine))
        loaded = tiny_engine.rows(getattr(tables, name))

        assert sorted(derived, key=lambda row: row["id"]) == sorted(
            loaded, key=lambda row: row["id"]
        )

    def test_serialized_columns_can_be_read(self, tiny: duckdb.DuckDBPyConnection) -> None:
        """Some are YAML as in Postgres, some JSON as in Canvas Data."""
        for name, table in TABLES.items():
            for column in (column.name for column in table.columns if column.serialized):
                texts = values(tiny, f'SELECT {column} FROM "{name}" WHERE {column} IS NOT NULL')
                assert texts, (name, column)
                for text in texts:
                    if text.startswith("---"):
                        plain = text.replace("!ruby/hash:ActiveSupport::HashWithIndifferentAccess", "")
                        assert isinstance(yaml.safe_load(plain), dict | list)
                    else:
                        assert isinstance(json.loads(text), dict | list)


STATES = {
    "accounts": ("workflow_state", {"active", "deleted"}),
    "enrollment_terms": ("workflow_state", {"active", "deleted"}),
    "courses": (
        "workflow_state",
        {"created", "claimed", "available", "completed", "deleted"},
    ),
    "course_sections": ("workflow_state", {"active", "deleted"}),
    "users": (
        "workflow_state",
        {"registered", "pre_registered", "creation_pending", "deleted"},
    ),
    "pseudonyms": ("workflow_state", {"active", "suspended", "deleted"}),
    "communication_channels": ("workflow_state", {"active", "unconfirmed", "retired"}),
    "enrollments": (
        "workflow_state",
        {
            "active",
            "invited",
            "creation_pending",
            "completed",
            "inactive",
            "rejected",
            "deleted",
        },
    ),
    "enrollment_states": (
        "state",
        {
            "active",
            "pending_active",
            "invited",
            "pending_invited",
            "creation_pending",
            "completed",
            "inactive",
            "rejected",
            "deleted",
        },
    ),
    "groups": ("workflow_state", {"available", "deleted"}),
    "group_memberships": (
        "workflow_state",
        {"accepted", "invited", "requested", "rejected", "deleted"},
    ),
    "user_observers": ("workflow_state", {"active", "deleted"}),
    "account_users": ("workflow_state", {"active", "deleted"}),
    "roles": ("workflow_state", {"built_in", "active", "inactive", "deleted"}),
    "scores": ("workflow_state", {"active", "deleted"}),
    "submissions": (
        "workflow_state",
        {"unsubmitted", "submitted", "graded", "pending_review", "deleted"},
    ),
    "attachments": ("file_state", {"available", "hidden", "deleted", "errored", "broken"}),
    "context_external_tools": (
        "workflow_state",
        {"public", "name_only", "email_only", "anonymous", "disabled", "deleted"},
    ),
    "developer_keys": ("workflow_state", {"active", "inactive", "deleted"}),
    "developer_key_account_bindings": ("workflow_state", {"on", "off", "allow"}),
    "access_tokens": ("workflow_state", {"active", "pending", "deleted"}),
    "eportfolios": ("workflow_state", {"active", "deleted"}),
    "learning_outcomes": ("workflow_state", {"active", "archived", "retired", "deleted"}),
    "learning_outcome_results": ("workflow_state", {"active", "deleted"}),
}


@pytest.mark.parametrize(("table", "column", "states"), [(t, *found) for t, found in STATES.items()])
def test_every_state_occurs(
    small: duckdb.DuckDBPyConnection, table: str, column: str, states: set[str]
) -> None:
    assert states == set(values(small, f'SELECT DISTINCT "{column}" FROM "{table}"'))


def test_every_enrollment_type_occurs(tiny: duckdb.DuckDBPyConnection) -> None:
    kinds = ("Teacher", "Ta", "Designer", "Student", "Observer", "StudentView")

    assert {f"{kind}Enrollment" for kind in kinds} == set(
        values(tiny, "SELECT DISTINCT type FROM enrollments")
    )


ODD_NAMES = {
    "a comma": "name LIKE '%, PhD'",
    "quotes": "name LIKE '%\"%'",
    "an apostrophe": "name LIKE '%''%'",
    "a suffix": "sortable_name LIKE '%, Jr.'",
    "one word": "name NOT LIKE '% %' AND name = sortable_name",
    "no sortable name": "sortable_name IS NULL",
    "two blanks": "name LIKE '%  %'",
    "a no-break space": "name LIKE '%' || chr(160) || '%'",
    "an emoji": "name LIKE '%🎓%' AND short_name LIKE '%🎓%'",
    "right to left": "regexp_matches(name, '[\\x{0590}-\\x{06FF}]')",
    "Chinese": "regexp_matches(name, '\\p{Han}')",
    "Cyrillic": "regexp_matches(name, '\\p{Cyrillic}')",
    "Devanagari": "regexp_matches(name, '\\p{Devanagari}')",
    "accents": "name <> strip_accents(name)",
    "pronouns": "pronouns = 'she_her'",
    "own pronouns": "pronouns LIKE '%/%'",
    "a zone": "time_zone IS NOT NULL",
}


@pytest.mark.parametrize("condition", ODD_NAMES.values(), ids=list(ODD_NAMES))
def test_odd_people_occur(tiny: duckdb.DuckDBPyConnection, condition: str) -> None:
    """Even the smallest institution has people whom careless programs stumble over."""
    assert values(tiny, f"SELECT name FROM users WHERE {condition} LIMIT 1")
