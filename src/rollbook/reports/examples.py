"""What each report's output looks like: rows of the demo institution, for pages that explain it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Example:
    """The first rows of a file of a report."""

    file: str
    """The file's name inside a zip, without `.csv`."""
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def example_of(report: str) -> Example | None:
    """An example of a report's output, by its key; None for reports that are not ours."""
    return _examples().get(report)


@cache
def _examples() -> dict[str, Example]:
    stored = json.loads(files("rollbook.reports").joinpath("examples.json").read_text("utf-8"))
    return {
        key: Example(
            example["file"], tuple(example["header"]), tuple(tuple(row) for row in example["rows"])
        )
        for key, example in stored.items()
    }
