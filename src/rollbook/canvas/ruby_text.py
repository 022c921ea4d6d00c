"""Lists and dictionaries as Ruby prints them (courses_and_tools.md, 1.9)."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from rollbook.canvas.numbers import ruby_number
from rollbook.canvas.serialized import Symbol

_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\x1b": "\\e",
    "\a": "\\a",
    "\b": "\\b",
    "\v": "\\v",
    "\f": "\\f",
    "\x7f": "\\x7F",
}
_INTERPOLATION = re.compile(r"#(?=[{$@])")
_NO_INTERPOLATION = r"\\#"
_PLAIN_SYMBOL = re.compile(r"[^\W\d]\w*[?!]?")


def ruby_text(value: Any, *, spaced_arrows: bool = False) -> str:
    """A value inside a list or dictionary, or such a whole, as Ruby's `inspect` prints it.

    Args:
        value: what `decode_as_ruby` gives.
        spaced_arrows: print dictionaries as Ruby 3.4 and later do: `{"k" => 1, s: 2}` instead of
            `{"k"=>1, :s=>2}`.
    """
    if isinstance(value, dict):
        entries = (_entry(key, item, spaced_arrows) for key, item in value.items())
        return f"{{{', '.join(entries)}}}"
    if isinstance(value, list):
        return f"[{', '.join(ruby_text(item, spaced_arrows=spaced_arrows) for item in value)}]"
    return _scalar(value)


def plain_text(value: Any) -> str | None:
    """A single value as a cell prints it; None for nothing."""
    return value if value is None or isinstance(value, str) else _scalar(value)


def _entry(key: Any, item: Any, spaced_arrows: bool) -> str:
    text = ruby_text(item, spaced_arrows=spaced_arrows)
    if not spaced_arrows:
        return f"{ruby_text(key)}=>{text}"
    if isinstance(key, Symbol):
        return f"{_symbol(key)}: {text}"
    return f"{ruby_text(key, spaced_arrows=True)} => {text}"


def _scalar(value: Any) -> str:
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return ruby_number(value)
    return f":{_symbol(value)}" if isinstance(value, Symbol) else _quoted(str(value))


def _symbol(symbol: Symbol) -> str:
    return str(symbol) if _PLAIN_SYMBOL.fullmatch(symbol) else _quoted(symbol)


def _quoted(text: str) -> str:
    escaped = "".join(_ESCAPES.get(letter) or _unless_control(letter) for letter in text)
    return f'"{_INTERPOLATION.sub(_NO_INTERPOLATION, escaped)}"'


def _unless_control(letter: str) -> str:
    return f"\\u{ord(letter):04X}" if unicodedata.category(letter) == "Cc" else letter
