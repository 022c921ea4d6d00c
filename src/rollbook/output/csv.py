"""Rows to CSV, formatted as Canvas formats them (sis_and_provisioning.md, 3.1)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Full, Queue
from threading import Event, Thread
from typing import BinaryIO
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa

from rollbook.canvas.zones import is_utc

CHUNK_ROWS = 122_880
"""Rows taken from the engine at a time: one of DuckDB's row groups."""

_SMALLEST_PLAIN_FLOAT = 1e-4
_SMALLEST_EXPONENT_FLOAT = 1e16


@dataclass(frozen=True, kw_only=True)
class CsvLayout:
    """How one CSV looks."""

    headers: list[str]
    zone: ZoneInfo
    """The zone in which times print."""
    separator: str = ","
    byte_order_mark: bool = False


def write_csv(
    batches: pa.RecordBatchReader | None,
    layout: CsvLayout,
    sink: BinaryIO,
    lines_written: Callable[[int], None],
) -> int:
    """Write a header and all rows; gives the number of lines, the header included.

    Args:
        batches: typed rows, columns in the order of the headers; None for no rows.
        layout: headers, zone and separator.
        sink: where the bytes go.
        lines_written: told the number of lines before each piece; what it raises stops.
    """
    if layout.byte_order_mark:
        sink.write("\ufeff".encode())
    sink.write(_header(layout))
    lines = 1
    if batches is None:
        return lines
    # The engine computes the next rows while these are written.
    with _read_ahead(batches) as pieces:
        for piece in pieces:
            lines_written(lines)
            sink.write(format_rows(piece, layout))
            lines += piece.num_rows
    return lines


def format_rows(batch: pa.RecordBatch, layout: CsvLayout) -> bytes:
    """Rows as CSV lines, without a header."""
    frame = pl.DataFrame(pl.from_arrow(batch))
    cells = [_as_canvas_prints(frame[name], layout.zone) for name in frame.columns]
    buffer = io.BytesIO()
    pl.DataFrame(cells).write_csv(
        buffer, include_header=False, separator=layout.separator, quote_style="necessary"
    )
    return buffer.getvalue()


def _header(layout: CsvLayout) -> bytes:
    if not layout.headers:
        return b"\n"
    # As a row, because Polars refuses two headers of one name.
    row = pl.DataFrame([pl.Series(str(n), [text]) for n, text in enumerate(layout.headers)])
    buffer = io.BytesIO()
    row.write_csv(buffer, include_header=False, separator=layout.separator, quote_style="necessary")
    return buffer.getvalue()


def _as_canvas_prints(column: pl.Series, zone: ZoneInfo) -> pl.Series:
    if isinstance(column.dtype, pl.Datetime):
        return _times(column, zone)
    if column.dtype in (pl.Float64, pl.Float32):
        return _floats(column)
    return column


def _times(column: pl.Series, zone: ZoneInfo) -> pl.Series:
    offset = "Z" if is_utc(zone) else "%:z"
    in_zone = column.dt.replace_time_zone("UTC").dt.convert_time_zone(zone.key)
    return in_zone.dt.strftime(f"%Y-%m-%dT%H:%M:%S{offset}")


def _floats(column: pl.Series) -> pl.Series:
    size = column.abs()
    plain = (size == 0) | ((size >= _SMALLEST_PLAIN_FLOAT) & (size < _SMALLEST_EXPONENT_FLOAT))
    if plain.fill_null(value=True).all():
        return column.cast(pl.String)
    return column.map_elements(ruby_float, return_dtype=pl.String)


def ruby_float(value: float) -> str:
    """A float with the shortest digits that round-trip (grades_and_outcomes.md, 0.3)."""
    size = abs(value)
    if size == 0 or _SMALLEST_PLAIN_FLOAT <= size < _SMALLEST_EXPONENT_FLOAT:
        return repr(value)
    digits, exponent, power = repr(value).partition("e")
    if not exponent:
        return repr(value)
    return f"{digits}{'' if '.' in digits else '.0'}e{power}"


@contextmanager
def _read_ahead(batches: pa.RecordBatchReader) -> Iterator[Iterator[pa.RecordBatch]]:
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

    thread = Thread(target=read, name="read-ahead", daemon=True)
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
