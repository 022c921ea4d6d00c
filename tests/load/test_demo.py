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
from load.demo_facts import NOW, ODD_NAMES, REPORTED, STATES

from rollbook.canvas.associations import DERIVED
from rollbook.canvas.references import KINDS, REFERENCES
from rollbook.canvas.schema import TABLES
from rollbook.canvas.tables import Tables
from rollbook.engines.duck import DuckLimits
from rollbook.engines.lake import Lake, LakeEngine
from rollbook.errors import BadParameter
from rollbook.load.demo import SCALES, Scale, load_demo
from rollbook.load.demo.institution import _define
from rollbook.load.demo.script import steps


def lake_in(folder: Path, threads: int = 2) -> Lake:
    return Lake(folder, DuckLimits(threads=threads))


def load(folder: Path, scale: Scale | str, now: datetime = NOW) -> Lake:
    lake = lake_in(folder)
    load_demo(lake, scale, now)
    return lake


@pytest.fixture(scope="module")
def tiny_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return load(tmp_path_factory.mktemp("tiny"), "tiny")


@pytest.fixture(scope="module")
def tiny_engine(tiny_lake: Lake) -> Iterator[LakeEngine]:
    engine = tiny_lake.engine()
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
    """A connection with the tables in memory, where many small questions are quick."""
    for name in TABLES:
        engine._connection.execute(f'CREATE TABLE "{name}" AS FROM lake.canvas."{name}"')
    return engine._connection


def planned(scale: Scale, now: datetime, query: str) -> list[Any]:
    """Rows of a query over the plan of accounts, terms and courses, quick at any scale."""
    with duckdb.connect() as connection:
        _define(connection, scale.counts(), now)
        for step in steps():
            if step.is_stage and step.area in {"words", "accounts", "courses"}:
                connection.execute(f"CREATE TEMP TABLE {step.name} AS {step.query}")
        return connection.execute(query).fetchall()


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

        assert (campus.users, campus.enrollments) == (150_000, 2_500_000)

    @pytest.mark.parametrize("scale", SCALES.values(), ids=list(SCALES))
    def test_people_of_all_kinds_add_up(self, scale: Scale) -> None:
        """The ranges of ids cover all users, and most people are students."""
        counts = scale.counts()
        kinds = ("admins", "teachers", "students", "observers", "guests", "testers")

        assert scale.users == sum(counts[kind] for kind in kinds)
        assert counts["students"] > scale.users * 0.7

    @pytest.mark.parametrize("scale", SCALES.values(), ids=list(SCALES))
    def test_enrollments_are_shared_out_among_courses(self, scale: Scale) -> None:
        """Courses take all enrollments at every scale; none needs more students than there are."""
        row = planned(scale, NOW, "SELECT sum(size), max(size), min(size) FROM course_rows")[0]

        assert (row[0], row[2]) == (scale.enrollments, 0)
        assert row[1] * 2 < scale.counts()["students"]

    def test_unknown_scale_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadParameter) as caught:
            load(tmp_path, "huge")

        assert str(caught.value) == (
            "There is no demo scale 'huge'. Choose one of: tiny, small, campus, state."
        )
        assert not (tmp_path / "lake.sqlite").exists()


class TestDeterminism:
    def test_same_moment_gives_same_rows(self, tiny_lake: Lake, tmp_path: Path) -> None:
        """Neither threads nor the spelling of the moment change a row; progress only grows."""
        told: list[tuple[str, float]] = []
        in_new_york = NOW.astimezone(timezone(timedelta(hours=-5)))
        again = lake_in(tmp_path, threads=1)

        summary = load_demo(again, "tiny", in_new_york, lambda *step: told.append(step))

        assert fingerprint(tiny_lake) == fingerprint(again)
        assert ("demo tiny", set(TABLES)) == (summary.source, set(summary.rows))
        shares = [share for _, share in told]
        assert shares == sorted(shares)
        assert 0 <= shares[0] < shares[-1] < 1

    @pytest.mark.parametrize(
        ("now", "name"),
        [
            (NOW, "Spring 2026"),
            (datetime(2027, 12, 31, 23, 59, tzinfo=UTC), "Spring 2028"),
            (datetime(2028, 2, 29, tzinfo=UTC), "Spring 2028"),
            (datetime(2026, 7, 31, 12, 0, tzinfo=UTC), "Summer 2026"),
        ],
    )
    def test_terms_follow_the_moment(self, now: datetime, name: str) -> None:
        """Whenever it is loaded, exactly one live term with dates holds now."""
        current = planned(
            SCALES["campus"],
            now,
            "SELECT name FROM term_rows WHERE root_id = 1 AND state <> 'deleted' "
            "AND coalesce(start_at, end_at) IS NOT NULL AND coalesce(start_at <= now_at(), true) "
            "AND coalesce(end_at >= now_at(), true)",
        )

        assert current == [(name,)]


class TestContents:
    def test_every_table_has_rows(self, tiny: duckdb.DuckDBPyConnection) -> None:
        empty = [name for name in TABLES if values(tiny, f'SELECT count(*) FROM "{name}"') == [0]]

        assert empty == []

    @pytest.mark.parametrize("name", [name for name, table in TABLES.items() if table.primary_key])
    def test_keys_are_unique(self, tiny: duckdb.DuckDBPyConnection, name: str) -> None:
        key = ", ".join(TABLES[name].primary_key)

        assert values(tiny, f'SELECT {key} FROM "{name}" GROUP BY {key} HAVING count(*) > 1') == []

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

        assert twice == []

    def test_logins_are_unique_in_their_account(self, small: duckdb.DuckDBPyConnection) -> None:
        for column in ("unique_id", "sis_user_id"):
            query = (
                f"SELECT {column} FROM pseudonyms WHERE {column} IS NOT NULL "
                f"GROUP BY account_id, {column} HAVING count(*) > 1"
            )
            assert values(small, query) == []

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
                        plain = text.replace(
                            "!ruby/hash:ActiveSupport::HashWithIndifferentAccess", ""
                        )
                        assert isinstance(yaml.safe_load(plain), dict | list)
                    else:
                        assert isinstance(json.loads(text), dict | list)


@pytest.mark.parametrize(
    ("table", "column", "states"), [(t, *found) for t, found in STATES.items()]
)
def test_every_state_occurs(
    small: duckdb.DuckDBPyConnection, table: str, column: str, states: set[str]
) -> None:
    assert states == set(values(small, f'SELECT DISTINCT "{column}" FROM "{table}"'))


def test_every_enrollment_type_occurs(tiny: duckdb.DuckDBPyConnection) -> None:
    kinds = ("Teacher", "Ta", "Designer", "Student", "Observer", "StudentView")

    assert {f"{kind}Enrollment" for kind in kinds} == set(
        values(tiny, "SELECT DISTINCT type FROM enrollments")
    )


@pytest.mark.parametrize("condition", ODD_NAMES.values(), ids=list(ODD_NAMES))
def test_odd_people_occur(tiny: duckdb.DuckDBPyConnection, condition: str) -> None:
    """Even the smallest institution has people whom careless programs stumble over."""
    assert values(tiny, f"SELECT name FROM users WHERE {condition} LIMIT 1")


@pytest.mark.parametrize("scale", ["tiny", "small"])
@pytest.mark.parametrize("table", REFERENCES)
def test_references_hold(scale: str, table: str, request: pytest.FixtureRequest) -> None:
    """Whatever a row points to is there; 0 stands for nothing (a root's root, a built-in scheme)."""
    connection = request.getfixturevalue(scale)
    for column, target in REFERENCES[table].items():
        kinds = [("true", target)]
        if target.endswith("_type"):
            found = values(
                connection, f"SELECT DISTINCT {target} FROM {table} WHERE {column} IS NOT NULL"
            )
            kinds = [(f"{target} = '{kind}'", KINDS[kind]) for kind in found]
        for condition, other in kinds:
            lost = values(
                connection,
                f"SELECT {column} FROM {table} WHERE {condition} AND {column} <> 0 "
                f"AND {column} NOT IN (SELECT id FROM {other})",
            )
            assert lost == [], (column, other)


@pytest.mark.parametrize("query", REPORTED.values(), ids=list(REPORTED))
def test_reports_find_what_they_look_for(tiny: duckdb.DuckDBPyConnection, query: str) -> None:
    assert values(tiny, f"SELECT 1 {query} LIMIT 1")
