"""Rows that a load cannot take: which, why, and where people find the whole list."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rollbook.errors import BadRows

_SHOWN = 5


@dataclass(frozen=True)
class BadRow:
    """A row of a source file that cannot be loaded."""

    file: str
    """The file's name; for a file in a zip, `archive.zip/users.csv`."""
    line: int
    """The physical line the row starts on, counting from 1."""
    reason: str
    text: str
    """The row as it stands in the file."""


def write_bad_rows(file: Path, rows: Sequence[BadRow]) -> None:
    """Write rows to a CSV file with the columns file, line, reason and row."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["file", "line", "reason", "row"])
        writer.writerows([row.file, row.line, row.reason, row.text] for row in rows)


def refusal(rows: Sequence[BadRow], *, listed_in: Path | None, how_to_skip: str) -> BadRows:
    """The error of a load that is refused for its bad rows; their texts stay out of the sentence."""
    number = "1 row" if len(rows) == 1 else f"{len(rows):,} rows"
    where = (
        f"All of them are listed in {listed_in}." if listed_in else "Name a file to list them in."
    )
    return BadRows(
        f"Nothing was loaded: {number} cannot be taken. {first_of(rows)} {where} {how_to_skip}",
        rows,
    )


def first_of(rows: Sequence[BadRow]) -> str:
    """The first few rows in one sentence: file, line and reason."""
    shown = "; ".join(f"{row.file}, line {row.line}: {row.reason}" for row in rows[:_SHOWN])
    more = len(rows) - _SHOWN
    return f"{shown}; and {more:,} more." if more > 0 else f"{shown}."
