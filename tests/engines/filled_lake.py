"""A lake that holds given tables and nothing else, sooner than a load of all tables would make it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import rollbook
from rollbook.canvas.schema import TABLES
from rollbook.config import Settings
from rollbook.engines.lake import SCHEMA
from rollbook.load.json_tables import as_arrow, load_tables

Tables = Mapping[str, Sequence[Mapping[str, Any]]]


def fill_lake(data: Path, tables: Tables) -> None:
    """Make a data folder whose lake holds these tables; all others are there, empty."""
    shutil.copytree(_empty(), data, dirs_exist_ok=True)
    filled = {name: rows for name, rows in tables.items() if rows and name in TABLES}
    with Settings(data=data).lake.writing("given tables") as connection:
        for name, rows in filled.items():
            # Into the table that is there: made anew it would take several times as long.
            connection.register("given_rows", as_arrow(TABLES[name], rows))
            connection.execute(
                f'INSERT INTO lake.{SCHEMA}."{name}" BY NAME SELECT * FROM given_rows'
            )
            connection.unregister("given_rows")


@contextmanager
def institution_with(data: Path, tables: Tables, **settings: Any) -> Iterator[rollbook.Institution]:
    """An institution of these tables alone."""
    fill_lake(data, tables)
    with rollbook.open(data, **settings) as institution:
        yield institution


@cache
def _empty() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="rollbook-empty-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    load_tables(Settings(data=folder).lake, {}, "nothing")
    return folder
