"""Numbers in the writing of a locale (grades_and_outcomes.md, 5.3)."""

from __future__ import annotations

import pytest

from rollbook.canvas.numbers import localized_number


@pytest.mark.parametrize(
    ("value", "locale", "expected"),
    [
        (3, "en", "3"),
        (3.0, "en", "3.0"),
        (1000, "en", "1,000"),
        (1234567.25, "en", "1,234,567.25"),
        (-1000.0, "de", "-1.000,0"),
        (1000.5, "pt-BR", "1.000,5"),
        (1000.5, "pt", "1 000,5"),
        (1000.5, "da", "1,000.5"),
        (0.5, "sv", "0,5"),
    ],
)
def test_digits_stand_in_groups_and_keep_their_decimals(
    value: float, locale: str, expected: str
) -> None:
    assert localized_number(value, locale) == expected
