"""How SIS files are found and read, and what becomes of bad rows (data_sources.md, 3.1)."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import pytest
from load.sis_csv.school import ANA, ART, COURSES, ENROLLMENTS, SECTIONS, USERS, School

from rollbook.errors import BadRows, BadSource
from rollbook.load.sis_csv import SisOptions, load_sis_csv

BAD_FILES: dict[str, str | bytes] = {
    "users": ANA.encode()
    + b",nobody@x,No Body,active\n"
    + b"zoe,zoe@x,Zo\xeb,active\n"
    + b"max,max@x,Max,asleep\n",
    "courses": ART + 'bio,BIO,"Bio "the" study",,,active\n' + "eng,ENG,English,,,active\n",
    "sections": "section_id,name,status\nart-1,Art One,active\n",
    "enrollments": ENROLLMENTS + "art,,ana,student,active\nghost,,ana,student,active\n",
}
REASONS = [
    ("courses.csv", 3, "broken quoting: text follows a closing quote"),
    ("enrollments.csv", 3, "there is no course ghost"),
    ("sections.csv", 1, "the header of this sections file lacks course_id"),
    ("users.csv", 3, "user_id is missing"),
    ("users.csv", 4, "not UTF-8"),
    ("users.csv", 5, "unknown status 'asleep'"),
]


def test_every_bad_row_is_reported_and_nothing_is_loaded(school: School) -> None:
    found = school.refused(BAD_FILES)
    assert [(file, line) for file, line, _ in found] == [(file, line) for file, line, _ in REASONS]
    for (_, _, reason), (_, _, beginning) in zip(found, REASONS, strict=True):
        assert reason.startswith(beginning)
    assert school.lake.snapshots() == []


def test_bad_rows_are_left_out_on_demand_and_written_down(school: School, tmp_path: Path) -> None:
    file = tmp_path / "refused.csv"
    summary = school.load(BAD_FILES, skip_bad_rows=True, refused_rows_file=file)
    assert school.values("pseudonyms", "sis_user_id") == ["ana"]
    assert school.values("courses", "sis_source_id") == ["art", "eng"]
    assert school.values("enrollments", "user_id") == [1]
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["file"], int(row["line"])) for row in rows] == [row[:2] for row in REASONS]
    assert rows[1]["row"] == "ghost,,ana,student,active"
    (warning,) = summary.warnings
    assert warning.startswith("6 bad rows were left out.")


def test_a_refused_load_writes_the_rows_down_too(school: School, tmp_path: Path) -> None:
    file = tmp_path / "refused.csv"
    school.refused({"users": USERS + ",a@x,A,active\n"}, refused_rows_file=file)
    assert file.read_text("utf-8").splitlines()[1:] == [
        'users.csv,2,user_id is missing,",a@x,A,active"'
    ]


def test_a_row_that_leans_on_a_bad_row_is_bad_too(school: School) -> None:
    files = {
        "users": ANA,
        "courses": COURSES + "art,ART,,,,active\n",
        "sections": SECTIONS + "art-1,art,One,active\n",
        "enrollments": ENROLLMENTS + ",art-1,ana,student,active\n",
    }
    assert [(file, line) for file, line, _ in school.refused(files)] == [
        ("courses.csv", 2),
        ("enrollments.csv", 2),
        ("sections.csv", 2),
    ]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbf" + ANA.encode(), id="byte-order-mark"),
        pytest.param(ANA.replace("\n", "\r\n").encode(), id="windows-lines"),
        pytest.param(ANA.replace("\n", "\r").encode(), id="old-mac-lines"),
        pytest.param(ANA.rstrip("\n").encode(), id="no-last-newline"),
        pytest.param((ANA + "\n\n").encode(), id="blank-lines"),
        pytest.param(ANA.upper().replace("ANA", "ana").encode(), id="upper-case"),
    ],
)
def test_files_of_many_writers_are_read(school: School, content: bytes) -> None:
    school.load({"people": content})
    assert school.values("pseudonyms", "sis_user_id") == ["ana"]


def test_quoted_cells_hold_commas_quotes_and_newlines(school: School) -> None:
    school.load({"users": USERS + 'ana,a@x,"Sol, ""Ana""\nMaria",active\nben,b@x,Ben,active\n'})
    assert school.values("users", "name") == ['Sol, "Ana"\nMaria', "Ben"]


def test_lines_are_counted_as_they_stand_in_the_file(school: School) -> None:
    rows = 'ana,a@x,"Ana\nSol",active\n\n,b@x,Ben,active\n'
    assert school.refused({"users": USERS + rows}) == [("users.csv", 5, "user_id is missing")]


def test_files_in_a_zip_are_read_with_their_folders(school: School, tmp_path: Path) -> None:
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("a/users.csv", ANA)
        files.writestr("__MACOSX/a/users.csv", "nothing")
        files.writestr("b/courses.csv", ART)
    load_sis_csv(school.lake, [archive], SisOptions())
    assert school.values("users", "name") == ["Ana Sol"]
    assert school.values("courses", "name") == ["Art"]


def test_a_zip_that_leads_outside_is_refused(school: School, tmp_path: Path) -> None:
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("../users.csv", ANA)
    with pytest.raises(BadSource, match="leads out of the archive"):
        load_sis_csv(school.lake, [archive], SisOptions())


def test_a_folder_without_csv_says_so(school: School, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing", "utf-8")
    with pytest.raises(BadSource, match="There is no CSV file"):
        load_sis_csv(school.lake, [tmp_path], SisOptions())


def test_the_sentence_of_a_refusal_names_places_and_no_people(school: School) -> None:
    folder = school.write({"users": USERS + "zoe,zoe@x,Zoe Private,asleep\n"})
    with pytest.raises(BadRows, match=r"users\.csv, line 2: unknown status 'asleep'") as error:
        load_sis_csv(school.lake, [folder], SisOptions())
    assert "Zoe Private" not in str(error.value)
