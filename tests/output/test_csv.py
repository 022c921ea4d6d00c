"""Rows as CSV bytes (sis_and_provisioning.md, 3.1)."""

from __future__ import annotations

import io
import math
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from conformance.cells import parse
from hypothesis import given
from hypothesis import strategies as st

from rollbook.canvas.numbers import ruby_float
from rollbook.output.csv import CsvLayout, write_csv


def written(columns: dict[str, Any], zone: str = "America/Denver", **settings: Any) -> str:
    table = pa.table(columns)
    layout = CsvLayout(headers=list(columns), zone=ZoneInfo(zone), **settings)
    sink = io.BytesIO()
    lines = write_csv(table.to_reader(max_chunksize=3), layout, sink, lambda _: None)
    text = sink.getvalue().decode()
    assert lines == 1 + table.num_rows
    return text


def test_null_is_nothing_and_an_empty_text_is_two_quotes() -> None:
    assert written({"a": [None, "", "x"], "b": [1, None, 3]}) == 'a,b\n,1\n"",\nx,3\n'


def test_a_column_can_say_what_null_prints() -> None:
    """An empty text stays one."""
    columns = {"at": [None, datetime(2026, 1, 1)], "text": ["", None], "plain": [None, "x"]}
    assert written(columns, "UTC", when_null=["never", "no,ne", None]) == (
        'at,text,plain\nnever,"",\n2026-01-01T00:00:00Z,"no,ne",x\n'
    )


def test_quotes_stand_only_where_they_are_needed() -> None:
    texts = ["a,b", 'say "hi"', "two\nlines", "cr\r", " blank ", "tab\t", "plain"]
    assert written({"text": texts}) == (
        'text\n"a,b"\n"say ""hi"""\n"two\nlines"\n"cr\r"\n blank \ntab\t\nplain\n'
    )


def test_booleans_are_words() -> None:
    assert written({"b": [True, False, None]}) == "b\ntrue\nfalse\n\n"


def test_times_print_in_the_zone_without_fractions() -> None:
    times = [datetime(2026, 1, 12, 8, 0, 0, 999_999), datetime(2026, 7, 1, 0, 0, 0), None]
    assert written({"t": times}) == "t\n2026-01-12T01:00:00-07:00\n2026-06-30T18:00:00-06:00\n\n"
    assert written({"t": times}, "UTC") == "t\n2026-01-12T08:00:00Z\n2026-07-01T00:00:00Z\n\n"


def test_clocks_are_changed_in_every_century() -> None:
    """Courses without an end often end in a far year."""
    times = [datetime(2100, 7, 1, 5, 6, 7, 999_999), None, datetime(2999, 1, 1)]
    expected = "t\n2100-07-01T01:06:07-04:00\n\n2998-12-31T19:00:00-05:00\n"
    assert written({"t": times}, "America/New_York") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (88.0, "88.0"),
        (66.67, "66.67"),
        (-5.0, "-5.0"),
        (0.0, "0.0"),
        (1e15, "1000000000000000.0"),
        (1e16, "1.0e+16"),
        (1.5e20, "1.5e+20"),
        (0.0001, "0.0001"),
        (0.00001, "1.0e-05"),
        (1.25e-7, "1.25e-07"),
    ],
)
def test_floats_print_with_the_shortest_digits(value: float, expected: str) -> None:
    assert ruby_float(value) == expected
    assert written({"f": [value, None]}) == f"f\n{expected}\n\n"


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_floats_round_trip(values: list[float]) -> None:
    cells = [row[0] for row in parse(written({"f": [*values]}))[1:]]
    assert all(
        cell is not None and math.isclose(float(cell), value, rel_tol=0)
        for cell, value in zip(cells, values, strict=True)
    )


@given(st.lists(st.tuples(st.none() | st.text(), st.none() | st.text()), min_size=1))
def test_any_text_comes_back_as_it_was(rows: list[tuple[str | None, str | None]]) -> None:
    text = written({"a": [row[0] for row in rows], "b": [row[1] for row in rows]})
    assert parse(text)[1:] == rows


def test_a_list_in_the_last_column_prints_as_one_cell_for_each_item() -> None:
    lists = [["x", None], ["", "y,z"], [], None, ["a", "b", "c"]]
    assert written({"n": [1, 2, 3, 4, 5], "items": lists}) == (
        'n,items\n1,x,\n2,"","y,z"\n3\n4\n5,a,b,c\n'
    )


def test_a_sentence_stands_where_there_are_no_rows() -> None:
    layout = CsvLayout(headers=["a", "b"], zone=ZoneInfo("UTC"), when_empty="Nothing found")
    sink = io.BytesIO()
    assert write_csv([], layout, sink, lambda _: None) == 2
    assert sink.getvalue() == b"a,b\nNothing found\n"
    assert written({"a": [1]}, when_empty="Nothing found") == "a\n1\n"
