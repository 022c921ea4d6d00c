"""Which table a file is of, and whether it holds all of it or changes (data_sources.md, 2.4)."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
from load.canvas_data.dump import FORMS, Dump, Record, records, updates, write_job

from rollbook.errors import BadParameter, BadSource
from rollbook.load.canvas_data import CanvasDataOptions, tables_complete_until
from rollbook.load.canvas_data.dap_tables import DAP_COLUMNS
from rollbook.load.canvas_data.discovery import Found, Job, Kind, complete_until, find_jobs
from rollbook.load.canvas_data.recognition import guess_table

EIGHT = "2025-01-01T08:00:00.000Z"
TEN = "2025-01-01T10:00:00.000Z"
NOON = "2025-01-01T12:00:00.000Z"
SNAPSHOT_AT_TEN = Job("users", Kind.SNAPSHOT, (), at=TEN)
FROM_EIGHT_TO_TEN = Job("users", Kind.INCREMENTAL, (), since=EIGHT, at=TEN)
FROM_TEN_TO_NOON = Job("users", Kind.INCREMENTAL, (), since=TEN, at=NOON)


def found_in(*sources: Path, **options: object) -> Found:
    return find_jobs(sources, CanvasDataOptions(**options), sources[0].parent)  # type: ignore[arg-type]


def tables_and_kinds(found: Found) -> list[tuple[str, str | None]]:
    return sorted((job.table, job.kind) for job in found.jobs)


def full_record(table: str) -> list[Record]:
    return [Record(1, dict.fromkeys(DAP_COLUMNS[table] - {"id"}, "1"))]


def write_manifest(folder: Path, **fields: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {"since": EIGHT, "at": NOON} | fields
    (folder / "manifest.json").write_text(json.dumps(manifest))


ANA = records({"id": 1, "name": "Ana"})


def test_tables_are_named_by_folders_and_files(tmp_path: Path) -> None:
    write_job(tmp_path / "d" / "users" / "job_1", ANA)
    write_job(tmp_path / "d" / "2025" / "canvas.Roles" / "more", ANA, "jsonl")
    write_job(tmp_path / "d", ANA, "parquet").rename(tmp_path / "d" / "courses.parquet")
    write_job(tmp_path / "d", ANA, packed=True).rename(tmp_path / "d" / "canvas__groups.csv.gz")
    for name in ("users_schema_version_3.json", "README.md", ".hidden.csv", "part.csv.tmp"):
        (tmp_path / "d" / name).write_text("{}")

    found = tables_and_kinds(found_in(tmp_path / "d"))

    assert found == [(name, "snapshot") for name in ("courses", "groups", "roles", "users")]


def test_the_name_of_the_given_folder_counts_but_not_of_those_above_it(tmp_path: Path) -> None:
    write_job(tmp_path / "groups" / "users", ANA)

    assert tables_and_kinds(found_in(tmp_path / "groups" / "users")) == [("users", "snapshot")]


@pytest.mark.parametrize("form", FORMS)
def test_a_heap_of_job_folders_is_told_apart_by_columns(tmp_path: Path, form: str) -> None:
    tables = ("users", "courses", "assessment_questions", "assessment_question_banks")
    for number, table in enumerate(tables):
        write_job(tmp_path / "downloads" / f"job_{number}", full_record(table), form)

    found = found_in(tmp_path / "downloads")

    assert [table for table, _ in tables_and_kinds(found)] == sorted(tables)


@pytest.mark.parametrize("table", DAP_COLUMNS)
def test_every_table_is_known_by_its_columns(table: str) -> None:
    assert guess_table(DAP_COLUMNS[table]).table == table


def test_a_table_that_lost_or_gained_a_few_columns_is_still_known() -> None:
    columns = sorted(DAP_COLUMNS["enrollments"] - {"id", "type"})

    assert guess_table(frozenset([*columns, "new_one"])).table == "enrollments"


def test_part_of_another_tables_columns_is_not_taken_for_a_table() -> None:
    """Question banks have a subset of the columns of other tables."""
    some = DAP_COLUMNS["assessment_question_banks"] - {"migration_id"}

    guess = guess_table(some)

    assert guess.table is None
    assert "assessment_question_banks" in guess.resembling


def test_files_of_doubtful_tables_are_asked_about(tmp_path: Path) -> None:
    some = dict.fromkeys(sorted(DAP_COLUMNS["users"])[:15], "x")
    write_job(tmp_path / "d" / "job_7", [Record(1, some)])

    with pytest.raises(BadSource) as error:
        found_in(tmp_path / "d")

    assert "d/job_7 (columns like those of users" in str(error.value)
    assert "--table NAME=PATH" in str(error.value)
    assert found_in(tmp_path / "d", skip_unrecognised=True).unrecognised == ("d/job_7",)


def test_files_unlike_any_table_are_left_out_and_named(tmp_path: Path) -> None:
    write_job(tmp_path / "d" / "users", ANA)
    write_job(tmp_path / "d" / "job_7", [Record(1, {"wiki_word": "x", "kind": "y", "other": 1})])

    assert found_in(tmp_path / "d").unrecognised == ("d/job_7",)


def test_tables_that_no_report_reads_are_named_only(tmp_path: Path) -> None:
    write_job(tmp_path / "d" / "favorites", ANA)
    write_job(tmp_path / "d" / "users", ANA)

    found = found_in(tmp_path / "d")

    assert found.unread == ("favorites",)
    assert tables_and_kinds(found) == [("users", "snapshot")]


def test_a_person_has_the_last_word(tmp_path: Path) -> None:
    file = write_job(tmp_path / "d" / "users", ANA)
    write_job(tmp_path / "d" / "courses", ANA)
    pattern = str(tmp_path / "d" / "us*" / "*.csv")

    found = tables_and_kinds(found_in(tmp_path / "d", tables={"roles": [pattern]}))

    assert found == [("courses", "snapshot"), ("roles", "snapshot")]
    assert tables_and_kinds(
        find_jobs([], CanvasDataOptions(tables={"roles": [str(file.parent)]}), tmp_path)
    ) == [("roles", "snapshot")]


def test_mappings_to_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="Canvas has no table 'usres'"):
        find_jobs([], CanvasDataOptions(tables={"usres": ["x"]}), tmp_path)
    with pytest.raises(BadSource, match=r"No file is named .*none\.csv, .* the table users"):
        find_jobs([], CanvasDataOptions(tables={"users": [f"{tmp_path}/none.csv"]}), tmp_path)


def test_the_clients_log_names_the_tables_of_job_folders(tmp_path: Path) -> None:
    for number in (1, 2):
        write_job(tmp_path / "d" / f"job_aaaa-000{number}", ANA)
    log = tmp_path / "dap.log"
    log.write_text(
        "INFO - Starting snapshot of table 'roles'\nINFO - Query job aaaa-0001 started\n"
        "INFO - Starting incremental update of table 'users'\nINFO - job still running: aaaa-0002\n"
    )

    found = found_in(tmp_path / "d", client_logs=[log])

    assert tables_and_kinds(found) == [("roles", "snapshot"), ("users", "snapshot")]


def test_a_manifest_says_all(tmp_path: Path) -> None:
    folder = tmp_path / "d" / "20250101"
    file = write_job(folder, ANA)
    write_manifest(folder, table="courses", kind="incremental", files=[file.name])

    (job,) = found_in(tmp_path / "d").jobs

    assert (job.table, job.kind, job.since, job.at) == ("courses", "incremental", EIGHT, NOON)


def test_a_manifest_without_files_is_a_job_without_records(dump: Dump) -> None:
    write_manifest(dump.folder / "d" / "whole", table="users", kind="snapshot", files=[])

    dump.load(dump.folder / "d")

    assert dump.values("users", "name") == []
    assert "name" not in dump.details("users")["missing_columns"]
    assert tables_complete_until(dump.lake) == {"users": NOON}


def test_a_manifest_that_names_what_is_not_there_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    write_job(folder, ANA)
    write_manifest(folder, table="users", kind="snapshot", files=["part-00000.csv", "part-1.csv"])
    with pytest.raises(BadSource, match=r"d lacks part-1\.csv, which its manifest names"):
        found_in(folder)


@pytest.mark.parametrize("content", ["[]", "{", '{"at": 5}', '{"at": "2025-01-01T00:00:00"}'])
def test_a_manifest_that_cannot_be_read_is_refused(tmp_path: Path, content: str) -> None:
    write_job(tmp_path, ANA)
    (tmp_path / "manifest.json").write_text(content)

    with pytest.raises(BadSource, match="is not a readable manifest"):
        found_in(tmp_path)


@pytest.mark.parametrize(
    ("earlier", "jobs", "until"),
    [
        ("", [SNAPSHOT_AT_TEN], TEN),
        (NOON, [SNAPSHOT_AT_TEN], TEN),
        (TEN, [Job("users", Kind.SNAPSHOT, ())], ""),
        (TEN, [FROM_TEN_TO_NOON], NOON),
        ("2025-01-01T11:00:00+01:00", [FROM_TEN_TO_NOON], NOON),
        (EIGHT, [FROM_TEN_TO_NOON], EIGHT),
        (EIGHT, [FROM_TEN_TO_NOON, FROM_EIGHT_TO_TEN], NOON),
        ("", [FROM_TEN_TO_NOON, SNAPSHOT_AT_TEN], NOON),
        (NOON, [FROM_EIGHT_TO_TEN], NOON),
        ("", [FROM_TEN_TO_NOON], ""),
        (TEN, [Job("users", Kind.INCREMENTAL, (), at=NOON)], TEN),
    ],
)
def test_a_table_is_complete_until_there_may_be_a_gap(
    earlier: str, jobs: list[Job], until: str
) -> None:
    assert complete_until(earlier, jobs) == until


@pytest.mark.parametrize("form", FORMS)
def test_records_with_actions_are_changes(tmp_path: Path, form: str) -> None:
    write_job(tmp_path / "d" / "users" / "job_1", ANA, form)
    write_job(tmp_path / "d" / "users" / "job_2", updates({"id": 1, "name": "A"}, ts=NOON), form)
    write_job(tmp_path / "d" / "courses", ANA, form)
    write_job(tmp_path / "d" / "courses", updates({"id": 1, "name": "A"}, ts=NOON), form)

    found = tables_and_kinds(found_in(tmp_path / "d"))

    assert found == [
        ("courses", "incremental"),
        ("courses", "snapshot"),
        ("users", "incremental"),
        ("users", "snapshot"),
    ]


def test_a_folder_may_say_what_it_holds(tmp_path: Path) -> None:
    write_job(tmp_path / "snapshot" / "users", updates({"id": 1, "name": "A"}, ts=NOON))
    write_job(tmp_path / "users" / "20250101-incremental", ANA)

    assert tables_and_kinds(found_in(tmp_path / "snapshot")) == [("users", "snapshot")]
    assert tables_and_kinds(found_in(tmp_path / "users")) == [("users", "incremental")]


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("none")

    with pytest.raises(BadSource, match="no file of Canvas Data 2"):
        found_in(tmp_path)
    with pytest.raises(BadSource, match="nowhere is not there"):
        found_in(tmp_path / "nowhere")


def test_the_newest_of_several_snapshots_is_taken(dump: Dump) -> None:
    """Told by the records, not by the files' times."""
    newer = write_job(dump.folder / "d" / "users" / "job_1", records({"id": 2}, ts=NOON))
    write_job(dump.folder / "d" / "users" / "job_2", ANA)
    os.utime(newer, (0, 0))

    summary = dump.load(dump.folder / "d")

    assert dump.values("users", "id") == [2]
    assert summary.warnings == (
        "Several snapshots of users were found; the newest, d/users/job_1, was taken.",
    )


def test_a_zip_is_a_folder(dump: Dump) -> None:
    write_job(dump.folder / "d" / "users" / "job_1", ANA, packed=True)
    write_job(dump.folder / "d" / "courses" / "job_2", ANA, "parquet")
    archive = dump.folder / "dump.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for path in (dump.folder / "d").rglob("*.*"):
            target.write(path, path.relative_to(dump.folder / "d"))

    summary = dump.load(archive)

    assert summary.rows.keys() == {"courses", "users"}
    assert dump.values("users", "name") == ["Ana"]
    assert not (dump.folder / "data" / "loading").exists()
