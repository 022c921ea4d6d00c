"""A real university goes in, comes out, and goes in again (data_sources.md, 3.4)."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from load.sis_csv.school import NEW_YEAR

import rollbook
from rollbook.load.loading import LoadSummary
from rollbook.load.sis_csv import SisOptions, load_sis_csv

OULAD = Path(__file__).parents[2] / "data" / "oulad_sis.zip"
ALL_FILES = ("accounts", "terms", "users", "courses", "sections", "enrollments")
DATES = {"start_date", "end_date"}

Files = dict[str, str]


def load(data: Path, archive: Path) -> LoadSummary:
    with rollbook.open(data) as institution:
        return load_sis_csv(institution.lake, [archive], SisOptions(now=NEW_YEAR))


def export(data: Path, archive: Path) -> Files:
    parameters = dict.fromkeys([*ALL_FILES, "include_deleted"], True)
    with rollbook.open(data) as institution:
        institution.run("sis_export_csv", parameters, now=NEW_YEAR).write(archive)
    return read_archive(archive)


def read_archive(archive: Path) -> Files:
    with zipfile.ZipFile(archive) as files:
        return {Path(name).stem: files.read(name).decode() for name in files.namelist()}


def records(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("round-trip")


@pytest.fixture(scope="module")
def summary(folder: Path) -> LoadSummary:
    return load(folder / "data", OULAD)


@pytest.fixture(scope="module")
def exported(folder: Path, summary: LoadSummary) -> Files:
    return export(folder / "data", folder / "export.zip")


def test_every_row_is_counted(summary: LoadSummary) -> None:
    tables = ("users", "courses", "course_sections", "enrollments")
    assert [summary.rows[table] for table in tables] == [28_785, 22, 282, 32_593]


@pytest.mark.parametrize("name", ALL_FILES)
def test_what_went_in_comes_out(exported: Files, name: str) -> None:
    went_in, came_out = records(read_archive(OULAD)[name]), records(exported[name])
    common = [column for column in went_in[0] if column in came_out[0]]
    assert len(common) >= len(went_in[0]) - 1
    assert Counter(cells(row, common) for row in went_in) == Counter(
        cells(row, common) for row in came_out
    )


def cells(row: dict[str, str], columns: list[str]) -> tuple[object, ...]:
    return tuple(cell(column, row[column]) for column in columns)


def cell(column: str, text: str) -> object:
    """Equal for equal facts: exports print another zone, and another word for completed."""
    if column in DATES and text:
        return datetime.fromisoformat(text).astimezone(UTC)
    return "completed" if (column, text) == ("status", "concluded") else text


def test_an_export_makes_the_same_institution_again(
    folder: Path, exported: Files, tmp_path: Path
) -> None:
    load(tmp_path / "data", folder / "export.zip")
    again = export(tmp_path / "data", tmp_path / "again.zip")
    assert {name: sorted(text.splitlines()) for name, text in again.items()} == {
        name: sorted(text.splitlines()) for name, text in exported.items()
    }


def test_loading_an_export_into_its_own_institution_changes_nothing(
    folder: Path, exported: Files, tmp_path: Path
) -> None:
    load(folder / "data", folder / "export.zip")
    assert export(folder / "data", tmp_path / "again.zip") == exported
