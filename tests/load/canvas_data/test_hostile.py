"""Damaged and hostile files: an error with file and place, and the lake as it was."""

from __future__ import annotations

import gzip
import json
import struct
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from load.canvas_data.dump import FORMS, MORNING, Dump, Record, records, write_job

from rollbook.errors import BadSource, RollbookError

GOOD = records({"id": 1, "name": "Ana"})
MANY = records(*({"id": n, "name": f"Üser {n}"} for n in range(1, 2001)))
HEADER = b"key.id,value.name,meta.ts\n"


def refusal(dump: Dump, *sources: Path) -> str:
    """The error of a load over good data, which stay."""
    if not dump.lake.snapshots():
        dump.load_records("users", GOOD)
    before = dump.lake.snapshots()
    with pytest.raises(BadSource) as error:
        dump.load(*sources)
    assert dump.lake.snapshots() == before
    assert dump.rows("users", "id", "name") == [(1, "Ana")]
    assert not (dump.folder / "data" / "loading").exists()
    return str(error.value)


def users_file(dump: Dump, content: bytes, name: str = "a.csv") -> Path:
    file = dump.folder / "d" / "users" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file.parent


class TestGzip:
    @pytest.mark.parametrize("share", [0.5, 0.999])
    def test_half_a_file_is_refused(self, dump: Dump, share: float) -> None:
        """Also where it ends in the check sum, after all rows."""
        file = write_job(dump.folder / "d" / "users", MANY, packed=True)
        packed = file.read_bytes()
        file.write_bytes(packed[: int(len(packed) * share)])

        text = refusal(dump, dump.folder / "d")

        size = file.stat().st_size
        assert f"d/users/part-00000.csv.gz is cut off at byte {size:,}" in text

    def test_a_wrong_check_sum_is_refused(self, dump: Dump) -> None:
        packed = gzip.compress(HEADER + b"1,Ana,2025-01-01\n")
        wrong = packed[:-8] + struct.pack("<I", 1) + packed[-4:]

        text = refusal(dump, users_file(dump, wrong, "a.csv.gz"))

        assert "users/a.csv.gz is damaged, at about byte" in text

    def test_several_members_are_one_text(self, dump: Dump) -> None:
        pieces = [HEADER + b"1,A", b"na,2025-01-01\n2,Ben,2025-01-01\n"]

        dump.load(users_file(dump, b"".join(gzip.compress(p) for p in pieces), "a.csv.gz"))

        assert dump.values("users", "name") == ["Ana", "Ben"]

    def test_a_bomb_is_refused(self, dump: Dump) -> None:
        bomb = zlib.compressobj(9, wbits=31)
        rows = b"1,Ana,2025-01-01\n" * 100_000
        content = bomb.compress(HEADER) + b"".join(bomb.compress(rows) for _ in range(60))
        folder = users_file(dump, content + bomb.flush(), "a.csv.gz")

        assert "users/a.csv.gz grows beyond measure when unpacked, at byte" in refusal(dump, folder)

    def test_what_only_looks_like_gzip_is_refused(self, dump: Dump) -> None:
        folder = users_file(dump, b"\x1f\x8b" + b"rubbish" * 100, "a.csv.gz")

        assert "users/a.csv.gz is not a gzip file" in refusal(dump, folder)


class TestParquet:
    def test_half_a_file_is_refused(self, dump: Dump) -> None:
        file = write_job(dump.folder / "d" / "users", MANY, "parquet")
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])

        text = refusal(dump, dump.folder / "d")

        assert "part-00000.parquet is not a whole Parquet file" in text
        assert f"byte {len(whole) // 2:,}" in text

    def test_a_file_damaged_inside_is_refused(self, dump: Dump) -> None:
        file = write_job(dump.folder / "d" / "users", MANY, "parquet")
        content = bytearray(file.read_bytes())
        content[40:400] = bytes(360)
        file.write_bytes(content)

        assert "d/users/part-00000.parquet is damaged" in refusal(dump, dump.folder / "d")

    def test_text_that_is_not_utf8_is_refused(self, dump: Dump) -> None:
        """Nothing of the text is told."""
        names = pa.array([b"Ana", b"secret \xff"], pa.binary()).view(pa.string())
        times = pa.array([MORNING, MORNING])
        table = pa.table({"key.id": [1, 2], "value.name": names, "meta.ts": times})
        folder = users_file(dump, b"", "a.parquet")
        pq.write_table(table, folder / "a.parquet")

        text = refusal(dump, folder)

        assert "users/a.parquet is damaged in its column 2, row group 1" in text
        assert "secret" not in text


BROKEN_TEXT = {
    "not UTF-8": (HEADER + b"1,Ana,x\n2,B\xffn,x\n", "bytes that are not UTF-8: line 3, byte 38"),
    "cut off inside a character": (HEADER + b"1,\xc3", "an unfinished UTF-8 character at its end"),
    "a NUL byte": (
        HEADER + b"1,A\0na,x\n",
        "a NUL byte, which no text of Canvas has: line 2, byte 30",
    ),
    "too few cells": (HEADER + b"1,Ana,x\n2,Ben\n", "line 3: 2 cells where the header has 3"),
    "an open quote": (
        HEADER + b'1,Ana,x\n2,"Ben,x\n',
        "line 3: a quote is opened and never closed",
    ),
    "a name twice": (
        b"key.id,value.name,value.Name,meta.ts\n",
        "has the column 'value.name' twice",
    ),
    "no key": (b"value.name,meta.ts\nAna,x\n", "has no key id, so it cannot hold users"),
}


@pytest.mark.parametrize(("content", "place"), BROKEN_TEXT.values(), ids=list(BROKEN_TEXT))
def test_broken_csv_is_refused_with_its_place(dump: Dump, content: bytes, place: str) -> None:
    text = refusal(dump, users_file(dump, content))

    assert text.startswith("users/a.csv")
    assert place in text
    assert "Ben" not in text


GOOD_LINE = b'{"key":{"id":1},"value":{"name":"Ana"},"meta":{"ts":"2025-01-01T00:00:00Z"}}\n'
BROKEN_JSON = {
    "cut off": (b'{"key":{"id":2},"val', "line 2, byte 78: not JSON; the file may be cut off"),
    "half a surrogate": (
        b'{"key":{"id":2},"value":{"name":"\\ud800"}}\n',
        "half of a surrogate pair",
    ),
    "no records": (b'{"key":{"id":2},"value":[1]}\n', "not a record with key, value and meta"),
    "a NUL": (b'{"key":{"id":2},"value":{"name":"a\\u0000"}}\n', "a NUL character"),
    "another NUL": (b'{"key":{"id":2},"value":{"name":"\\\\\\u0000"}}\n', "line 2, byte 113"),
    "not UTF-8": (b'{"key":{"id":2},"value":{"name":"\xff"}}\n', "not UTF-8: line 2, byte 111"),
}


@pytest.mark.parametrize(("line", "place"), BROKEN_JSON.values(), ids=list(BROKEN_JSON))
def test_broken_json_is_refused_with_its_place(dump: Dump, line: bytes, place: str) -> None:
    text = refusal(dump, users_file(dump, GOOD_LINE + line, "a.json"))

    assert text.startswith("users/a.json")
    assert place in text


def test_an_escaped_backslash_before_u0000_is_text(dump: Dump) -> None:
    line = GOOD_LINE.replace(b"Ana", rb"\\u0000")

    dump.load(users_file(dump, line, "a.json"))

    assert dump.values("users", "name") == [r"\u0000"]


@pytest.mark.parametrize("form", FORMS)
def test_cells_of_10_mb_are_taken(dump: Dump, form: str) -> None:
    large = "line\n" * 2_000_000
    write_job(dump.folder / "d" / "users", records({"id": 1, "name": large}), form)

    dump.load(dump.folder / "d")

    assert dump.values("users", "name") == [large]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_record_larger_than_memory_should_hold_is_refused(dump: Dump, form: str) -> None:
    write_job(dump.folder / "d" / "users", records({"id": 1, "name": "x" * 34_000_000}), form)

    text = refusal(dump, dump.folder / "d")

    assert "part-00000" in text
    assert "a record of more than 32 MB" in text


def test_deeply_nested_json_is_taken_as_it_is(dump: Dump) -> None:
    deep = "[" * 50_000 + "]" * 50_000
    record = f'{{"key":{{"id":1}},"value":{{"settings":{deep}}}}}\n'
    folder = dump.folder / "d" / "courses"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(record)

    dump.load(folder)

    assert dump.values("courses", "settings") == [deep]


NASTY = "x'); DROP TABLE lake.canvas.users; --\""


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet"])
def test_names_of_columns_are_never_sql(dump: Dump, form: str) -> None:
    values = {"name": "Ana", NASTY.replace(".", "_"): "x", f"settings.{NASTY}": "y"}
    write_job(dump.folder / "d" / "courses", [Record(1, values)], form)

    dump.load(dump.folder / "d")

    assert dump.values("courses", "name") == ["Ana"]
    if form != "jsonl":
        (text,) = dump.values("courses", "settings")
        assert "DROP TABLE lake" in json.dumps(json.loads(text))


class TestArchives:
    def archive(self, dump: Dump, name: str, content: bytes = HEADER) -> Path:
        file = dump.folder / "dump.zip"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
            target.writestr(name, content)
        return file

    @pytest.mark.parametrize(
        "name", ["../users/a.csv", "users/../../a.csv", "/users/a.csv", "C:\\a.csv"]
    )
    def test_paths_out_of_an_archive_are_refused(self, dump: Dump, name: str) -> None:
        assert "leads out of the archive" in refusal(dump, self.archive(dump, name))
        assert not list(dump.folder.parent.glob("a.csv"))

    def test_a_bomb_is_refused(self, dump: Dump) -> None:
        archive = self.archive(dump, "users/a.csv", HEADER + bytes(60_000_000))

        assert "would grow beyond measure" in refusal(dump, archive)

    def test_a_bomb_that_lies_about_its_size_is_refused(self, dump: Dump) -> None:
        archive = self.archive(dump, "users/a.csv", HEADER + bytes(60_000_000))
        size = struct.pack("<I", 60_000_000 + len(HEADER))
        archive.write_bytes(archive.read_bytes().replace(size, struct.pack("<I", 1000)))

        assert "users/a.csv" in refusal(dump, archive)

    def test_half_an_archive_is_refused(self, dump: Dump) -> None:
        archive = self.archive(dump, "users/a.csv")
        archive.write_bytes(archive.read_bytes()[:-30])

        assert "is not a zip archive, or a damaged one" in refusal(dump, archive)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), form=st.sampled_from(FORMS), packed=st.booleans())
def test_random_damage_is_refused_or_taken(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, form: str, packed: bool
) -> None:
    """Whatever bytes change, either the load is refused by one of our errors, or it is a load."""
    dump = Dump(tmp_path_factory.mktemp("damage"))
    file = write_job(dump.folder / "d" / "users", MANY[:30], form, packed=packed)
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        content[start : start + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=20))
    file.write_bytes(content)

    try:
        dump.load(dump.folder / "d")
    except RollbookError:
        assert dump.lake.snapshots() == []
    else:
        assert len(dump.values("users", "id")) <= 100
