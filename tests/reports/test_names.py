"""First and last names (sis_and_provisioning.md, 3.7)."""

from __future__ import annotations

import re

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.reports.names import first_name, last_name

SUFFIXES = {"senior", "junior", "ii", "iii", "iv", "v", "vi", "esq", "esquire", "esq."}
SUFFIXES |= {"sr", "snr", "jr", "jnr", "sr.", "snr.", "jr.", "jnr."}

Names = list[tuple[str | None, str | None]]


def names_of(sortable_names: list[str | None]) -> Names:
    given_names = pa.array(sortable_names, pa.string())
    table = ibis.memtable(pa.table({"n": range(len(sortable_names)), "name": given_names}))
    found = table.select("n", first=first_name(table.name), last=last_name(table.name))
    rows = ibis.duckdb.connect().to_pyarrow(found.order_by("n")).to_pylist()
    return [(row["first"], row["last"]) for row in rows]


@pytest.mark.parametrize(
    ("sortable_name", "expected"),
    [
        ("Clair, John St.", ("John St.", "Clair")),
        ("Ho, Chi, Min", ("Chi Min", "Ho")),
        ("Doe, John, Jr.", ("John", "Doe")),
        ("Ana Maria Sol", ("Ana Maria", "Sol")),
        ("Cher", ("Cher", None)),
        ("Ana Sol Jr.", ("Ana", "Sol")),
        ("Smith, Jr.", ("Jr.", "Smith")),
        ("Smith,", (None, "Smith")),
        (", Ana Sol", ("Ana Sol", "")),
        ("Doe, John JUNIOR", ("John", "Doe")),
        ("Doe, John, Jr. ,", ("John Jr. ,", "Doe")),
        ("  Sol ,  Ana \t Maria ", ("Ana Maria", "Sol")),
        ("Ana\u00a0Sol", ("Ana\u00a0Sol", None)),
        ("", (None, None)),
        ("   ", (None, None)),
        (None, (None, None)),
        ("a\nb, c\nd", ("c d", "a\nb")),
    ],
)
def test_a_sortable_name_is_split(
    sortable_name: str | None, expected: tuple[str | None, str | None]
) -> None:
    assert names_of([sortable_name]) == [expected]


words = st.sampled_from([*sorted(SUFFIXES), "Jr.", "III", "Ana", "O'Neil", "van", "李", "a.b"])
gaps = st.sampled_from([" ", "  ", ",", ", ", " ,", "\t", "\n", ""])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.one_of(words, gaps), max_size=8).map("".join), min_size=1, max_size=40))
def test_names_are_split_as_the_rules_say_step_by_step(sortable_names: list[str]) -> None:
    assert names_of([*sortable_names]) == [step_by_step(name) for name in sortable_names]


def step_by_step(sortable_name: str) -> tuple[str | None, str | None]:
    """The six steps of the rule, one after the other."""
    blanks = " \t\n\v\f\r"
    if not sortable_name:
        return None, None
    text = sortable_name.strip(blanks)
    surname: str | None = None
    suffix = False
    given_names = text
    if "," in text:
        parts = [part.strip(blanks) for part in text.split(",", 2)]
        surname, given_names = parts[0], parts[1]
        if len(parts) == 3:
            suffix = parts[2].lower() in SUFFIXES
            given_names = given_names if suffix else f"{given_names} {parts[2]}"
    pieces = [piece for piece in re.split(r"[ \t\n\v\f\r]+", given_names) if piece]
    if not suffix and len(pieces) > 1 and pieces[-1].lower() in SUFFIXES:
        pieces.pop()
    if surname is None and len(pieces) > 1:
        surname = pieces.pop()
    return " ".join(pieces) or None, surname
