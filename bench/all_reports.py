"""All report types on two sizes of the demo institution: seconds, rows, peak memory.

    python bench/all_reports.py --small SMALL --campus CAMPUS [--only REPORT ...]

SMALL and CAMPUS hold `rollbook load demo --scale small` and `--scale campus`. Each report runs in a
process of its own, on SMALL and CAMPUS in turn. Prints a table; the last column is the cost of a
row on CAMPUS over that on SMALL, start-up left out.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measure import in_turn

import rollbook
from rollbook.reports.registry import BUILT_IN

_ALL_FILES = dict.fromkeys(
    (
        *("users", "accounts", "terms", "courses", "sections", "enrollments", "groups"),
        *("group_membership", "group_categories", "xlist", "user_observers", "admins"),
    ),
    True,
)
PARAMETERS: dict[str, dict[str, Any]] = {
    "provisioning_csv": {**_ALL_FILES, "include_deleted": True},
    "sis_export_csv": {**_ALL_FILES, "include_deleted": True},
    "mgp_grade_export_csv": {"enrollment_term_id": "current"},
    "students_with_no_submissions_csv": {
        "start_at": "2026-11-10T00:00:00Z",
        "end_at": "2026-11-24T00:00:00Z",
    },
    "zero_activity_csv": {"start_at": "2026-11-01T00:00:00Z"},
}


def run(data: Path, report: str, folder: Path) -> None:
    """Run one report; print its rows and its seconds."""
    with rollbook.open(data) as institution:
        started = time.monotonic()
        product = institution.run(report, PARAMETERS.get(report, {})).produce(folder)
        seconds = time.monotonic() - started
    rows = sum(lines - 1 for lines in product.lines.values())
    (folder / f"{report}-{data.name}.json").write_text(json.dumps(rows))
    print(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=Path)
    parser.add_argument("--campus", type=Path)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[report.key for report in BUILT_IN])
    parser.add_argument("--run", nargs=3, metavar=("DATA", "REPORT", "FOLDER"))
    options = parser.parse_args()
    if options.run:
        data, report, folder = options.run
        run(Path(data), report, Path(folder))
        return
    print("| report | rows | s | peak MB | µs a row | of `small`'s |")
    print("|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for report in options.only:
            print(line_of(report, options, Path(folder)), flush=True)


def line_of(report: str, options: argparse.Namespace, folder: Path) -> str:
    """A line of the table."""
    sizes: dict[str, Path] = {"small": options.small, "campus": options.campus}
    commands: dict[str, Sequence[str]] = {
        size: [sys.executable, __file__, "--run", str(data), report, str(folder)]
        for size, data in sizes.items()
    }
    measured = in_turn(commands, options.runs)
    cost: dict[str, float] = {}
    rows: dict[str, int] = {}
    for size, data in sizes.items():
        rows[size] = int(json.loads((folder / f"{report}-{data.name}.json").read_text()))
        cost[size] = 1e6 * measured[size].median_seconds / max(rows[size], 1)
    campus = measured["campus"]
    return (
        f"| {report} | {rows['campus']:,} | {campus.median_seconds:.1f} "
        f"| {campus.peak_megabytes:.0f} | {cost['campus']:.1f} "
        f"| {cost['campus'] / cost['small']:.2f} |"
    )


if __name__ == "__main__":
    main()
