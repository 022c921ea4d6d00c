"""A real university's dump, before and after an incremental, against plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from conformance.cells import difference, read_files
from load.canvas_data.dump import Dump
from load.canvas_data.oulad import ARCHIVE, LONDON, Lines, University, read_tables

import rollbook

START, END = datetime(2014, 2, 1, tzinfo=LONDON), datetime(2014, 2, 12, tzinfo=LONDON)
FILES = ("users", "accounts", "terms", "courses", "sections", "enrollments")


@dataclass(frozen=True)
class State:
    """What the lake should hold, and the lake."""

    university: University
    data: Path

    def report(self, key: str, **parameters: object) -> dict[str, Lines]:
        """The rows of each file of a report, without headers."""
        with rollbook.open(self.data) as institution:
            product = institution.run(key, parameters).write(self.data)
        return {name: rows[1:] for name, rows in read_files(product).items()}


@pytest.fixture(scope="module", params=["before", "after"])
def state(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> State:
    """The snapshot alone, and the snapshot with the incremental loaded after it."""
    dump = Dump(tmp_path_factory.mktemp(request.param))
    with ZipFile(ARCHIVE) as archive:
        archive.extractall(dump.folder)
    folders = ["snapshot"] if request.param == "before" else ["snapshot", "incremental"]
    for folder in folders:
        dump.load(dump.folder / folder)
    return State(University(read_tables(*folders)), dump.folder / "data")


def check(expected: Lines, found: Lines, *, in_order: bool = True) -> None:
    problem = difference(expected, found, in_order=in_order)
    assert not problem, problem[:2000]


def test_provisioning_is_that_of_the_raw_files(state: State) -> None:
    found = state.report("provisioning_csv", include_deleted=True, **dict.fromkeys(FILES, True))

    for name in FILES:
        expected: Lines = getattr(state.university, name)()
        check(expected, found[f"{name}.csv"], in_order=name != "accounts")


def test_grades_are_those_of_the_raw_files(state: State) -> None:
    found = state.report("grade_export_csv", include_deleted=True)

    check(state.university.grades(), found["report.csv"], in_order=False)


def test_students_without_submissions_are_those_of_the_raw_files(state: State) -> None:
    found = state.report(
        "students_with_no_submissions_csv", start_at=START.isoformat(), end_at=END.isoformat()
    )

    check(state.university.without_submissions(START, END), found["report.csv"])


def test_last_activity_is_that_of_the_raw_files(state: State) -> None:
    found = state.report("last_enrollment_activity_csv")

    check(state.university.last_activity(), found["report.csv"])


def test_one_load_of_everything_gives_the_same_tables(dump: Dump) -> None:
    """An archive with snapshot and incremental together, whatever their order in it."""
    dump.load(ARCHIVE)

    tables = read_tables("snapshot", "incremental")
    rows = {
        name: details["rows"]
        for name, details in dump.lake.snapshots()[-1].details["tables"].items()
    }
    assert {name: len(found) for name, found in tables.items()} == {
        k: v for k, v in rows.items() if v
    }
    names = dump.rows("users", "id", "name")
    assert names == sorted((int(key), row["name"]) for key, row in tables["users"].items())
