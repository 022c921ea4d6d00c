"""Canvas's own database into the lake: one moment of it, whole or what has changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from adbc_driver_postgresql import dbapi
from cli.command import Rollbook
from cli.terminal import assert_nothing_was_loaded, files_in, terminal
from conformance.cells import read_files
from engines.postgres_server import CanvasDatabase, create_table
from load.postgres.small_database import Copying, people

import rollbook
from rollbook.canvas.schema import TABLES
from rollbook.canvas.tables import Tables
from rollbook.engines.postgres import Postgres
from rollbook.errors import BadSource, MissingTable, RowsLost, SourceUnavailable
from rollbook.load.json_tables import load_tables
from rollbook.load.postgres import load_postgres

CASES = Path(__file__).parents[2] / "conformance" / "cases"
SECRET = "not for logs"
ROOT = {"id": 1, "name": "Root", "workflow_state": "active", "root_account_id": 0}


@pytest.fixture
def reader(canvas: Copying) -> Iterator[str]:
    """A role that comes in with a password, and may read no table yet."""
    role = f"reader_few_{canvas.database.name}"
    canvas.execute(
        f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}'", f"GRANT USAGE ON SCHEMA few TO {role}"
    )
    yield role
    canvas.execute(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def url_of(role: str, canvas: Copying, password: str = SECRET) -> str:
    return canvas.url.replace("postgres:@", f"{role}:{password.replace(' ', '%20')}@")


def test_a_report_over_the_copy_is_that_over_the_database(
    canvas_database: CanvasDatabase, tmp_path: Path
) -> None:
    """All of Canvas's tables; all cases are run so with `--engine copy`."""
    case = json.loads((CASES / "sis/enrollments_provisioning_default.json").read_text("utf-8"))
    canvas_database.fill(case["tables"])
    with rollbook.open(tmp_path / "data") as lake, rollbook.open(canvas_database.url) as direct:
        load_postgres(lake.lake, Postgres(canvas_database.url))
        on_lake, on_postgres = (
            report_of(case, institution, tmp_path / name)
            for name, institution in (("lake", lake), ("postgres", direct))
        )
        assert on_lake == on_postgres
        assert sum(map(len, on_lake.values())) > len(on_lake)
        engine = lake.lake.engine()
        assert {name for name in TABLES if engine.columns(name) is None} == set()
        engine.close()


def report_of(case: dict[str, Any], institution: rollbook.Institution, folder: Path) -> Any:
    folder.mkdir()
    result = institution.run(
        case["report"],
        case["parameters"],
        account=str(case["account_id"]),
        now=datetime.fromisoformat(case["now"]),
    )
    return read_files(result.write(folder))


def test_values_come_as_they_are(canvas: Copying) -> None:
    text = 'O\'Neil, "Zoë" \\ 中文\t\n{a,b} NULL '
    yaml = "---\n:course_format: online\n:nested: !ruby/hash:ActiveSupport::HashWithIndifferentAccess\n  a: 1\n"
    moment = datetime(2026, 3, 8, 9, 59, 59, 999999)
    course = {
        "id": 10_000_000_000_007,
        "name": text,
        "course_code": "",
        "settings": yaml,
        "is_public": False,
        "storage_quota": 2**62,
        "start_at": moment.isoformat(),
    }
    canvas.insert("courses", course, {"id": 8}, {"id": 0, "name": "stands for nothing"})
    canvas.insert("assignments", {"id": 1, "points_possible": 0.1})

    canvas.load()

    columns = "id", "name", "course_code", "settings", "is_public", "storage_quota", "start_at"
    assert canvas.rows("courses", *columns) == [
        (8, None, None, None, None, None, None),
        (10_000_000_000_007, text, "", yaml, False, 2**62, moment),
    ]
    assert canvas.rows("assignments", "points_possible") == [(0.1,)]


def test_what_the_database_lacks_is_derived(canvas: Copying) -> None:
    more = ("course_sections", "enrollments", "account_users")
    canvas.execute(
        *(create_table(name, schema="few") for name in more),
        "ALTER TABLE courses DROP COLUMN root_account_id",
    )
    canvas.insert("accounts", ROOT, {**ROOT, "id": 2, "parent_account_id": 1})
    canvas.insert("courses", {"id": 5, "account_id": 2, "workflow_state": "available"})

    summary = canvas.load()

    assert canvas.rows("courses", "root_account_id") == [(1,)]
    assert canvas.rows("course_account_associations", "course_id", "account_id", "depth") == [
        (5, 1, 1),
        (5, 2, 0),
    ]
    assert canvas.kinds()["course_account_associations"] == "derived"
    assert canvas.details()["tables"]["courses"]["missing_columns"] == ["root_account_id"]
    assert summary.rows["accounts"] == 2


def test_older_canvas_says_it_by_other_columns_and_names(canvas: Copying) -> None:
    """The same from the lake and straight from the database (data_sources.md, section 4)."""
    more = ("scores", "access_tokens", "outcome_proficiencies", "authentication_providers")
    canvas.execute(
        *(create_table(name, schema="few") for name in more),
        "ALTER TABLE scores DROP COLUMN course_score, DROP COLUMN unposted_current_score, "
        "DROP COLUMN unposted_final_score",
        "ALTER TABLE access_tokens DROP COLUMN permanent_expires_at",
        "ALTER TABLE outcome_proficiencies DROP COLUMN context_type, DROP COLUMN context_id",
        "ALTER TABLE authentication_providers RENAME TO account_authorization_configs",
    )
    score = {"enrollment_id": 3, "current_score": 80.5, "final_score": 70}
    canvas.insert("accounts", ROOT)
    canvas.insert("scores", {"id": 1, **score}, {"id": 2, "grading_period_id": 9, **score})
    canvas.insert("access_tokens", {"id": 1, "expires_at": "2027-01-02"})
    canvas.insert("outcome_proficiencies", {"id": 1, "account_id": 7}, {"id": 2})
    canvas.insert("account_authorization_configs", {"id": 4, "auth_type": "ldap"})

    canvas.load()

    expected: dict[str, dict[str, list[Any]]] = {
        "scores": {
            "course_score": [True, False],
            "unposted_current_score": [80.5, 80.5],
            "unposted_final_score": [70.0, 70.0],
        },
        "access_tokens": {"permanent_expires_at": [datetime(2027, 1, 2)]},
        "outcome_proficiencies": {"context_type": ["Account", None], "context_id": [7, None]},
        "authentication_providers": {"id": [4], "auth_type": ["ldap"]},
    }
    for source in (canvas.lake, Postgres(canvas.url)):
        with closing(source.engine()) as engine:
            for name, columns in expected.items():
                rows = engine.rows(getattr(Tables(engine), name).order_by("id"))
                found = {column: [row[column] for row in rows] for column in columns}
                assert found == columns


def test_canvas_data_does_not_tell_until_when_tokens_are_valid(canvas: Copying) -> None:
    """It lacks `token_hint`, too (2.2, 2.3)."""
    canvas.execute(
        create_table("access_tokens", schema="few"),
        "ALTER TABLE access_tokens DROP COLUMN permanent_expires_at, DROP COLUMN token_hint",
    )
    canvas.insert("access_tokens", {"id": 1, "expires_at": "2027-01-02"})
    with closing(Postgres(canvas.url).engine()) as engine:
        rows = engine.rows(Tables(engine).access_tokens)
    assert [row["permanent_expires_at"] for row in rows] == [None]


def test_a_load_sees_one_moment(canvas: Copying) -> None:
    """What Canvas commits while the tables are read belongs to the next load."""
    canvas.insert("users", *people(1, 2))
    canvas.insert("pseudonyms", {"id": 1, "user_id": 1}, {"id": 2, "user_id": 2})
    steps: list[str] = []

    def change_at_the_second_table(step: str, share: float) -> None:
        if steps and not steps[-1].startswith("pseudonyms") and step.startswith("pseudonyms"):
            canvas.execute(
                "DELETE FROM users WHERE id = 2",
                "DELETE FROM pseudonyms WHERE id = 2",
                "INSERT INTO pseudonyms (id, user_id) VALUES (3, 1)",
            )
        steps.append(step)

    canvas.load(change_at_the_second_table)

    assert canvas.rows("users", "id") == [(1,), (2,)]
    assert canvas.rows("pseudonyms", "id") == [(1,), (2,)]
    assert steps.index("users, 2 rows") < steps.index("pseudonyms, 2 rows")
    canvas.load()
    assert canvas.rows("pseudonyms", "id") == [(1,), (3,)]


def test_since_last_brings_what_was_updated(canvas: Copying) -> None:
    canvas.insert("users", *people(1, 2, 3), *people(4, name="a year ago", at="2025-03-01"))
    canvas.insert("courses", {"id": 5, "name": "untouched", "updated_at": "2026-03-01"})
    canvas.load()
    canvas.execute(
        "UPDATE users SET name = 'changed', updated_at = '2026-03-02' WHERE id = 1",
        "UPDATE users SET name = 'committed late' WHERE id = 2",
        "UPDATE users SET name = 'changed, but not said so' WHERE id = 4",
        "DELETE FROM users WHERE id = 3",
    )
    canvas.insert("users", *people(6, name="new", at="2026-03-02"))

    summary = canvas.load(since_last=True)

    assert canvas.rows("users", "id", "name") == [
        *((1, "changed"), (2, "committed late"), (3, "Ada"), (4, "a year ago"), (6, "new")),
    ]
    assert summary.rows["users"] == 5
    assert "courses" not in summary.rows
    assert canvas.details()["tables"]["users"]["changed"] == 3
    canvas.load()
    assert canvas.rows("users", "id", "name")[2:] == [(4, "changed, but not said so"), (6, "new")]


def test_since_last_reads_whole_what_it_cannot_compare(canvas: Copying) -> None:
    """Tables without a time, tables that look another way now, and all of another database."""
    canvas.insert("users", *people(1))
    canvas.insert("courses", {"id": 5})
    load_tables(canvas.lake, {"submissions": [{"id": 1}]}, "other data", keep_others=True)

    first = canvas.load(since_last=True)
    assert "were replaced" in first.warnings[0]
    assert "No load of this database" in first.warnings[1]
    assert "submissions" not in canvas.kinds()

    canvas.execute(
        "ALTER TABLE users DROP COLUMN sortable_name",
        "ALTER TABLE courses DROP COLUMN updated_at",
        "DROP TABLE assignments",
    )
    canvas.load(since_last=True)

    kinds = canvas.kinds()
    assert {"accounts": "changes", "users": "whole", "courses": "whole"}.items() <= kinds.items()
    assert "assignments" not in kinds
    assert len(canvas.lake.snapshots()) == 3


def test_a_time_that_has_not_come_does_not_hide_changes(canvas: Copying) -> None:
    canvas.insert("users", *people(1, at="2099-01-01"))
    canvas.load()
    canvas.execute("INSERT INTO users (id, updated_at) VALUES (2, now())")
    canvas.load(since_last=True)
    assert canvas.rows("users", "id") == [(1,), (2,)]


def test_what_does_not_fit_is_counted(canvas: Copying) -> None:
    canvas.insert("users", *people(1), {"id": 2, "workflow_state": "retired"})
    canvas.insert("pseudonyms", {"id": 1, "user_id": 77}, {"id": 2, "user_id": 1})
    canvas.load()
    assert canvas.details()["integrity"]["orphans"][0]["examples"] == [77]
    assert canvas.details()["integrity"]["unknown_states"][0]["state"] == "retired"

    canvas.insert("users", *people(77, at="2026-04-01"))
    canvas.load(since_last=True)
    assert canvas.details()["integrity"]["orphans"] == []
    assert canvas.details()["integrity"]["unknown_states"][0]["state"] == "retired"


def test_a_table_may_not_shrink_beyond_measure(canvas: Copying) -> None:
    canvas.insert("users", *people(*range(1, 11)))
    canvas.load()
    canvas.execute("DELETE FROM users WHERE id > 8")
    with pytest.raises(RowsLost, match="users from 10 to 8 rows"):
        canvas.load(largest_loss=0.1)
    assert len(canvas.rows("users", "id")) == 10


def test_a_server_that_goes_away_changes_nothing(canvas: Copying) -> None:
    canvas.insert("users", *people(1))
    canvas.load()
    canvas.execute("UPDATE users SET name = 'later'")

    def stop(step: str, share: float) -> None:
        if step.startswith("pseudonyms"):
            canvas.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                f"WHERE datname = '{canvas.database.name}' AND application_name = 'rollbook'"
            )

    with pytest.raises(SourceUnavailable, match="went away while it was read"):
        canvas.load(stop)
    assert canvas.rows("users", "name") == [("Ada",)]
    assert len(canvas.lake.snapshots()) == 1


def test_ctrl_c_while_the_database_lets_us_wait(canvas: Copying) -> None:
    canvas.insert("accounts", ROOT)
    canvas.insert("users", *people(1))
    canvas.load()
    before = files_in(canvas.folder)
    with dbapi.connect(canvas.url.partition("&schema")[0]) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE few.users IN ACCESS EXCLUSIVE MODE")
        with terminal("load", "postgres", canvas.url, "--data", canvas.folder) as shown:
            shown.wait_for("users, 0 rows")
            assert files_in(canvas.folder) > before
            shown.interrupt()
            assert_nothing_was_loaded(shown, shown.end())

    assert canvas.rows("users", "name") == [("Ada",)]
    assert len(canvas.lake.snapshots()) == 1
    assert files_in(canvas.folder) == before


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (("schema=few", "schema=moodle"), BadSource, "no schema moodle"),
        (("/canvas_", "/other_"), SourceUnavailable, 'cannot be opened: .*"other_.*" does not'),
        (("postgres:@", "reader_x:hid%20den@"), SourceUnavailable, "password authentication"),
        (("&schema", "&colour=hid%20den&schema"), SourceUnavailable, "colour"),
    ],
)
def test_a_wrong_address_is_said(
    change: tuple[str, str], error: type[Exception], sentence: str, canvas: Copying
) -> None:
    with pytest.raises(error, match=sentence) as found:
        load_postgres(canvas.lake, Postgres(canvas.url.replace(*change)))
    assert "hid" not in str(found.value).replace("colour=hid%20den", "")
    assert canvas.lake.snapshots() == []


def test_tables_that_may_not_be_read_refuse_the_load_or_are_left_out(
    canvas: Copying, reader: str, tmp_path: Path
) -> None:
    canvas.insert("users", *people(1))
    canvas.execute(
        f"GRANT SELECT ON ALL TABLES IN SCHEMA few TO {reader}",
        f"REVOKE SELECT ON pseudonyms FROM {reader}",
    )
    command = Rollbook(tmp_path)
    load = ("load", "postgres", url_of(reader, canvas))

    refused = command(*load, status=MissingTable.exit_status)
    assert f"GRANT SELECT ON ALL TABLES IN SCHEMA few TO {reader}" in " ".join(
        refused.stderr.split()
    )
    done = command(*load, "--skip-unreadable", "--json")

    answer = json.loads(done.stdout)
    assert answer["rows"] == {"users": 1}
    assert "pseudonyms" in answer["warnings"][0]
    assert answer["source"] == f"Postgres {Postgres(canvas.url).name.partition(' ')[2]}"
    for said in (refused, done):
        assert "not%20for" not in f"{said.stdout}{said.stderr}"
