"""The Canvas tables and columns that reports may read, as typed data.

One place for names and types; every source is brought to these (data_sources.md, section 1).
Timestamps are UTC without zone; serialized columns are text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from types import MappingProxyType

import ibis.expr.datatypes as dt
from ibis.expr.schema import Schema

_DUCKDB_TYPES = {
    "bigint": "BIGINT",
    "integer": "INTEGER",
    "smallint": "SMALLINT",
    "float": "DOUBLE",
    "boolean": "BOOLEAN",
    "varchar": "VARCHAR",
    "text": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "json": "VARCHAR",
    "jsonb": "VARCHAR",
    "varchar[]": "VARCHAR[]",
    "bigint[]": "BIGINT[]",
}
_IBIS_TYPES: dict[str, dt.DataType] = {
    "BIGINT": dt.int64,
    "INTEGER": dt.int32,
    "SMALLINT": dt.int16,
    "DOUBLE": dt.float64,
    "BOOLEAN": dt.boolean,
    "VARCHAR": dt.string,
    "TIMESTAMP": dt.Timestamp(scale=6),
    "VARCHAR[]": dt.Array(dt.string),
    "BIGINT[]": dt.Array(dt.int64),
}


@dataclass(frozen=True)
class CanvasColumn:
    """A column of a Canvas table."""

    name: str
    sql_type: str
    """The column's type in DuckDB."""
    default: str | float | bool | None = None
    """What the column holds where a source lacks it; None is NULL."""
    serialized: bool = False
    """Text that holds a structure: YAML from Canvas's Postgres, JSON from Canvas Data 2."""

    @property
    def ibis_type(self) -> dt.DataType:
        return _IBIS_TYPES[self.sql_type]


@dataclass(frozen=True)
class CanvasTable:
    """A Canvas table: its columns in order and the columns that make a row unique."""

    name: str
    description: str
    columns: tuple[CanvasColumn, ...]
    primary_key: tuple[str, ...]

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @cached_property
    def schema(self) -> Schema:
        return Schema({column.name: column.ibis_type for column in self.columns})


def _read_tables() -> Mapping[str, CanvasTable]:
    text = resources.files(__package__).joinpath("schema.json").read_text("utf-8")
    return MappingProxyType({name: _table(name, raw) for name, raw in json.loads(text).items()})


def _table(name: str, raw: Mapping[str, object]) -> CanvasTable:
    columns: list[dict[str, object]] = raw["columns"]  # type: ignore[assignment]
    key: list[str] = raw["primary_key"]  # type: ignore[assignment]
    return CanvasTable(
        name=name,
        description=str(raw["description"]),
        columns=tuple(_column(column) for column in columns),
        primary_key=tuple(key),
    )


def _column(raw: Mapping[str, object]) -> CanvasColumn:
    sql_type = _DUCKDB_TYPES[str(raw["type"])]
    default = raw.get("default")
    return CanvasColumn(
        name=str(raw["name"]),
        sql_type=sql_type,
        default=default if isinstance(default, str | int | float) and "[" not in sql_type else None,
        serialized=bool(raw.get("serialized", False)),
    )


TABLES: Mapping[str, CanvasTable] = _read_tables()
