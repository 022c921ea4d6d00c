"""Serialized columns, YAML and JSON (data_sources.md, 1.1)."""

from __future__ import annotations

import json
from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.canvas.serialized import decode, decode_mapping, setting_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("  ", None),
        ("---\n:course_format: online\n", {"course_format": "online"}),
        ('{"a": {":b": 1}}', {"a": {"b": 1}}),
        ('"{\\"a\\": true}"', {"a": True}),
        ("---\n- !ruby/sym foo\n- :bar\n", ["foo", "bar"]),
        ("--- !ruby/hash:ActiveSupport::HashWithIndifferentAccess\na: 1\n", {"a": 1}),
        ("a: !ruby/object:BigDecimal 18:0.9e1\n", {"a": 9.0}),
        ("a: !ruby/object:BigDecimal 27:0.94e0\n", {"a": 0.94}),
        ("a: !ruby/object:Kernel\n  x: 1\n", {"a": None}),
        ("--- !ruby/hash-with-ivars:X\nelements: {a: 1}\nivars: {}\n", {"a": 1}),
        ("{a: [", None),
        ("':a': ':b'\n:c: :d\n", {"a": ":b", "c": "d"}),
        ('{":a": ":b"}', {"a": ":b"}),
        ("- =\n- 2026-02-31\n- !binary w6k=\n", ["=", "2026-02-31", "é"]),
        ("!!python/object/apply:os.system ['true']", None),
    ],
)
def test_what_a_serialized_column_holds(text: str | None, expected: Any) -> None:
    assert decode(text) == expected


@given(st.dictionaries(st.text("abc_", min_size=1), st.one_of(st.booleans(), st.integers())))
def test_json_comes_back_as_it_was(value: dict[str, Any]) -> None:
    assert decode_mapping(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\n:course_format: on_campus\n", "on_campus"),
        ("---\ncourse_format: 'online'\nx: 1\n", "online"),
        ('{"x": 1, "course_format":"blended"}', "blended"),
        ("---\n:my_course_format: online\n", None),
        ("---\n:course_format: on_the_moon\n", None),
        ("---\n:course_format: online2\n", None),
        (None, None),
    ],
)
def test_the_engine_reads_a_setting_out_of_the_text(text: str | None, expected: str | None) -> None:
    table = ibis.memtable(pa.table({"settings": pa.array([text], pa.string())}))
    value = setting_text(table.settings, "course_format", "on_campus|online|blended")
    assert ibis.duckdb.connect().to_pyarrow(table.select(value=value)).to_pylist() == [
        {"value": expected}
    ]
