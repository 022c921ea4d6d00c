"""CSV text into rows that know their physical line (data_sources.md, 3.1)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_BOM = b"\xef\xbb\xbf"
_WORDS = {
    "expected after": "broken quoting: text follows a closing quote",
    "unexpected end of data": "broken quoting: a quote is opened and never closed",
    "field larger": "a cell of more than 131,072 characters (perhaps a quote is never closed)",
}


class Row(NamedTuple):
    """The cells that start on a physical line."""

    line: int
    last_line: int
    cells: list[str]


class Broken(NamedTuple):
    """A line that is not CSV, and why."""

    line: int
    reason: str


def lines_of(data: bytes) -> list[str]:
    """The physical lines with their ends; bytes that are not UTF-8 become lone surrogates."""
    text = data.removeprefix(_BOM).decode("utf-8", "surrogateescape")
    return list(io.StringIO(text, newline=""))


def is_utf8(text: str) -> bool:
    """Whether text from `lines_of` had only bytes of UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def printable(text: str) -> str:
    """Text from `lines_of` with a replacement character for each byte that is not UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def rows_of(lines: Sequence[str]) -> Iterator[Row | Broken]:
    """Rows in order, blank ones left out; after a broken line, reading goes on with the next."""
    feed = _Feed(lines)
    reader = csv.reader(feed, strict=True)
    while True:
        start = feed.position
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Broken(start + 1, _in_words(error))
            feed.position = start + 1
            reader = csv.reader(feed, strict=True)
            continue
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield Row(start + 1, feed.position, stripped)


def _in_words(error: csv.Error) -> str:
    text = str(error)
    return next((words for part, words in _WORDS.items() if part in text), f"not CSV: {text}")


class _Feed(Iterator[str]):
    """Lines for a csv reader, which may be sent back to an earlier one."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self.position = 0

    def __next__(self) -> str:
        if self.position >= len(self._lines):
            raise StopIteration
        line = self._lines[self.position]
        self.position += 1
        return line
