"""Dumps for tests: records go into files of every form, rows of Canvas's tables come out."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rollbook.canvas.tables import Tables
from rollbook.engines.duck import DuckLimits
from rollbook.engines.lake import Lake
from rollbook.load.canvas_data import CanvasDataOptions, load_canvas_data
from rollbook.load.loading import LoadSummary

FORMS = ("csv", "tsv", "jsonl", "parquet", "nested.parquet")
MORNING = "2025-01-01T06:00:00.000Z"
_ESCAPES = {
    "\\": r"\\",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
}

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Record:
    """What DAP says of one row."""

    id: int
    value: Row = field(default_factory=dict)
    ts: str = MORNING
    action: str | None = None


def records(*rows: Row, ts: str = MORNING, action: str | None = None) -> list[Record]:
    """Records of rows that have an `id`."""
    return [
        Record(row["id"], {k: v for k, v in row.items() if k != "id"}, ts, action) for row in rows
    ]


def updates(*rows: Row, ts: str) -> list[Record]:
    """Rows that an incremental adds or replaces."""
    return records(*rows, ts=ts, action="U")


def deletions(*ids: int, ts: str) -> list[Record]:
    """Rows that an incremental takes away."""
    return [Record(number, {}, ts, "D") for number in ids]


def write_job(
    folder: Path,
    rows: Sequence[Record],
    form: str = "csv",
    *,
    columns: Sequence[str] | None = None,
    packed: bool = False,
    key: str = "id",
) -> Path:
    """Write the records of one table as one file; gives the file."""
    folder.mkdir(parents=True, exist_ok=True)
    names = list(columns or dict.fromkeys(name for row in rows for name in row.value))
    has_actions = any(row.action for row in rows)
    file = folder / f"part-{len(list(folder.iterdir())):05}.{form.removeprefix('nested.')}"
    if form.endswith("parquet"):
        table = _nested(rows, names, key) if form == "nested.parquet" else _flat(rows, names, key)
        pq.write_table(table if has_actions else _without_actions(table), file)
        return file
    text = {"csv": _csv, "tsv": _tsv, "jsonl": _jsonl}[form](rows, names, key, has_actions)
    if packed:
        file = file.with_name(file.name + ".gz")
        file.write_bytes(gzip.compress(text.encode("utf-8", "surrogatepass")))
    else:
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
    return file


def _header(names: Sequence[str], key: str, has_actions: bool) -> list[str]:
    actions = ["meta.action"] if has_actions else []
    return [f"key.{key}", *(f"value.{name}" for name in names), "meta.ts", *actions]


def _cells(row: Record, names: Sequence[str], has_actions: bool) -> list[Any]:
    actions = [row.action] if has_actions else []
    return [row.id, *(row.value.get(name) for name in names), row.ts, *actions]


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _csv(rows: Sequence[Record], names: Sequence[str], key: str, has_actions: bool) -> str:
    def cell(value: Any, row: Record) -> str:
        if value is None:
            return "" if row.action == "D" else "NULL"
        text = _as_text(value)
        must = not text or text == "NULL" or any(c in text for c in ',"\n\r')
        return '"' + text.replace('"', '""') + '"' if must else text

    lines = [",".join(_header(names, key, has_actions))]
    lines += [",".join(cell(v, row) for v in _cells(row, names, has_actions)) for row in rows]
    return "\n".join(lines) + "\n"


def _tsv(rows: Sequence[Record], names: Sequence[str], key: str, has_actions: bool) -> str:
    def cell(value: Any) -> str:
        if value is None:
            return r"\N"
        return "".join(_ESCAPES.get(letter, letter) for letter in _as_text(value))

    lines = ["\t".join(_header(names, key, has_actions))]
    lines += ["\t".join(cell(v) for v in _cells(row, names, has_actions)) for row in rows]
    return "\n".join(lines) + "\n"


def _jsonl(rows: Sequence[Record], names: Sequence[str], key: str, has_actions: bool) -> str:
    lines = []
    for row in rows:
        value = {name: row.value[name] for name in names if row.value.get(name) is not None}
        record: dict[str, Any] = {"key": {key: row.id}}
        if row.action != "D":
            record["value"] = value
        record["meta"] = {"ts": row.ts} | ({"action": row.action} if row.action else {})
        lines.append(json.dumps(record, ensure_ascii=False) + "\n")
    return "".join(lines)


def _times(rows: Sequence[Record]) -> pa.Array:
    texts = pa.array([row.ts.removesuffix("Z") for row in rows], pa.string())
    return texts.cast(pa.timestamp("ms")).cast(pa.timestamp("ms", "UTC"))


def _flat(rows: Sequence[Record], names: Sequence[str], key: str) -> pa.Table:
    columns = {f"key.{key}": pa.array([row.id for row in rows], pa.int64())}
    for name in names:
        columns[f"value.{name}"] = pa.array([row.value.get(name) for row in rows])
    columns["meta.ts"] = _times(rows)
    columns["meta.action"] = pa.array([row.action for row in rows], pa.string())
    return pa.table(columns)


def _nested(rows: Sequence[Record], names: Sequence[str], key: str) -> pa.Table:
    flat = _flat(rows, names, key)
    value = [flat[f"value.{name}"].combine_chunks() for name in names]
    meta = [flat[f"meta.{name}"].combine_chunks() for name in ("ts", "action")]
    return pa.table(
        {
            "key": pa.StructArray.from_arrays([flat[f"key.{key}"].combine_chunks()], [key]),
            "value": pa.StructArray.from_arrays(value, list(names)),
            "meta": pa.StructArray.from_arrays(meta, ["ts", "action"]),
        }
    )


def _without_actions(table: pa.Table) -> pa.Table:
    if "meta.action" in table.column_names:
        return table.drop_columns("meta.action")
    ts = table["meta"].combine_chunks().field("ts")
    return table.set_column(2, "meta", pa.StructArray.from_arrays([ts], ["ts"]))


@dataclass
class Dump:
    """A lake, and folders to load into it."""

    folder: Path
    lake: Lake = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.lake = Lake(self.folder / "data", DuckLimits(threads=1))

    def load(self, *sources: Path | str, **options: Any) -> LoadSummary:
        """Load folders and files."""
        return load_canvas_data(self.lake, sources, CanvasDataOptions(**options))

    def load_records(self, table: str, rows: Sequence[Record], form: str = "csv") -> LoadSummary:
        """Load records of one table from a new folder."""
        folder = self.folder / f"dump-{len(list(self.folder.iterdir()))}" / table
        write_job(folder, rows, form)
        return self.load(folder.parent)

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Some columns of a table as reports see them, in the order of keys."""
        engine = self.lake.engine()
        try:
            expression = getattr(Tables(engine), table)
            key = "enrollment_id" if table == "enrollment_states" else "id"
            found = engine.rows(expression.order_by(key).select(*columns))
        finally:
            engine.close()
        return [tuple(row[column] for column in columns) for row in found]

    def values(self, table: str, column: str) -> list[Any]:
        """One column of a table."""
        return [value for (value,) in self.rows(table, column)]

    def details(self, table: str) -> dict[str, Any]:
        """What the last load kept about a table."""
        found: dict[str, Any] = self.lake.snapshots()[-1].details["tables"][table]
        return found
