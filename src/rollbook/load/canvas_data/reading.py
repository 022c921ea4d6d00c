"""Queries over the files of a dump: their records as rows of a Canvas table (2.5, 2.6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import duckdb
import pyarrow as pa

from rollbook.canvas.schema import CanvasTable
from rollbook.errors import BadSource
from rollbook.load.canvas_data.columns import Raw, Typed, moment, typed_columns
from rollbook.load.canvas_data.dap_tables import DAP_COLUMNS
from rollbook.load.canvas_data.formats import (
    MAX_RECORD_BYTES,
    Format,
    Part,
    is_section,
    parquet_schema,
    split_name,
)

_BEGINNING = "TIMESTAMP '0001-01-01'"
"""The time of a record that has none."""


@dataclass(frozen=True)
class Reading:
    """Files of the same form and columns, and how to read them."""

    parts: tuple[Part, ...]
    relation: str
    """SQL of the records as the files have them; its one parameter is the list of files."""
    files: tuple[str, ...]
    columns: tuple[Typed, ...]
    ts: str
    """SQL of `meta.ts`."""
    is_deleted: str

    def rows(
        self, names: Sequence[str], *, table: CanvasTable, job: int
    ) -> tuple[str, list[object]]:
        """SQL, and its parameters, of the rows with the columns of these names.

        `meta_ts` is when the record was committed, `meta_deleted` whether it is gone, `meta_job`
        the number given, `meta_lost` whether a value could not be taken.
        """
        made = {column.name: column for column in self.columns}
        nulls = {column.name: f"CAST(NULL AS {column.sql_type})" for column in table.columns}
        selected = ", ".join(
            f'{made[name].sql if name in made else nulls[name]} AS "{name}"' for name in names
        )
        lost = " OR ".join(c.is_lost for c in self.columns if c.given is not None) or "false"
        sql = (
            f"SELECT {selected}, {self.ts} AS meta_ts, {self.is_deleted} AS meta_deleted, "
            f"{job} AS meta_job, {lost} AS meta_lost FROM {self.relation}"
        )
        parameters = [p for name in names if name in made for p in made[name].parameters]
        return sql, [*parameters, list(self.files)]


def readings(
    connection: duckdb.DuckDBPyConnection,
    table: CanvasTable,
    parts: Iterable[tuple[Part, Path]],
    *,
    null_is_text: bool = False,
) -> list[Reading]:
    """How to read parts, each given with the plain file it was unpacked to.

    Raises:
        BadSource: a header has a name twice, or a part has no key.
    """
    by_form = sorted(parts, key=lambda item: (item[0].format, item[0].columns, item[0].name))
    found = []
    for (form, columns), group in groupby(by_form, lambda item: (item[0].format, item[0].columns)):
        items = list(group)
        if form is not Format.JSONL:
            _check_header(items[0][0], columns)
        if form is Format.PARQUET:
            by_schema: dict[str, list[tuple[Part, Path]]] = {}
            for part, file in items:
                by_schema.setdefault(str(parquet_schema(file, part.name)), []).append((part, file))
            found += [_parquet(connection, table, some) for some in by_schema.values()]
        elif form is Format.JSONL:
            found.append(_json(table, items))
        elif columns:  # A file without a header has no rows either.
            found.append(_delimited(table, items, form, null_is_text=null_is_text))
    return found


def _check_header(part: Part, columns: Sequence[str]) -> None:
    lowered = [column.lower() for column in columns]
    twice = next((name for name in lowered if lowered.count(name) > 1), None)
    if twice:
        raise BadSource(f"{part.name} has the column {twice!r} twice. Correct its header.")


def _delimited(
    table: CanvasTable, items: Sequence[tuple[Part, Path]], form: Format, *, null_is_text: bool
) -> Reading:
    part = items[0][0]
    names = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(part.columns)))
    nulls = "['']" if null_is_text else "['NULL', '']"
    dialect = (
        f"delim=',', quote='\"', escape='\"', nullstr={nulls}, allow_quoted_nulls=false"
        if form is Format.CSV
        else r"delim='\t', quote='', escape='', nullstr='\N'"
    )
    relation = (
        f"read_csv(?, auto_detect=false, header=true, {dialect.replace(chr(92) + 't', chr(9))}, "
        f"max_line_size={MAX_RECORD_BYTES}, buffer_size={MAX_RECORD_BYTES}, columns={{{names}}})"
    )
    raws = {
        column: Raw(
            split_name(column)[1], _unescaped(f"c{n}") if form is Format.TSV else f"c{n}", "VARCHAR"
        )
        for n, column in enumerate(part.columns)
    }
    return _reading(table, items, relation, raws)


def _unescaped(sql: str) -> str:
    """A TSV cell without its escapes: pairs of backslashes first, as one may stand before an n."""
    made = "piece"
    for letter, code in (("b", 8), ("f", 12), ("n", 10), ("r", 13), ("t", 9), ("v", 11)):
        made = rf"replace({made}, '\{letter}', chr({code}))"
    pieces = rf"list_transform(string_split({sql}, '\\'), lambda piece: {made})"
    return rf"CASE WHEN contains({sql}, '\') THEN array_to_string({pieces}, '\') ELSE {sql} END"


def _json(table: CanvasTable, items: Sequence[tuple[Part, Path]]) -> Reading:
    keys = ", ".join(f'"{name}" VARCHAR' for name in table.primary_key)
    values = ", ".join(f'"{column.name}" VARCHAR' for column in table.columns)
    relation = (
        f"read_json(?, format='newline_delimited', maximum_object_size={MAX_RECORD_BYTES}, "
        f"columns={{'key': 'STRUCT({keys})', 'value': 'STRUCT({values})', "
        "'meta': 'STRUCT(ts VARCHAR, \"action\" VARCHAR)'})"
    )
    # Properties that are NULL are left out, so a column is there unless the table never has it.
    seen = {field for part, _ in items for field in part.fields} | DAP_COLUMNS.get(
        table.name, frozenset()
    )
    raws = {
        f"value.{column.name}": Raw((column.name,), f'"value"."{column.name}"', "VARCHAR")
        for column in table.columns
        if column.name in seen and column.name not in table.primary_key
    }
    for name in table.primary_key:
        raws[f"key.{name}"] = Raw((name,), f'"key"."{name}"', "VARCHAR")
    raws["meta.ts"] = Raw(("ts",), "meta.ts", "VARCHAR")
    raws["meta.action"] = Raw(("action",), "meta.action", "VARCHAR")
    return _reading(table, items, relation, raws)


def _parquet(
    connection: duckdb.DuckDBPyConnection, table: CanvasTable, items: Sequence[tuple[Part, Path]]
) -> Reading:
    schema: pa.Schema = parquet_schema(items[0][1], items[0][0].name)
    source = "read_parquet(?, binary_as_string=true)"
    relation = f"{source} AS records ({', '.join(f'c{n}' for n in range(len(schema)))})"
    wanted = {*table.column_names, "ts", "action"}
    selects = {}
    for number, field in enumerate(schema):
        if is_section(field):
            for inner in field.type:
                if inner.name.lower() in wanted:
                    # Matched without regard to case, so the name is one of ours.
                    name = inner.name.lower()
                    selects[f"{field.name}.{name}"] = f"struct_extract(c{number}, '{name}')"
        else:
            selects[field.name] = f"c{number}"
    types = connection.execute(
        f"DESCRIBE SELECT {', '.join(selects.values())} FROM {relation}", [[str(items[0][1])]]
    ).fetchall()
    raws = {
        column: Raw(split_name(column)[1], sql, row[1])
        for (column, sql), row in zip(selects.items(), types, strict=True)
    }
    return _reading(table, items, relation, raws)


def _reading(
    table: CanvasTable,
    items: Sequence[tuple[Part, Path]],
    relation: str,
    raws: dict[str, Raw],
) -> Reading:
    part = items[0][0]
    sections = {column: split_name(column)[0] for column in raws}
    meta = {raw.path[0]: raw for column, raw in raws.items() if sections[column] == "meta"}
    fields = [raw for column, raw in raws.items() if sections[column] != "meta"]
    columns = typed_columns(table, fields)
    missing = set(table.primary_key) - {column.name for column in columns}
    if missing:
        raise BadSource(
            f"{part.name} has no key {', '.join(sorted(missing))}, so it cannot hold {table.name}. "
            "Check which table it was given for."
        )
    ts, action = meta.get("ts"), meta.get("action")
    return Reading(
        parts=tuple(part for part, _ in items),
        relation=relation,
        files=tuple(str(file) for _, file in items),
        columns=tuple(columns),
        ts=f"coalesce({moment(ts.sql, ts.sql_type)}, {_BEGINNING})" if ts else _BEGINNING,
        is_deleted=f"coalesce(upper(CAST({action.sql} AS VARCHAR)) = 'D', false)"
        if action
        else "false",
    )
