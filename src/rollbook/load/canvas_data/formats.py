"""The forms of a dump's files, known by their first bytes (data_sources.md, 2.4 to 2.6)."""

from __future__ import annotations

import csv
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rollbook.errors import BadSource

GZIP_MAGIC = b"\x1f\x8b"
PARQUET_MAGIC = b"PAR1"
BOM = b"\xef\xbb\xbf"
MAX_RECORD_BYTES = 32 * 1024**2
"""The largest record that is read; DuckDB keeps a few of that size for each thread."""
TOO_LARGE = f"a record of more than {MAX_RECORD_BYTES // 1024**2} MB"
_HEAD_BYTES = 4 * 1024**2
_SAMPLED_LINES = 5_000
SECTIONS = ("key", "value", "meta")


class Format(StrEnum):
    """How records are written."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    PARQUET = "parquet"


_ENDINGS = {
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".json": Format.JSONL,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".parquet": Format.PARQUET,
}


@dataclass(frozen=True)
class Part:
    """One file of a dump."""

    name: str
    """What messages call it."""
    path: Path
    format: Format
    gzipped: bool
    columns: tuple[str, ...]
    """Names as in the file: `key.id`, `value.name`, `meta.ts`. Of JSON lines, those of the first
    lines: a property that is NULL is left out there."""

    @property
    def has_actions(self) -> bool:
        """Whether records say what became of them: only those of an incremental do."""
        return "meta.action" in self.columns

    @property
    def fields(self) -> frozenset[str]:
        """The names of the columns, without sections and without what lies inside structures."""
        return frozenset(path[0] for section, path in self.paths if section != "meta")

    @property
    def paths(self) -> list[tuple[str, tuple[str, ...]]]:
        """Each column's section and its path inside it."""
        return [split_name(column) for column in self.columns]


def split_name(column: str) -> tuple[str, tuple[str, ...]]:
    """Section and path of a column: `value.settings.x` is (`value`, (`settings`, `x`)).

    Canvas's own names are in lower case; those inside a structure are as they are.
    """
    first, *path = column.split(".")
    if path and first.lower() in SECTIONS:
        return first.lower(), (path[0].lower(), *path[1:])
    return "value", (first.lower(), *path)


def read_part(path: Path, name: str) -> Part | None:
    """Look into a file; None if it is none of a dump.

    Raises:
        BadSource: it is damaged where it begins.
    """
    ending = _ENDINGS.get(Path(path.name.lower().removesuffix(".gz")).suffix)
    raw = _beginning(path, name, _HEAD_BYTES)
    if ending is Format.PARQUET or raw.startswith(PARQUET_MAGIC):
        return Part(name, path, Format.PARQUET, gzipped=False, columns=_parquet_columns(path, name))
    gzipped = raw.startswith(GZIP_MAGIC)
    head = _unpacked(raw, name, _HEAD_BYTES) if gzipped else raw
    is_whole = len(head) < _HEAD_BYTES
    found = _sniffed(head) or ending
    if found is None or (ending is None and not _looks_like_records(head)):
        return None
    if found is Format.JSONL and not is_whole and b"\n" not in head:
        raw = _beginning(path, name, MAX_RECORD_BYTES)
        head = _unpacked(raw, name, MAX_RECORD_BYTES) if gzipped else raw
        if b"\n" not in head:
            raise BadSource(f"{name}, line 1: {TOO_LARGE}. Download it again, or correct it.")
    try:
        columns = tuple(_text_columns(found, head, is_whole))
    except csv.Error as error:
        raise BadSource(
            f"{name}, line 1: a header that is none ({error}). Download it again, or correct it."
        ) from error
    return Part(name, path, found, gzipped, columns)


def _beginning(path: Path, name: str, size: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(size)
    except OSError as error:
        raise BadSource(f"{name} cannot be read: {error.strerror}.") from error


def _unpacked(raw: bytes, name: str, size: int) -> bytes:
    try:
        return _decompressed(raw, size)
    except zlib.error:
        pass
    try:
        # A wrong check sum, the last 8 bytes, is told by who reads the whole file.
        return _decompressed(raw[:-8], size)
    except zlib.error as error:
        raise BadSource(
            f"{name} is not a gzip file, or damaged at its beginning. Download it again."
        ) from error


def _decompressed(raw: bytes, size: int) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(raw, size)


def _sniffed(head: bytes) -> Format | None:
    text = head.removeprefix(BOM).lstrip()
    first, _, _ = text.partition(b"\n")
    if text.startswith(b"{"):
        return Format.JSONL
    if b"\t" in first:
        return Format.TSV
    return Format.CSV if b"," in first else None


def _looks_like_records(head: bytes) -> bool:
    return head.removeprefix(BOM).lstrip(b' "{').startswith((b"key", b"value.", b"meta."))


def _text_columns(found: Format, head: bytes, is_whole: bool) -> Iterator[str]:
    lines = head.removeprefix(BOM).decode("utf-8", "replace").split("\n")
    if found is Format.JSONL:
        # The last line of a piece is not all there.
        yield from _json_columns(lines if is_whole else lines[:-1])
        return
    header = lines[0].rstrip("\r")
    if header and found is Format.TSV:
        yield from header.split("\t")
    elif header:
        yield from next(csv.reader([header]))


def _json_columns(lines: list[str]) -> list[str]:
    names: dict[str, None] = {}
    for line in lines[:_SAMPLED_LINES]:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue  # Whoever reads the whole file tells where it is damaged.
        if isinstance(record, dict):
            for section in SECTIONS:
                fields = record.get(section)
                for field in fields if isinstance(fields, dict) else ():
                    names[f"{section}.{field}"] = None
    return list(names)


def _parquet_columns(path: Path, name: str) -> tuple[str, ...]:
    return tuple(
        f"{field.name}.{inner.name}" if inner is not None else field.name
        for field in parquet_schema(path, name)
        for inner in (field.type if is_section(field) else [None])
    )


def is_section(field: pa.Field) -> bool:
    """Whether a column of a Parquet file is the structure of a whole section."""
    return field.name.lower() in SECTIONS and pa.types.is_struct(field.type)


def parquet_schema(path: Path, name: str) -> pa.Schema:
    """The columns of a Parquet file.

    Raises:
        BadSource: it has no readable end, where Parquet keeps them.
    """
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise BadSource(
            f"{name} is not a whole Parquet file: nothing readable at its end, byte "
            f"{path.stat().st_size:,}. It may be half downloaded; download it again."
        ) from error
