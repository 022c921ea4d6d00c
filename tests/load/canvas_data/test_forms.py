"""Every form of a dump's files gives the same rows (data_sources.md, 2.5 and 2.6)."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from load.canvas_data.dump import FORMS, MORNING, Dump, Record, deletions, records, write_job

COURSES = records(
    {"id": 1, "name": "Art", "course_code": "", "is_public": True, "storage_quota": 5},
    {"id": 2, "name": "NULL", "course_code": None, "is_public": False, "storage_quota": None},
    {"id": 3, "name": 'He said "no",\n\ttwice \\N \\n', "course_code": "a\\b", "is_public": None},
)
AS_ROWS = [
    (1, "Art", "", True, 5),
    (2, "NULL", None, False, None),
    (3, 'He said "no",\n\ttwice \\N \\n', "a\\b", None, None),
]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_null_empty_text_and_odd_characters_survive(dump: Dump, form: str, packed: bool) -> None:
    write_job(dump.folder / "in" / "courses", COURSES, form, packed=packed)

    dump.load(dump.folder / "in")

    columns = ("id", "name", "course_code", "is_public", "storage_quota")
    assert dump.rows("courses", *columns) == AS_ROWS


TEXTS = st.none() | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    | st.sampled_from('\\\n"N\t,'),
    max_size=12,
)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(TEXTS, TEXTS, st.none() | st.integers(-(2**60), 2**60)), max_size=8))
def test_all_forms_give_the_same_rows(
    values: list[tuple[str | None, str | None, int | None]],
) -> None:
    rows = [
        {"id": number, "name": name, "course_code": code, "storage_quota": quota}
        for number, (name, code, quota) in enumerate(values, start=1)
    ]
    columns = ("name", "course_code", "storage_quota")
    with TemporaryDirectory() as folder:
        dump = Dump(Path(folder))
        for form in ("csv", "tsv", "jsonl"):
            write_job(dump.folder / form / "courses", records(*rows), form, columns=columns)
            dump.load(dump.folder / form)
            assert dump.rows("courses", *columns) == [
                tuple(row[c] for c in columns) for row in rows
            ]


def test_an_unquoted_null_is_a_name_where_old_dumps_mean_one(dump: Dump) -> None:
    folder = dump.folder / "users"
    folder.mkdir()
    (folder / "a.csv").write_text(
        'key.id,value.name,value.short_name,meta.ts\n1,NULL,"",2025-01-01\n'
    )

    dump.load(folder, null_is_text=True)

    assert dump.rows("users", "name", "short_name") == [("NULL", "")]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_text_files_may_have_a_mark_and_other_line_ends(dump: Dump, line_end: str) -> None:
    lines = ["key.id,value.name,meta.ts", '1,"a\r\nb",2025-01-01T00:00:00Z', "2,c,2025-01-01", ""]
    file = dump.folder / "users.csv"
    file.write_bytes(b"\xef\xbb\xbf" + line_end.join(lines).encode())

    dump.load(file)

    assert dump.rows("users", "id", "name") == [(1, "a\r\nb"), (2, "c")]


TIMES = {
    "2023-10-23T01:02:03Z": datetime(2023, 10, 23, 1, 2, 3),
    "2023-10-23T01:02:03.123Z": datetime(2023, 10, 23, 1, 2, 3, 123000),
    "2023-10-23T01:02:03.123456Z": datetime(2023, 10, 23, 1, 2, 3, 123456),
    "2023-10-23T01:02:03+02:00": datetime(2023, 10, 22, 23, 2, 3),
    "9999-12-31T23:59:59.999Z": datetime(9999, 12, 31, 23, 59, 59, 999000),
    "0001-01-01T00:00:00Z": datetime(1, 1, 1),
    "0000-01-01T00:00:00Z": None,
    "10000-01-01T00:00:00Z": None,
    "2015-02-30T00:00:00Z": None,
    "infinity": None,
}


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl"])
def test_times_are_utc_and_those_that_cannot_be_are_counted(dump: Dump, form: str) -> None:
    rows = [{"id": n, "start_at": text} for n, text in enumerate(TIMES, start=1)]

    summary = dump.load_records("courses", records(*rows), form)

    assert dump.values("courses", "start_at") == list(TIMES.values())
    assert dump.details("courses")["failed_casts"] == {"start_at": 4}
    assert summary.warnings == (
        "courses.start_at is not of its type in 4 records, and is empty there.",
    )


@pytest.mark.parametrize("form", FORMS)
def test_infinite_numbers_are_empty_and_counted(dump: Dump, form: str) -> None:
    infinite = [float("nan"), float("inf")] if "parquet" in form else ["NaN", "inf"]
    rows = [{"id": n, "points_possible": v} for n, v in enumerate([1.5, *infinite], start=1)]
    texts = (
        rows
        if "parquet" in form
        else [{**row, "points_possible": str(row["points_possible"])} for row in rows]
    )

    dump.load_records("assignments", records(*texts), form)

    assert dump.values("assignments", "points_possible") == [1.5, None, None]
    assert dump.details("assignments")["failed_casts"] == {"points_possible": 2}


@pytest.mark.parametrize("form", FORMS)
def test_values_too_large_to_be_exported_are_empty_and_counted(dump: Dump, form: str) -> None:
    rows = [
        {"id": 1, "name": "__CD2_oversized_TRUNCATED__"},
        {"id": 2, "name": "not __cd2_oversized_truncated__"},
    ]

    dump.load_records("users", records(*rows), form)

    assert dump.values("users", "name") == [None, "not __cd2_oversized_truncated__"]
    assert dump.details("users")["oversized"] == {"name": 1}
    assert dump.details("users")["failed_casts"] == {}


def test_unspecified_enumeration_values_stay(dump: Dump) -> None:
    dump.load_records("users", records({"id": 1, "workflow_state": "__dap_unspecified__"}))

    assert dump.values("users", "workflow_state") == ["__dap_unspecified__"]


@pytest.mark.parametrize("form", FORMS)
def test_arrays_are_comma_text_where_canvas_has_text(dump: Dump, form: str) -> None:
    arrays = [["online_quiz", "external_tool"], [], None]
    rows = [{"id": n, "submission_types": value} for n, value in enumerate(arrays, start=1)]

    dump.load_records("assignments", records(*rows), form)

    assert dump.values("assignments", "submission_types") == ["online_quiz,external_tool", "", None]


@pytest.mark.parametrize("form", FORMS)
def test_arrays_are_lists_where_canvas_has_lists(dump: Dump, form: str) -> None:
    rows = [{"id": 1, "redirect_uris": ["https://a", "b"]}, {"id": 2, "redirect_uris": []}]

    dump.load_records("developer_keys", records(*rows), form)

    assert dump.values("developer_keys", "redirect_uris") == [["https://a", "b"], []]


SETTINGS: list[dict[str, Any] | None] = [
    {"course_format": "online", "hide": True, "inner": {"a": "x", "b": None}},
    {"course_format": None, "hide": False, "inner": {"a": None, "b": None}},
    None,
]
FOLDED = [
    {"course_format": "online", "hide": True, "inner": {"a": "x"}},
    {"hide": False},
    None,
]


def without_empty(settings: str | None) -> Any:
    found = json.loads(settings) if settings else None
    return {k: v for k, v in found.items() if v != {}} if found else found


@pytest.mark.parametrize("form", ["csv", "tsv", "parquet"])
def test_expanded_structures_are_folded_without_what_is_null(dump: Dump, form: str) -> None:
    leaves = ("settings.course_format", "settings.hide", "settings.inner.a", "settings.inner.b")
    rows = [
        Record(n, {leaf: pick(value, leaf) for leaf in leaves})
        for n, value in enumerate(SETTINGS, start=1)
    ]
    write_job(dump.folder / "in" / "courses", rows, form, columns=leaves)

    dump.load(dump.folder / "in")

    assert [without_empty(text) for text in dump.values("courses", "settings")] == FOLDED


def pick(value: Any, path: str) -> Any:
    for name in path.split(".")[1:]:
        value = None if value is None else value.get(name)
    return value


@pytest.mark.parametrize("form", FORMS)
def test_condensed_structures_stay_json(dump: Dump, form: str) -> None:
    rows = [{"id": n, "settings": value} for n, value in enumerate(SETTINGS, start=1)]

    dump.load_records("courses", records(*rows), form)

    found = [json.loads(text) if text else None for text in dump.values("courses", "settings")]
    assert [value and value.get("hide") for value in found] == [True, False, None]
    assert [value and value.get("course_format") for value in found] == ["online", None, None]


def test_plain_names_without_sections_are_columns(dump: Dump) -> None:
    table = pa.table({"id": [1], "name": ["Ana"], "created_at": [datetime(2025, 1, 1)]})
    pq.write_table(table, dump.folder / "users.parquet")

    dump.load(dump.folder / "users.parquet")

    assert dump.rows("users", "name", "created_at") == [("Ana", datetime(2025, 1, 1))]


def test_the_ending_of_a_file_is_not_trusted(dump: Dump) -> None:
    folder = dump.folder / "in" / "users"
    for form, name in (("csv", "a.json"), ("jsonl", "b.csv"), ("tsv", "c"), ("parquet", "d")):
        file = write_job(folder / form, records({"id": ord(name[0]), "name": form}), form)
        file.rename(file.with_name(name))

    dump.load(dump.folder / "in")

    assert dump.values("users", "name") == ["csv", "jsonl", "tsv", "parquet"]


def test_parts_of_other_forms_and_columns_are_one_table(dump: Dump) -> None:
    folder = dump.folder / "in" / "users"
    write_job(folder, records({"id": 1, "name": "Ana"}), "csv")
    write_job(folder, records({"id": 2, "short_name": "Ben"}), "tsv", packed=True)
    write_job(folder, records({"id": 3, "name": "Cy", "short_name": "C"}), "parquet")

    dump.load(dump.folder / "in")

    assert dump.rows("users", "name", "short_name") == [("Ana", None), (None, "Ben"), ("Cy", "C")]


def test_unknown_columns_are_named_and_kept_out(dump: Dump) -> None:
    rows = records({"id": 1, "name": "Ana", "shoe_size": 42, "avatar_image_source": "x"})

    summary = dump.load_records("users", rows)

    assert dump.details("users")["unknown_columns"] == ["shoe_size"]
    assert summary.warnings == ("users: unknown columns were left out: shoe_size.",)
    engine = dump.lake.engine()
    assert sorted(engine.columns("users") or ()) == ["id", "meta_lost", "meta_ts", "name"]
    engine.close()


def test_the_key_of_enrollment_states_is_the_enrollment(dump: Dump) -> None:
    rows = [Record(7, {"state": "active"})]
    write_job(dump.folder / "in" / "enrollment_states", rows, "jsonl", key="enrollment_id")

    dump.load(dump.folder / "in")

    assert dump.rows("enrollment_states", "enrollment_id", "state") == [(7, "active")]


def test_row_0_and_rows_without_key_are_left_out(dump: Dump) -> None:
    file = dump.folder / "users.csv"
    file.write_text(
        f"key.id,value.name,meta.ts\n0,nobody,{MORNING}\n,lost,{MORNING}\n1,Ana,{MORNING}\n"
    )

    dump.load(file)

    assert dump.rows("users", "id", "name") == [(1, "Ana")]
    assert dump.details("users")["without_key"] == 1


@pytest.mark.parametrize("form", FORMS)
def test_deletions_in_a_whole_table_are_no_rows(dump: Dump, form: str) -> None:
    rows = [*records({"id": 1, "name": "Ana"}, action="U"), *deletions(2, ts=MORNING)]
    write_job(dump.folder / "snapshot" / "users", rows, form)

    dump.load(dump.folder / "snapshot")

    assert dump.rows("users", "id", "name") == [(1, "Ana")]
