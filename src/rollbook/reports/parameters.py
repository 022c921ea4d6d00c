"""The values of a run's parameters, read as Canvas reads them (api.md, 2.3)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TRUE = frozenset({"yes", "y", "true", "t", "on", "1"})
_FALSE = frozenset({"no", "n", "false", "f", "off", "0"})
# Python reads no longer ones.
_LEADING_INTEGER = re.compile(r"\s*[+-]?\d{1,4300}", re.ASCII)


def is_true(value: Any) -> bool:
    """Whether a value counts as true: words, numbers but those cut to 0, text that begins so."""
    if value is None or isinstance(value, bool):
        return bool(value)
    text = str(value)
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    return leading_integer(value) != 0


def leading_integer(value: Any) -> int:
    """The integer that a value begins with; 0 where it begins with none.

    A number is cut to its integer, which its text need not begin with: `1e-05`.
    """
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else 0
    number = _LEADING_INTEGER.match(str(value))
    return int(number.group()) if number else 0


def is_blank(value: Any) -> bool:
    """Whether a value counts as not given: null, false, blank text, an empty list or object."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value is False or value in ([], {})


@dataclass(frozen=True)
class Parameters:
    """The parameters of one run, as the client sent them."""

    values: Mapping[str, Any]

    def truth(self, name: str) -> bool:
        """A switch: whether the parameter is true; false when it is missing."""
        return is_true(self.values.get(name))

    def given(self, *names: str) -> Any:
        """The first of the named parameters that is not blank; None if all are."""
        for name in names:
            value = self.values.get(name)
            if not is_blank(value):
                return value
        return None

    def chosen(self, name: str, valid: tuple[str, ...]) -> tuple[str, ...] | None:
        """A list parameter's valid items, in the order of `valid`; None when it was not given.

        A list, or text with commas and no blanks around them; other items are dropped.
        """
        value = self.given(name)
        if value is None:
            return None
        items = value if isinstance(value, list) else str(value).split(",")
        asked = {piece for item in items for piece in str(item).split(",")}
        return tuple(item for item in valid if item in asked)
