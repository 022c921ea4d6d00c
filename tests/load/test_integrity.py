"""What does not fit together is counted, kept with the snapshot and shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from load.canvas_data.dump import Dump, Record, deletions, records, updates, write_job
from typer.testing import CliRunner

from rollbook.cli.main import app
from rollbook.engines.lake import Lake
from rollbook.errors import RowsLost
from rollbook.load.demo import load_demo
from rollbook.load.integrity import (
    Integrity,
    Orphans,
    UnknownState,
    check_integrity,
    integrity_of,
)
from rollbook.reports.manifest import manifest_of
from rollbook.reports.registry import registry

LATER = "2025-06-01T06:00:00.000Z"
USERS = records(*({"id": n, "name": f"U{n}"} for n in range(1, 11)))
ENROLLMENTS = records(
    {"id": 1, "user_id": 1, "course_id": 5, "workflow_state": "active"},
    {"id": 2, "user_id": 77, "course_id": 5, "workflow_state": "actve"},
    {"id": 3, "user_id": 78, "course_id": None, "workflow_state": None},
)


@pytest.fixture
def dump(tmp_path: Path) -> Dump:
    return Dump(tmp_path)


def found(lake: Lake) -> Integrity:
    return integrity_of(lake, lake.snapshot())


def test_orphans_and_unknown_states_are_counted_with_examples(dump: Dump) -> None:
    """References to tables that are not there cannot be looked up, and count as nothing."""
    write_job(dump.folder / "d" / "users", USERS)
    write_job(dump.folder / "d" / "enrollments", ENROLLMENTS)

    dump.load(dump.folder / "d")

    assert found(dump.lake) == Integrity(
        orphans=(Orphans("enrollments", "user_id", "users", 2, (77, 78)),),
        unknown_states=(UnknownState("enrollments", "workflow_state", "actve", 1),),
        duplicate_keys={},
    )


def test_kinds_of_objects_are_told_apart(dump: Dump) -> None:
    groups = records(
        {"id": 1, "context_id": 5, "context_type": "Course"},
        {"id": 2, "context_id": 6, "context_type": "Course"},
        {"id": 3, "context_id": 5, "context_type": "Account"},
    )
    write_job(dump.folder / "d" / "courses", records({"id": 5, "name": "Art"}))
    write_job(dump.folder / "d" / "groups", groups)

    dump.load(dump.folder / "d")

    assert found(dump.lake).orphans == (Orphans("groups", "context_id", "courses", 1, (6,)),)


def test_what_a_load_cannot_have_touched_is_kept(dump: Dump) -> None:
    """A later load of users alone looks again at whatever points to users."""
    write_job(dump.folder / "d" / "users", USERS)
    write_job(dump.folder / "d" / "enrollments", ENROLLMENTS)
    dump.load(dump.folder / "d")

    dump.load_records("roles", USERS)
    assert [orphans.rows for orphans in found(dump.lake).orphans] == [2]

    dump.load_records("users", [*USERS, *records({"id": 77, "name": "late"})])
    assert [orphans.examples for orphans in found(dump.lake).orphans] == [(78,)]
    assert [state.state for state in found(dump.lake).unknown_states] == ["actve"]


SOUND = {
    "users": USERS,
    "enrollments": records(
        {"id": 1, "user_id": 1, "course_id": 5, "workflow_state": "active"},
        {"id": 2, "user_id": 2, "course_id": 5, "workflow_state": "active"},
    ),
    "courses": records({"id": 5, "name": "Art"}, {"id": 6, "name": "Music"}),
    "groups": records({"id": 1, "context_id": 5, "context_type": "Course"}),
}
BROKEN = {**SOUND, "enrollments": ENROLLMENTS}


@pytest.mark.parametrize(
    ("before", "changes", "problems"),
    [
        (SOUND, {"users": updates({"id": 1, "name": "Ada"}, {"id": 11}, ts=LATER)}, 0),
        (SOUND, {"courses": deletions(6, ts=LATER)}, 0),
        (SOUND, {"courses": deletions(5, ts=LATER)}, 2),
        (SOUND, {"enrollments": updates({"id": 3, "user_id": 99}, ts=LATER)}, 1),
        (SOUND, {"enrollments": updates({"id": 2, "workflow_state": "gone"}, ts=LATER)}, 1),
        (SOUND, {"groups": updates({"id": 1, "context_id": 7}, ts=LATER)}, 0),
        (BROKEN, {"users": updates({"id": 77, "name": "Ada"}, ts=LATER)}, 2),
        (BROKEN, {"enrollments": deletions(2, 3, ts=LATER)}, 0),
        (BROKEN, {"users": deletions(1, ts=LATER)}, 2),
    ],
)
def test_changes_are_found_as_if_all_were_looked_through(
    dump: Dump,
    before: Mapping[str, list[Record]],
    changes: Mapping[str, list[Record]],
    problems: int,
) -> None:
    for table, rows in before.items():
        write_job(dump.folder / "whole" / table, rows)
    dump.load(dump.folder / "whole")
    for table, rows in changes.items():
        write_job(dump.folder / "changes" / table, rows)
    dump.load(dump.folder / "changes")

    with dump.lake.reading(dump.lake.snapshot()) as connection:
        assert found(dump.lake) == check_integrity(connection)
    assert len(found(dump.lake).orphans + found(dump.lake).unknown_states) == problems


def test_loads_of_other_kinds_are_checked_when_asked(dump: Dump) -> None:
    load_demo(dump.lake, "tiny")

    assert found(dump.lake) == Integrity(duplicate_keys={})


def test_a_table_may_not_shrink_beyond_measure(dump: Dump) -> None:
    dump.load_records("users", USERS)
    write_job(dump.folder / "d" / "users", USERS[:8])

    with pytest.raises(RowsLost, match="users from 10 to 8 rows"):
        dump.load(dump.folder / "d", largest_loss=0.1)
    assert len(dump.values("users", "id")) == 10

    dump.load(dump.folder / "d", largest_loss=0.2)
    assert len(dump.values("users", "id")) == 8


def test_a_manifest_warns_of_what_its_report_reads(dump: Dump) -> None:
    write_job(dump.folder / "d" / "users", USERS)
    write_job(dump.folder / "d" / "enrollments", ENROLLMENTS)
    dump.load(dump.folder / "d")
    engine = dump.lake.engine()
    file = dump.folder / "report.csv"
    file.write_text("id\n")

    def warnings(*tables: str) -> list[str]:
        report = replace(registry(None).find("provisioning_csv"), tables=tables, optional_tables=())
        manifest = manifest_of(
            engine, report, file, account_id=1, parameters={}, rows={}, now=datetime.now(UTC)
        )
        found: list[str] = manifest["warnings"]
        return found

    assert warnings("users", "enrollments") == [
        "enrollments.user_id: 2 rows point to users that are not there.",
        "enrollments.workflow_state: 1 row has the state 'actve', which Canvas does not have.",
    ]
    assert warnings("users", "courses") == []
    engine.close()


def test_the_command_line_shows_the_check(dump: Dump) -> None:
    users = [*USERS, *records({"id": 10, "name": "U10"}), *records({"id": "oops"})]
    write_job(dump.folder / "d" / "users", users)
    write_job(dump.folder / "d" / "enrollments", ENROLLMENTS)
    data = ["--data", str(dump.folder / "data")]
    run = CliRunner()

    loaded = run.invoke(
        app, ["load", "canvas-data", str(dump.folder / "d"), "--strict", "5%", *data]
    )
    shown = run.invoke(app, ["check", *data])
    answer = json.loads(run.invoke(app, ["check", "--json", *data]).stdout)

    assert loaded.exit_code == 0
    assert "enrollments.user_id" in shown.stdout
    assert answer["orphans"][0]["rows"] == 2
    assert answer["tables"]["users"]["duplicates"] == 1
    assert answer["tables"]["users"]["without_key"] == 1
    assert answer["duplicate_keys"] == {}
