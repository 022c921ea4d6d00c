"""Loading a Canvas Data 2 snapshot, against DuckDB reading the same files into a table.

    python bench/load_canvas_data.py [--runs 3] [--rows 6000000] [--form parquet] [--in FOLDER]

Makes a dump (submissions, a third as many enrollments, users and what they point to) in a temporary
folder. DuckDB makes a table of each of the same files in a database file, which is durable as the
lake is, or with `--in-memory` in memory. Then the lake gets two incrementals of 1%: one changes the
newest rows, as in the course of a term, the other rows all over the tables. Prints a table, DuckDB's
time over ours, and the incrementals' time over the load's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb
from measure import in_turn, once

from rollbook.engines.duck import DuckLimits
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
CHANGED = {"submissions": "rows", "enrollments": "enrollments", "users": "users"}
"""Tables of which rows change, and what their number is called."""
CHANGES = """SELECT * REPLACE ("meta.ts" + INTERVAL 1 YEAR AS "meta.ts"), 'U' AS "meta.action"
    FROM ({query}) WHERE {condition}"""
CONDITIONS = {
    "of the newest rows": '"key.id" > {number} - {number} // 100',
    "all over": '"key.id" % 100 = 7',
}
MEMORY = "3GB"
"""Beside what DuckDB counts there are the interpreter, Arrow and the allocator."""
FORMS = {
    "parquet": ("parquet", "FORMAT parquet"),
    "csv": ("csv", "FORMAT csv, HEADER, NULLSTR 'NULL'"),
    "csv.gz": ("csv.gz", "FORMAT csv, HEADER, NULLSTR 'NULL', COMPRESSION gzip"),
}


def make_dump(folder: Path, rows: int, form: str, *, changes: str | None = None) -> None:
    """Write the tables, each into its folder; or an incremental, a key of `CONDITIONS`."""
    ending, options = FORMS[form]
    numbers = {"rows": rows, "users": max(rows // 40, 1), "courses": max(rows // 2000, 1)}
    numbers["enrollments"] = rows // 3
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name in CHANGED if changes else TABLES:
            target = folder / name
            target.mkdir(parents=True)
            sql = TABLES[name].format(**numbers)
            if changes:
                condition = CONDITIONS[changes].format(number=numbers[CHANGED[name]])
                sql = CHANGES.format(query=sql, condition=condition)
            connection.execute(f"COPY ({sql}) TO '{target}/part-0.{ending}' ({options})")


def ours(dump: Path, target: Path) -> None:
    """Load the dump as one snapshot, checks and all."""
    lake = Lake(target, DuckLimits(memory=MEMORY))
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
    parser.add_argument("--in", dest="place", type=Path, help="where the temporary folder is made")
    parser.add_argument("--only", choices=["ours", "theirs"])
    parser.add_argument("--dump", type=Path)
    parser.add_argument("--target", type=Path)
    options = parser.parse_args()
    if options.only == "ours":
        ours(options.dump, options.target)
    elif options.only == "theirs":
        with tempfile.TemporaryDirectory(dir=options.target) as target:
            theirs(options.dump, Path(target), in_memory=options.in_memory)
    else:
        with tempfile.TemporaryDirectory(dir=options.place) as folder:
            compare(Path(folder), options)


def compare(folder: Path, options: argparse.Namespace) -> None:
    """Measure both, then the incrementals on top of our last load."""
    dump = folder / "dump"
    make_dump(dump, options.rows, options.form)
    size = sum(file.stat().st_size for file in dump.rglob("*.*")) / 1e6
    start = [sys.executable, __file__, "--target", str(folder)]
    in_memory = ["--in-memory"] if options.in_memory else []
    load: Sequence[str] = [*start, "--only", "ours", "--dump"]
    commands: dict[str, Sequence[str]] = {
        "rollbook": [*load, str(dump)],
        "DuckDB": [*start, "--only", "theirs", "--dump", str(dump), *in_memory],
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
    whole = measured["rollbook"].median_seconds
    shares = []
    for number, changes in enumerate(CONDITIONS):
        incremental = folder / f"changes-{number}"
        make_dump(incremental, options.rows, options.form, changes=changes)
        seconds, peak = once([*load, str(incremental)])
        print(f"| rollbook, an incremental of 1%, {changes} | {seconds:.2f} | | {peak:.0f} |")
        shares.append(f"{seconds / whole:.1%} ({changes})")
    print(f"speed against DuckDB: {measured['DuckDB'].median_seconds / whole:.2f}")
    print(f"time of an incremental against the load's: {', '.join(shares)}")


if __name__ == "__main__":
    main()
