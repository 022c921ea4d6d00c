"""Rows to CSV, formatted as Canvas formats them (sis_and_provisioning.md, 3.1)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Full, Queue
from threading import Event, Thread
from typing import BinaryIO
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa

from rollbook.canvas.numbers import (
    SMALLEST_EXPONENT_FLOAT,
    SMALLEST_PLAIN_FLOAT,
    ruby_float,
)
from rollbook.canvas.zones import is_utc, iso_seconds

CHUNK_ROWS = 122_880
"""Rows taken from the engine at a time: one of DuckDB's row groups."""


# From then on Polars changes no clocks any more, and Python's calendar ends.
_LAST_RULES, _LAST_DAY = datetime(2100, 1, 1), datetime(9999, 12, 30)  # noqa: DTZ001 (UTC, as in tables)


@dataclass(frozen=True, kw_only=True)
class CsvLayout:
    """How one CSV looks."""

    headers: list[str]
    zone: ZoneInfo
    """The zone in which times print."""
    separator: str = ","
    byte_order_mark: bool = False
    when_empty: str | None = None
    """The only cell of a line that stands in place of rows where there are none."""
    when_null: Sequence[str | None] = ()
    """What NULL prints in each column; None, as where there is no item: nothing."""


def write_csv(
    batches: Iterable[pa.RecordBatch] | None,
    layout: CsvLayout,
    sink: BinaryIO,
    lines_written: Callable[[int], None],
) -> int:
    """Write a header and all rows; gives the number of lines, the header included.

    Args:
        batches: typed rows, columns in the order of the headers; None for no rows. A list in the
            last column prints as one cell for each of its items.
        layout: headers, zone and separator.
        sink: where the bytes go.
        lines_written: told the number of lines before each piece; what it raises stops.
    """
    if layout.byte_order_mark:
        sink.write("\ufeff".encode())
    sink.write(_header(layout))
    lines = 1
    # The engine computes the next rows while these are written.
    with _read_ahead(batches or ()) as pieces:
        for piece in pieces:
            lines_written(lines)
            sink.write(format_rows(piece, layout))
            lines += piece.num_rows
    if lines == 1 and layout.when_empty is not None:
        sink.write(_line([layout.when_empty], layout))
        lines += 1
    return lines


def format_rows(batch: pa.RecordBatch, layout: CsvLayout) -> bytes:
    """Rows as CSV lines, without a header."""
    frame = pl.DataFrame(pl.from_arrow(batch))
    cells = pl.DataFrame([_as_canvas_prints(frame[name], layout.zone) for name in frame.columns])
    cells = cells.with_columns(
        pl.col(name).fill_null(text)
        for name, text in zip(cells.columns, layout.when_null, strict=False)
        if text is not None
    )
    if cells.width and isinstance(cells.dtypes[-1], pl.List):
        return b"".join(_lines(run, layout) for run in _runs_of_one_width(cells))
    return _lines(cells, layout)


def _header(layout: CsvLayout) -> bytes:
    return _line(layout.headers, layout) if layout.headers else b"\n"


def _line(texts: list[str], layout: CsvLayout) -> bytes:
    # As a row, because Polars refuses two headers of one name.
    row = pl.DataFrame([pl.Series(str(n), [text]) for n, text in enumerate(texts)])
    return _lines(row, layout)


def _lines(cells: pl.DataFrame, layout: CsvLayout) -> bytes:
    buffer = io.BytesIO()
    cells.write_csv(
        buffer, include_header=False, separator=layout.separator, quote_style="necessary"
    )
    return buffer.getvalue()


def _runs_of_one_width(cells: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Rows that follow each other with equally many items in the last column, items spread out."""
    lists = cells.columns[-1]
    widths = pl.col(lists).list.len().fill_null(0)
    numbered = cells.with_columns(width=widths).with_columns(run=pl.col("width").rle_id())
    for run in numbered.partition_by("run", maintain_order=True):
        items = [run[lists].list.get(n).alias(f"item {n}") for n in range(run["width"][0])]
        yield run.drop(lists, "width", "run").hstack(items)


def _as_canvas_prints(column: pl.Series, zone: ZoneInfo) -> pl.Series:
    if isinstance(column.dtype, pl.Datetime):
        return _times(column, zone)
    if column.dtype in (pl.Float64, pl.Float32):
        return _floats(column)
    return column


def _times(column: pl.Series, zone: ZoneInfo) -> pl.Series:
    offset = "Z" if is_utc(zone) else "%:z"
    in_zone = column.dt.replace_time_zone("UTC").dt.convert_time_zone(zone.key)
    texts = in_zone.dt.strftime(f"%Y-%m-%dT%H:%M:%S{offset}")
    late = column.is_between(_LAST_RULES, _LAST_DAY)
    if not late.any():
        return texts
    by_rules = column.filter(late).map_elements(
        lambda moment: iso_seconds(moment.replace(tzinfo=UTC), zone), return_dtype=pl.String
    )
    return texts.scatter(late.arg_true(), by_rules)


def _floats(column: pl.Series) -> pl.Series:
    size = column.abs()
    plain = (size == 0) | ((size >= SMALLEST_PLAIN_FLOAT) & (size < SMALLEST_EXPONENT_FLOAT))
    if plain.fill_null(value=True).all():
        return column.cast(pl.String)
    return column.map_elements(ruby_float, return_dtype=pl.String)


@contextmanager
def _read_ahead(batches: Iterable[pa.RecordBatch]) -> Iterator[Iterator[pa.RecordBatch]]:
    """Read in a thread of its own, a few batches ahead; an error there is raised here."""
    queue: Queue[pa.RecordBatch | BaseException | None] = Queue(maxsize=3)
    stopped = Event()

    def put(item: pa.RecordBatch | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                return queue.put(item, timeout=0.1)
            except Full:
                continue
        return None

    def read() -> None:
        try:
            for batch in batches:
                put(batch)
                if stopped.is_set():
                    return
            put(None)
        except BaseException as error:  # noqa: BLE001 (raised again by the reader of the queue)
            put(error)

    # What is logged there is of the same run.
    thread = Thread(target=copy_context().run, args=[read], name="read-ahead", daemon=True)
    thread.start()
    try:
        yield _taken(queue)
    finally:
        stopped.set()
        thread.join()


def _taken(queue: Queue[pa.RecordBatch | BaseException | None]) -> Iterator[pa.RecordBatch]:
    while (item := queue.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        yield item
