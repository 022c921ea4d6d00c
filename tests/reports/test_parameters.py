"""Values of parameters, as Canvas reads them (api.md, 2.3)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.reports.parameters import Parameters, is_blank, is_true

TYPES = ("TeacherEnrollment", "TaEnrollment", "StudentEnrollment")


@pytest.mark.parametrize(
    "value",
    [True, "yes", "Y", "TRUE", "t", "On", "1", 1, 7, "7", "-2x", -1, 1.5, -1.0, 1e16, "9" * 5000],
)
def test_true_values(value: Any) -> None:
    assert is_true(value)


@pytest.mark.parametrize(
    "value",
    [
        *(False, None, "no", "N", "False", "f", "OFF", "0", 0, "abc", "", "  ", "0x1", [], {}),
        *(0.5, -0.5, 1e-05, " true ", "\u0661", "\u00a01"),
    ],
)
def test_false_values(value: Any) -> None:
    assert not is_true(value)


@given(st.integers(), st.text(alphabet="abc -.", max_size=5))
def test_text_counts_as_its_leading_integer(number: int, rest: str) -> None:
    assert is_true(f"{number}{rest}") == (number != 0)


@pytest.mark.parametrize("value", [None, False, "", " \t\n", [], {}])
def test_blank_values_count_as_not_given(value: Any) -> None:
    assert is_blank(value)
    assert Parameters({"a": value, "b": "x"}).given("a", "b") == "x"


@pytest.mark.parametrize("value", ["false", "0", 0, True, ["x"]])
def test_other_values_are_given(value: Any) -> None:
    assert not is_blank(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("StudentEnrollment,TeacherEnrollment", ("TeacherEnrollment", "StudentEnrollment")),
        (["TaEnrollment", "nonsense"], ("TaEnrollment",)),
        (["TaEnrollment,StudentEnrollment"], ("TaEnrollment", "StudentEnrollment")),
        ("StudentEnrollment, TaEnrollment", ("StudentEnrollment",)),
        ("nonsense", ()),
        ("", None),
        ([], None),
        (None, None),
    ],
)
def test_a_list_keeps_its_valid_items_in_their_own_order(
    value: Any, expected: tuple[str, ...] | None
) -> None:
    assert Parameters({"enrollment_filter": value}).chosen("enrollment_filter", TYPES) == expected
