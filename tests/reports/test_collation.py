"""Text in the order of Canvas's database collation (sis_and_provisioning.md, 3.5 step 2)."""

from __future__ import annotations

import ibis
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.reports.collation import collation_keys


def in_order(texts: list[str]) -> list[str]:
    table = ibis.memtable(pa.table({"text": texts}))
    ordered = table.order_by(*collation_keys(table.text))
    return [row["text"] for row in ibis.duckdb.connect().to_pyarrow(ordered).to_pylist()]


@pytest.mark.parametrize(
    "expected",
    [
        ["u9", "u10", "u100"],
        ["abc", "Abc", "abd"],
        ["resume", "résumé", "resumes"],
        ["a_b", "a-b", "a.b", "a@b", "a1", "ab"],
        ["a b", "ab"],
        ["item 2b", "item 10a"],
        ["Zoë", "zoo"],
        ["ana", "ána", "Ánb"],
        ["12345678901234567890", "22345678901234567890"],
    ],
)
def test_texts_stand_in_order(expected: list[str]) -> None:
    assert in_order(expected[::-1]) == expected


@given(st.lists(st.integers(min_value=0, max_value=10**15), unique=True, min_size=2))
def test_a_run_of_digits_counts_as_its_number(numbers: list[int]) -> None:
    assert in_order([f"u{number}x" for number in numbers]) == [
        f"u{number}x" for number in sorted(numbers)
    ]
