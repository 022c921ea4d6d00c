"""Loading a Canvas Data 2 snapshot, against DuckDB reading the same files into a table.

    python bench/load_canvas_data.py [--runs 3] [--rows 6000000] [--form parquet]

Makes a dump (submissions, enrollments, users and what they point to) in a temporary folder. DuckDB
makes a table of each of the same files in a database file, which is durable as the lake is, or with
`--in-memory` in memory. Prints a table; the ratio is DuckDB's time over ours.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb
from measure import in_turn

from rollbook.engines.lake import Lake
from rollbook.load.canvas_data import load_canvas_data

TIME = "TIMESTAMPTZ '2024-01-01 00:00:00Z' + to_seconds(i)"
META = "TIMESTAMPTZ '2025-01-01 00:00:00Z' + to_seconds(i % 100000) AS \"meta.ts\""
TABLES = {
    "submissions": f"""SELECT i AS "key.id", i % {{courses}} * 20 + i % 20 AS "value.assignment_id",
        i % {{users}} + 1 AS "value.user_id", i % {{courses}} + 1 AS "value.course_id",
        CASE WHEN i % 3 > 0 THEN {TIME} END AS "value.submitted_at",
        (i % 1000) / 10.0::DOUBLE AS "value.score", ((i % 1000) / 10)::VARCHAR AS "value.grade",
        'graded' AS "value.workflow_state", 'online_upload' AS "value.submission_type",
        i % 3 AS "value.attempt", md5(i::VARCHAR) AS "value.url", {TIME} AS "value.created_at",
        {TIME} AS "value.updated_at", {META} FROM range(1, {{rows}} + 1) t(i)""",
    "enrollments": f"""SELECT i AS "key.id", i % {{users}} + 1 AS "value.user_id",
        i % {{courses}} + 1 AS "value.course_id", i % {{courses}} + 1 AS "value.course_section_id",
        'StudentEnrollment' AS "value.type", 3 AS "value.role_id", 'active' AS "value.workflow_state",
        {TIME} AS "value.last_activity_at", {TIME} AS "value.created_at",
        {TIME} AS "value.updated_at", {META} FROM range(1, {{rows}} // 3 + 1) t(i)""",
    "users": f"""SELECT i AS "key.id", 'Student ' || i AS "value.name",
        i || ', Student' AS "value.sortable_name", 'registered' AS "value.workflow_state",
        {TIME} AS "value.created_at", {META} FROM range(1, {{users}} + 1) t(i)""",
    "courses": f"""SELECT i AS "key.id", 'Course ' || i AS "value.name", 1 AS "value.account_id",
        'available' AS "value.workflow_state", {META} FROM range(1, {{courses}} + 1) t(i)""",
    "course_sections": f"""SELECT i AS "key.id", 'Section ' || i AS "value.name",
        i AS "value.course_id", 'active' AS "value.workflow_state", {META}
        FROM range(1, {{courses}} + 1) t(i)""",
    "assignments": f"""SELECT i AS "key.id", 'Work ' || i AS "value.title",
        i // 20 + 1 AS "value.context_id", 'Course' AS "value.context_type",
        'published' AS "value.workflow_state", {META} FROM range(0, {{courses}} * 20) t(i)""",
    "accounts": f"""SELECT 1 AS "key.id", 'University' AS "value.name", NULL::BIGINT AS
        "value.parent_account_id", 'active' AS "value.workflow_state", {META} FROM range(1) t(i)""",
}
FORMS = {
    "parquet": ("parquet", "FORMAT parquet"),
    "csv": ("csv", "FORMAT csv, HEADER, NULLSTR 'NULL'"),
    "csv.gz": ("csv.gz", "FORMAT csv, HEADER, NULLSTR 'NULL', COMPRESSION gzip"),
}


def make_dump(folder: Path, rows: int, form: str) -> None:
    """Write the tables, each into its folder, submissions in several parts."""
    ending, options = FORMS[form]
    numbers = {"rows": rows, "users": max(rows // 40, 1), "courses": max(rows // 2000, 1)}
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, query in TABLES.items():
            target = folder / name
            target.mkdir(parents=True)
            sql = query.format(**numbers)
            connection.execute(f"COPY ({sql}) TO '{target}/part-0.{ending}' ({options})")


def ours(dump: Path, target: Path) -> None:
    """Load the dump as one snapshot, checks and all."""
    lake = Lake(target)
    started = time.monotonic()
    load_canvas_data(lake, [dump])
    print(time.monotonic() - started)


def theirs(dump: Path, target: Path, *, in_memory: bool) -> None:
    """Read each table's files into a table of DuckDB."""
    started = time.monotonic()
    with duckdb.connect(":memory:" if in_memory else str(target / "tables.duckdb")) as connection:
        for folder in dump.iterdir():
            files = f"{folder}/*.{next(folder.iterdir()).name.partition('.')[2]}"
            connection.execute(f"CREATE TABLE {folder.name} AS FROM '{files}'")
    print(time.monotonic() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rows", type=int, default=6_000_000, help="submissions")
    parser.add_argument("--form", choices=list(FORMS), default="parquet")
    parser.add_argument("--in-memory", action="store_true")
    parser.add_argument("--only", choices=["ours", "theirs"])
    parser.add_argument("--dump", type=Path)
    options = parser.parse_args()
    if options.only:
        with tempfile.TemporaryDirectory(dir=options.dump.parent) as target:
            if options.only == "ours":
                ours(options.dump, Path(target))
            else:
                theirs(options.dump, Path(target), in_memory=options.in_memory)
        return
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "dump"
        make_dump(dump, options.rows, options.form)
        size = sum(file.stat().st_size for file in dump.rglob("*.*")) / 1e6
        start = [sys.executable, __file__, "--dump", str(dump)]
        in_memory = ["--in-memory"] if options.in_memory else []
        commands: dict[str, Sequence[str]] = {
            "rollbook": [*start, "--only", "ours"],
            "DuckDB": [*start, "--only", "theirs", *in_memory],
        }
        measured = in_turn(commands, options.runs)
    print(
        f"| {options.form}, {options.rows:,} submissions, {size:,.0f} MB | median s | min s | peak MB |"
    )
    print("|---|---|---|---|")
    for name, result in measured.items():
        print(
            f"| {name} | {result.median_seconds:.2f} | {min(result.seconds):.2f} "
            f"| {result.peak_megabytes:.0f} |"
        )
    ratio = measured["DuckDB"].median_seconds / measured["rollbook"].median_seconds
    print(f"speed against DuckDB: {ratio:.2f}")


if __name__ == "__main__":
    main()
