"""CSV as cells that tell NULL (nothing between the commas) from an empty text (two quotes)."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from zipfile import ZipFile

Row = tuple[str | None, ...]

_CELL = re.compile(r'("(?:[^"]|"")*"|[^,"\n]*)([,\n])')


def parse(text: str) -> list[Row]:
    """The rows of a CSV; ragged ones stay ragged."""
    rows: list[Row] = []
    row: list[str | None] = []
    end = 0
    for match in _CELL.finditer(text):
        assert match.start() == end, f"broken CSV at character {end}: {text[end : end + 80]!r}"
        end = match.end()
        row.append(_value(match[1]))
        if match[2] == "\n":
            rows.append(tuple(row))
            row = []
    assert end == len(text), f"the last line has no end: {text[end:]!r}"
    return rows


def _value(cell: str) -> str | None:
    if cell.startswith('"'):
        return cell[1:-1].replace('""', '"')
    return cell or None


def read_files(product: Path) -> dict[str, list[Row]]:
    """The CSVs of a finished run by name; `report.csv` for a single one."""
    if product.suffix == ".csv":
        return {"report.csv": parse(product.read_text("utf-8"))}
    with ZipFile(product) as archive:
        return {name: parse(archive.read(name).decode("utf-8")) for name in archive.namelist()}


def difference(expected: list[Row], found: list[Row], *, in_order: bool) -> str:
    """What is missing and what is too much; empty when both are the same."""
    missing = list((Counter(expected) - Counter(found)).elements())
    extra = list((Counter(found) - Counter(expected)).elements())
    lines = [f"missing: {row}" for row in missing] + [f"too many: {row}" for row in extra]
    if not lines and in_order and expected != found:
        lines = ["the rows are right but stand in another order:", *map(str, found)]
    return "\n".join(lines)
