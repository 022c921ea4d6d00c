"""The files of generating SQL: each a series of queries under headings.

`-- stage: NAME` heads the query of a temporary table that later queries of any file read;
`-- table: NAME` heads the query of a Canvas table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

AREAS = (
    "words",
    "accounts",
    "people",
    "courses",
    "enrollments",
    "admins",
    "associations",
    "groups",
    "grades",
    "content",
    "files",
    "outcomes",
    "tools",
)
"""The files in the order in which they run."""

_HEADING = re.compile(r"^-- (stage|table): (\w+)$", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """One query of a script."""

    area: str
    name: str
    """The table that the query makes."""
    query: str
    is_stage: bool


def macros() -> str:
    """The statements that define the functions of the scripts."""
    return _text("macros")


def steps() -> Iterator[Step]:
    """All queries in the order in which they run."""
    for area in AREAS:
        _, *parts = _HEADING.split(_text(area))
        for kind, name, query in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            yield Step(area, name, query.strip(), is_stage=kind == "stage")


def _text(name: str) -> str:
    return resources.files(__package__).joinpath("sql", f"{name}.sql").read_text("utf-8")
