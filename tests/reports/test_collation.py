"""Text in the order of Canvas's database collation (sis_and_provisioning.md, 3.5 step 2)."""

from __future__ import annotations

from functools import cache

import duckdb
import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.reports.collation import collation_keys

# What logins are made of, and some letters of Europe.
LOGIN_LETTERS = "aAbBoOzZ0129_-.@+' áÁàÀéÉèöÖőøØłŁßæÆ"


@cache
def engine() -> ibis.BaseBackend:
    return ibis.duckdb.connect()


def ranks_of(texts: list[str]) -> dict[str, int]:
    """The place of each text; those that are the same share one."""
    table = ibis.memtable(pa.table({"text": texts}))
    ranked = table.select("text", rank=ibis.rank().over(order_by=collation_keys(table.text)))
    return {row["text"]: row["rank"] for row in engine().to_pyarrow(ranked).to_pylist()}


def in_order(texts: list[str]) -> list[str]:
    table = ibis.memtable(pa.table({"text": texts}))
    ordered = table.order_by(*collation_keys(table.text))
    return [row["text"] for row in engine().to_pyarrow(ordered).to_pylist()]


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
        ["østby", "Østby", "ostby1"],
        ["straße", "strasse1", "træ", "traf"],
        ["ána", "Ána"],
        ["ana", "ána", "àna", "ăna", "âna", "äna", "ãna"],
    ],
)
def test_texts_stand_in_order(expected: list[str]) -> None:
    assert in_order(expected[::-1]) == expected


@settings(deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=10**15), unique=True, min_size=2))
def test_a_run_of_digits_counts_as_its_number(numbers: list[int]) -> None:
    assert in_order([f"u{number}x" for number in numbers]) == [
        f"u{number}x" for number in sorted(numbers)
    ]


@pytest.mark.parametrize("texts", [["kim2", "kim02"], ["a007b", "a7b"], ["000", "0"]])
def test_zeros_before_a_number_make_no_difference(texts: list[str]) -> None:
    assert set(ranks_of(texts).values()) == {0}


# The clock of a busy machine says nothing about the order.
@settings(deadline=None)
@given(st.lists(st.text(LOGIN_LETTERS, max_size=5), min_size=2, max_size=40, unique=True))
def test_logins_stand_as_icu_orders_them(texts: list[str]) -> None:
    """In the root collation with numeric order, also which of them are the same."""
    query = "SELECT icu_sort_key(?, 'und-u-kn-true')"
    keys = [duckdb.execute(query, [text]).fetchall()[0][0] for text in texts]
    assert ranks_of(texts) == {
        text: sorted(keys).index(key) for text, key in zip(texts, keys, strict=True)
    }
