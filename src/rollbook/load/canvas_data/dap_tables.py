"""The tables of Canvas Data 2 and their columns, as data (data_sources.md, 2.1 and 2.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

from rollbook.canvas.schema import TABLES


def _read() -> tuple[Mapping[str, frozenset[str]], frozenset[str]]:
    text = resources.files(__package__).joinpath("dap_tables.json").read_text("utf-8")
    raw: dict[str, str] = json.loads(text)
    others = frozenset(raw.pop("").split())
    return MappingProxyType({name: frozenset(raw[name].split()) for name in raw}), others


DAP_COLUMNS, OTHER_TABLES = _read()
"""The columns of each table that reports read; the names of tables that no report reads."""


def table_named(word: str) -> str | None:
    """The table that a folder, a file or a person names; None if there is none of that name.

    Upper case and the prefixes `canvas__` and `canvas.` do not count.
    """
    name = word.lower().removeprefix("canvas__").removeprefix("canvas.")
    return name if name in TABLES or name in OTHER_TABLES else None
