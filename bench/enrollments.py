"""`provisioning_csv` enrollments, lake to finished CSV, against DuckDB's own COPY of the same SQL.

    python bench/enrollments.py --data DATA [--runs 5]

DATA holds `rollbook load demo --scale campus`. Prints a table; the ratio is COPY's time over ours.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from measure import in_turn

import rollbook

PARAMETERS = {"enrollments": True, "include_deleted": True}


def ours(data: Path, target: Path) -> None:
    """Write the report's file, fsync and rename included."""
    with rollbook.open(data) as institution:
        started = time.monotonic()
        institution.run("provisioning_csv", PARAMETERS).write(target)
        print(time.monotonic() - started)


def copy(data: Path, target: Path) -> None:
    """Let DuckDB write the same rows with the same columns."""
    with rollbook.open(data) as institution:
        started = time.monotonic()
        result = institution.run("provisioning_csv", PARAMETERS)
        connection = result.engine._connection  # type: ignore[attr-defined]  # noqa: SLF001
        sql = result.sql()["enrollments"]
        connection.execute(f"COPY ({sql}) TO '{target}' (FORMAT csv, HEADER true)")
        print(time.monotonic() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=["ours", "copy"])
    parser.add_argument("--target", type=Path)
    options = parser.parse_args()
    if options.only:
        {"ours": ours, "copy": copy}[options.only](options.data, options.target)
        return
    with tempfile.TemporaryDirectory() as folder:
        commands: dict[str, Sequence[str]] = {
            name: [
                *(sys.executable, __file__, "--data", str(options.data)),
                *("--only", name, "--target", f"{folder}/{name}.csv"),
            ]
            for name in ("ours", "copy")
        }
        measured = in_turn(commands, options.runs)
        rows = Path(f"{folder}/ours.csv").read_bytes().count(b"\n") - 1
    mine, theirs = measured["ours"], measured["copy"]
    print(f"| | median s | min s | max s | peak MB |  ({rows:,} rows)")
    print("|---|---|---|---|---|")
    for name, result in (("rollbook", mine), ("DuckDB COPY", theirs)):
        print(
            f"| {name} | {result.median_seconds:.2f} | {min(result.seconds):.2f} "
            f"| {max(result.seconds):.2f} | {result.peak_megabytes:.0f} |"
        )
    print(f"speed against COPY: {theirs.median_seconds / mine.median_seconds:.2f}")


if __name__ == "__main__":
    main()
