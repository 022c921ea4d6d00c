"""Where a file is damaged, in words that hold nothing of its content.

DuckDB's messages quote the rows they fail on, which are personal data.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from rollbook.engines.duck import DuckLimits, connect
from rollbook.errors import BadSource
from rollbook.load.canvas_data.formats import MAX_RECORD_BYTES, TOO_LARGE, Format, Part
from rollbook.load.canvas_data.reading import Reading

_CSV_LINE = re.compile(r"CSV Error on Line: (\d+)")
_NUMBERS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_AGAIN = "Download it again, or correct it."


def damage_in(reading: Reading, error: duckdb.Error, limits: DuckLimits) -> BadSource:
    """The error that says which file of a reading is damaged, and where, or that none is.

    Args:
        reading: what could not be read.
        error: what DuckDB said.
        limits: what the search for the place may use of the machine.
    """
    for part, file in zip(reading.parts, reading.files, strict=True):
        if part.format is Format.PARQUET and (place := _parquet_place(Path(file))):
            return BadSource(f"{part.name} is damaged{place}. {_AGAIN}")
        with connect(limits) as connection:
            try:
                connection.execute(
                    f"SELECT count(COLUMNS(*)) FROM {reading.relation}", [[file]]
                ).fetchall()
            except duckdb.Error as found:
                return _damage(part, Path(file), str(found))
    kind = type(error).__name__
    names = ", ".join(part.name for part in reading.parts)
    return BadSource(f"{names} cannot be brought into the lake: {kind} in DuckDB.")


def _damage(part: Part, file: Path, message: str) -> BadSource:
    if part.format is Format.JSONL:
        return _json_damage(part, file)
    if part.format is Format.PARQUET:
        return BadSource(f"{part.name} is damaged. {_AGAIN}")
    line = _CSV_LINE.search(message)
    place = f", line {int(line[1]):,}" if line else ""
    return BadSource(f"{part.name}{place}: {_csv_words(message)}. {_AGAIN}")


def _csv_words(message: str) -> str:
    if numbers := _NUMBERS.search(message):
        return f"{numbers[2]} cells where the header has {numbers[1]}"
    if "unterminated quote" in message:
        return "a quote is opened and never closed, or text follows a closing quote"
    if "Maximum line size" in message:
        return TOO_LARGE
    return "not a row of the form that the header gives"


def _json_damage(part: Part, file: Path) -> BadSource:
    position = 0
    with file.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            reason = _json_reason(line)
            if reason:
                where = f"line {number:,}, byte {position + 1:,}"
                return BadSource(f"{part.name}, {where}: {reason}. {_AGAIN}")
            position += len(line)
    return BadSource(f"{part.name} is damaged: it is not JSON lines. {_AGAIN}")


def _json_reason(line: bytes) -> str | None:
    if len(line) > MAX_RECORD_BYTES:
        return TOO_LARGE
    if not line.strip():
        return None
    try:
        record = json.loads(line)
        json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "half of a surrogate pair, which is no character"
    except (ValueError, RecursionError):
        return "not JSON; the file may be cut off"
    if not isinstance(record, dict) or not all(
        isinstance(record.get(section, {}), dict | None) for section in ("key", "value", "meta")
    ):
        return "not a record with key, value and meta"
    return None


def _parquet_place(file: Path) -> str:
    """The column and the group of rows that cannot be read."""
    try:
        source = pq.ParquetFile(file)
        for group in range(source.num_row_groups):
            for column in source.schema_arrow.names:
                try:
                    source.read_row_group(group, columns=[column]).validate(full=True)
                except (pa.ArrowException, OSError):
                    number = source.schema_arrow.names.index(column) + 1
                    return f" in its column {number}, row group {group + 1}"
    except (pa.ArrowException, OSError):
        pass
    return ""
