"""Canvas's own Postgres: one state of the data for a run, read only, whatever the server's habits."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import ibis
import pyarrow as pa
import pytest
from conformance.cells import parse
from engines.postgres_server import SCHEMA, CanvasDatabase

import rollbook
from rollbook.canvas.tables import Tables
from rollbook.engines.postgres import Postgres, PostgresEngine
from rollbook.errors import (
    BadParameter,
    BadSource,
    ConfigurationError,
    MissingTable,
    RunStopped,
    SourceUnavailable,
)

PASSWORD = "not for logs"
ROOT = {"id": 1, "name": "Root", "workflow_state": "active", "default_time_zone": "UTC"}
COURSE = {
    "root_account_id": 1,
    "account_id": 1,
    "enrollment_term_id": 1,
    "workflow_state": "claimed",
}

Open = Callable[[str], PostgresEngine]


@contextmanager
def engine_on(url: str) -> Iterator[PostgresEngine]:
    with closing(Postgres(url).engine()) as engine:
        yield engine


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens engines, which are closed after the test."""
    with ExitStack() as stack:
        yield lambda url: stack.enter_context(engine_on(url))


@pytest.fixture
def reader(canvas_database: CanvasDatabase) -> Iterator[str]:
    """A role that comes in with a password, and may read no table yet."""
    role = f"reader_{canvas_database.name}"
    canvas_database.execute(
        f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'",
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role}",
    )
    yield role
    canvas_database.execute(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def url_of(role: str, database: CanvasDatabase, password: str = PASSWORD) -> str:
    return database.url.replace("postgres:@", f"{role}:{password.replace(' ', '%20')}@")


def names(engine: PostgresEngine) -> list[Any]:
    users = engine.source_table("users")
    return [row["name"] for row in engine.rows(users.select("name", "id").order_by("id"))]


def unpublished(database: CanvasDatabase, folder: Path, url: str | None = None) -> list[Any]:
    """The rows of a small report."""
    with rollbook.open(url or database.url) as institution:
        product = institution.run("unpublished_courses_csv").write(folder)
    return parse(product.read_text("utf-8"))[1:]


def test_a_run_sees_one_state_of_the_data(canvas_database: CanvasDatabase, opened: Open) -> None:
    canvas_database.fill({"users": [{"id": n, "name": "old"} for n in range(1, 5_001)]})
    engine = opened(canvas_database.url)
    batches = engine.batches(engine.source_table("users").select("name"), chunk_rows=1_000)
    first = batches.read_next_batch()

    canvas_database.execute(f"UPDATE {SCHEMA}.users SET name = 'new' WHERE id > 3")
    canvas_database.execute(f"DELETE FROM {SCHEMA}.users WHERE id > 4")

    found = [first, *batches]
    assert {batch.num_rows for batch in found} == {1_000}
    assert {name for batch in found for name in batch["name"].to_pylist()} == {"old"}
    assert names(engine) == ["old"] * 5_000
    later = opened(canvas_database.url)
    assert names(later) == ["old", "old", "old", "new"]
    assert later.snapshot != engine.snapshot


def test_equal_states_have_equal_names(canvas_database: CanvasDatabase, opened: Open) -> None:
    first, second = opened(canvas_database.url), opened(canvas_database.url)
    assert first.snapshot == second.snapshot
    assert first.data_as_of is not None
    assert first.data_as_of.tzinfo is UTC


def test_nothing_can_be_written(canvas_database: CanvasDatabase, opened: Open) -> None:
    engine = opened(canvas_database.url)
    with pytest.raises(Exception, match="read-only transaction"):
        list(engine._link.stream(f"DELETE FROM {SCHEMA}.users RETURNING id"))


def test_a_large_result_comes_in_pieces(canvas_database: CanvasDatabase, opened: Open) -> None:
    canvas_database.fill({"users": [{"id": n, "name": "n" * 200} for n in range(1, 701)]})
    engine = opened(canvas_database.url)
    users = engine.source_table("users").select("name", "id")
    pairs = users.cross_join(users.view().select(other="id"))
    rows, largest = 0, 0
    for batch in engine.batches(pairs, chunk_rows=50_000):
        rows, largest = rows + batch.num_rows, max(largest, batch.num_rows)
    assert (rows, largest) == (700 * 700, 50_000)


def test_a_query_can_be_interrupted_from_another_thread(
    canvas_database: CanvasDatabase, opened: Open
) -> None:
    canvas_database.fill({"users": [{"id": n} for n in range(1, 3_001)]})
    engine = opened(canvas_database.url)
    users = engine.source_table("users").select("id")
    endless = users.cross_join(users.view().select(b="id")).cross_join(users.view().select(c="id"))
    errors: list[BaseException] = []

    def count() -> None:
        try:
            engine.rows(endless.agg(n=(endless.id * endless.b % (endless.c + 1)).sum()))
        except Exception as error:  # noqa: BLE001 (shown below)
            errors.append(error)

    thread = Thread(target=count)
    thread.start()
    busy = (
        f"SELECT pid FROM pg_stat_activity WHERE datname = '{canvas_database.name}' "
        "AND application_name = 'rollbook' AND state = 'active'"
    )
    while not canvas_database.rows(busy):
        assert thread.is_alive()
    engine.interrupt()
    thread.join(timeout=60)
    assert "user request" in str(errors[0])
    with pytest.raises(RunStopped):
        engine.rows(users)


def test_an_interrupted_report_is_a_stopped_run(
    canvas_database: CanvasDatabase, tmp_path: Path
) -> None:
    canvas_database.fill({"accounts": [ROOT]})
    with rollbook.open(canvas_database.url) as institution:
        result = institution.run("provisioning_csv", {"users": True, "accounts": True})
        with pytest.raises(RunStopped):
            result.write(tmp_path, lambda *_: result.engine.interrupt())
    assert list(tmp_path.iterdir()) == []


def test_rows_that_another_query_cut_off_are_not_taken_for_all(
    canvas_database: CanvasDatabase, opened: Open
) -> None:
    canvas_database.fill({"users": [{"id": n, "name": "n" * 200} for n in range(1, 2_001)]})
    engine = opened(canvas_database.url)
    users = engine.source_table("users").select("name", "id")
    batches = engine.batches(users.cross_join(users.view().select(b="id")), chunk_rows=1_000)
    batches.read_next_batch()
    assert len(names(engine)) == 2_000
    with pytest.raises(pa.ArrowInvalid, match="already been closed"):
        batches.read_all()


def test_times_are_utc_whatever_the_column_and_the_server_say(
    canvas_database: CanvasDatabase, tmp_path: Path
) -> None:
    database = canvas_database.name
    canvas_database.execute(
        f"ALTER TABLE {SCHEMA}.courses ALTER start_at TYPE timestamptz",
        f"ALTER DATABASE {database} SET timezone TO 'Asia/Tokyo'",
        f"ALTER DATABASE {database} SET datestyle TO 'SQL, DMY'",
        f"ALTER DATABASE {database} SET statement_timeout TO '60s'",
        f"ALTER DATABASE {database} SET extra_float_digits TO 0",
    )
    time = "2026-03-08T09:59:59Z"
    course = {**COURSE, "restrict_enrollments_to_course_dates": True}
    canvas_database.fill(
        {
            "accounts": [ROOT],
            "courses": [{**course, "id": 7, "start_at": time, "conclude_at": time}],
        }
    )
    try:
        rows = unpublished(canvas_database, tmp_path)
        with engine_on(canvas_database.url) as engine:
            timeout = engine._link.fetch("SELECT current_setting('statement_timeout')")
    finally:
        canvas_database.execute(
            f"ALTER DATABASE {database} RESET ALL",
            f"ALTER TABLE {SCHEMA}.courses ALTER start_at TYPE timestamp USING start_at AT TIME ZONE 'UTC'",
        )
    assert rows == [("7", None, None, None, time, time)]
    # A report takes as long as it takes.
    assert timeout[0].to_pylist() == ["0"]


def test_text_compares_by_its_bytes_whatever_the_database(
    canvas_database: CanvasDatabase, opened: Open
) -> None:
    """Seen in the SQL, because the server of the tests has no other collation."""
    engine = opened(canvas_database.url)
    users = engine.source_table("users")
    for expression in (
        users.order_by("name"),
        users.order_by(users.name.desc()),
        users.filter(users.name < "m"),
        users.filter(users.name.between("a", "m")),
        users.agg(least=users.name.min()),
        users.select(greatest=ibis.greatest(users.name, users.sortable_name)),
        users.mutate(n=ibis.row_number().over(order_by=users.name)),
        users.agg(ids=users.name.argmax(users.sortable_name)),
    ):
        assert 'COLLATE "C"' in engine.sql(expression)


def test_what_the_source_lacks_is_as_on_the_lake(canvas_database: CanvasDatabase) -> None:
    canvas_database.execute(
        f"ALTER TABLE {SCHEMA}.users RENAME TO people",
        f"ALTER TABLE {SCHEMA}.courses RENAME COLUMN course_code TO code",
    )
    canvas_database.fill({"accounts": [ROOT], "courses": [{**COURSE, "id": 7}]})
    try:
        with engine_on(canvas_database.url) as engine:
            tables = Tables(engine)
            assert engine.columns("users") is None
            assert engine.rows(tables.courses.select("id", "course_code")) == [
                {"id": 7, "course_code": None}
            ]
            with pytest.raises(MissingTable, match=r"have no table `users`.*schema canvas"):
                _ = tables.users
    finally:
        canvas_database.execute(
            f"ALTER TABLE {SCHEMA}.people RENAME TO users",
            f"ALTER TABLE {SCHEMA}.courses RENAME COLUMN code TO course_code",
        )


def test_column_types_of_other_makers(canvas_database: CanvasDatabase) -> None:
    """Canvas Data 2's client makes enumerations and JSON where Canvas has text."""
    canvas_database.execute(
        "CREATE SCHEMA dap",
        "CREATE TYPE dap.state AS ENUM ('available', 'deleted')",
        "CREATE DOMAIN dap.key AS bigint",
        "CREATE TABLE dap.accounts (id bigint)",
        "CREATE TABLE dap.courses (id dap.key, workflow_state dap.state, name varchar(255),"
        " settings jsonb, storage_quota numeric, locale char(2), created_at timestamptz(3))",
        """INSERT INTO dap.courses VALUES (1, 'available', 'Art', '{"a": 1}', 5, 'en', 'epoch'),
           (0, 'deleted', 'row 0', NULL, NULL, NULL, NULL)""",
    )
    try:
        with engine_on(canvas_database.url.replace(f"={SCHEMA}", "=dap")) as engine:
            courses = Tables(engine).courses
            # Row 0 stands for nothing.
            assert len(engine.rows(courses)) == 1
            (row,) = engine.rows(courses.filter(courses.workflow_state == "available"))
    finally:
        canvas_database.execute("DROP SCHEMA dap CASCADE")
    assert {key: value for key, value in row.items() if value} == {
        "id": 1,
        "workflow_state": "available",
        "name": "Art",
        "settings": '{"a": 1}',
        "storage_quota": 5,
        "locale": "en",
        "created_at": datetime(1970, 1, 1),
    }


def test_the_schema_is_found_by_its_tables(canvas_database: CanvasDatabase) -> None:
    without = canvas_database.url.partition("&schema")[0]
    with engine_on(without) as engine:
        assert engine.source.endswith(f"/{canvas_database.name}, schema {SCHEMA}")
    canvas_database.execute(
        "CREATE SCHEMA shard_2",
        f"CREATE TABLE shard_2.pseudonyms AS SELECT * FROM {SCHEMA}.pseudonyms",
        f"CREATE TABLE shard_2.enrollments AS SELECT * FROM {SCHEMA}.enrollments",
    )
    try:
        with pytest.raises(BadSource, match="several schemas: canvas, shard_2"):
            Postgres(without).engine()
    finally:
        canvas_database.execute("DROP SCHEMA shard_2 CASCADE")


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (("schema=canvas", "schema=moodle"), BadSource, "no schema moodle"),
        (("/canvas_", "/other_"), SourceUnavailable, 'database "other_.*" does not exist'),
        (("postgres:@", "nobody@"), SourceUnavailable, 'role "nobody" does not exist'),
        (("postgresql:", "mysql:"), ConfigurationError, "begins with postgresql://"),
        (("&schema", "&colour=red&schema"), SourceUnavailable, "colour"),
    ],
)
def test_a_wrong_address_is_said(
    change: tuple[str, str],
    error: type[Exception],
    sentence: str,
    canvas_database: CanvasDatabase,
    opened: Open,
) -> None:
    with pytest.raises(error, match=sentence):
        opened(canvas_database.url.replace(*change))


@pytest.mark.parametrize("password", ["wrong secret", "100%wrong"])
def test_a_wrong_password_is_said_and_not_shown(
    password: str, canvas_database: CanvasDatabase, reader: str, opened: Open
) -> None:
    with pytest.raises(SourceUnavailable, match=r"password authentication failed|\*\*\*") as error:
        opened(url_of(reader, canvas_database, password))
    assert "wrong" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_password_shows_up_nowhere(canvas_database: CanvasDatabase, reader: str) -> None:
    url = url_of(reader, canvas_database)
    canvas_database.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {reader}")
    with rollbook.open(url) as institution, closing(Postgres(url).engine()) as engine:
        shown = [repr(institution.settings), repr(Postgres(url)), engine.source, Postgres(url).name]
    assert "not%20for" not in str(shown)


def test_a_table_that_may_not_be_read_is_said(
    canvas_database: CanvasDatabase, reader: str, tmp_path: Path
) -> None:
    canvas_database.execute(f"GRANT SELECT ON {SCHEMA}.accounts TO {reader}")
    with pytest.raises(MissingTable, match=f"GRANT SELECT ON ALL TABLES .* TO {reader}"):
        unpublished(canvas_database, tmp_path, url_of(reader, canvas_database))


def test_columns_that_may_not_be_read_are_as_missing(
    canvas_database: CanvasDatabase, reader: str, opened: Open
) -> None:
    canvas_database.execute(f"GRANT SELECT (id) ON {SCHEMA}.users TO {reader}")
    canvas_database.fill({"users": [{"id": 5, "name": "hidden"}]})
    engine = opened(url_of(reader, canvas_database))
    assert engine.rows(Tables(engine).users.select("id", "name")) == [{"id": 5, "name": None}]


def test_there_are_no_earlier_snapshots(canvas_database: CanvasDatabase) -> None:
    with pytest.raises(BadParameter, match="only the lake keeps earlier snapshots"):
        Postgres(canvas_database.url).engine(3)


def test_without_the_driver_it_says_what_to_install(
    canvas_database: CanvasDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    with pytest.raises(ConfigurationError, match=r'pip install "rollbook\[postgres\]"'):
        Postgres(canvas_database.url).engine()


def test_a_server_that_goes_away_is_said(canvas_database: CanvasDatabase, opened: Open) -> None:
    engine, users = opened(canvas_database.url), "users"
    canvas_database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE datname = '{canvas_database.name}' AND application_name = 'rollbook'"
    )
    with pytest.raises(SourceUnavailable, match="went away while it was read"):
        engine.rows(engine.source_table(users))
