"""Numbers as text: as Ruby prints them, and as people of a locale write them."""

from __future__ import annotations

from rollbook.canvas.locales import marks_of

SMALLEST_PLAIN_FLOAT = 1e-4
"""Below it a float prints with an exponent."""
SMALLEST_EXPONENT_FLOAT = 1e16
"""From it on a float prints with an exponent."""


def ruby_float(value: float) -> str:
    """A float with the shortest digits that round-trip (grades_and_outcomes.md, 0.3)."""
    size = abs(value)
    if size == 0 or SMALLEST_PLAIN_FLOAT <= size < SMALLEST_EXPONENT_FLOAT:
        return repr(value)
    digits, exponent, power = repr(value).partition("e")
    if not exponent:
        return repr(value)
    return f"{digits}{'' if '.' in digits else '.0'}e{power}"


def ruby_number(value: float) -> str:
    """An integer without decimals, a float with them."""
    return str(value) if isinstance(value, int) else ruby_float(value)


def localized_number(value: float, locale: str) -> str:
    """A number with its digits in groups and its own decimals (grades_and_outcomes.md, 5.3)."""
    thousands, decimal = marks_of(locale)
    sign = "-" if value < 0 else ""
    whole, point, decimals = ruby_number(abs(value)).partition(".")
    grouped = f"{int(whole):,}".replace(",", thousands)
    return f"{sign}{grouped}{decimal if point else ''}{decimals}"
