"""Regular expressions as reports write them (RE2, DuckDB's) in the syntax of Postgres.

Both know most of the same signs. What differs is translated: what a dot matches, which letters
and digits the classes hold, word boundaries, and options. Postgres prefers the longest of several
alternatives and RE2 the first, so a report's alternatives must not begin alike, or be anchored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r" \t\n\f\r"}
_NAMED = {"alpha": "A-Za-z", "digit": "0-9", "alnum": "0-9A-Za-z", "upper": "A-Z", "lower": "a-z"}
_WORD = f"[{_CLASSES['w']}]"
# Postgres's own word boundaries know the letters of all scripts.
_ANCHORS = {
    "b": f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))",
    "B": f"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))",
    "A": r"\A",
    "z": r"\Z",
}
_SAME = frozenset("tnrfv")
_OPTIONS = re.compile(r"\(\?([is]+)\)")
_TOKEN = re.compile(
    r"(?P<escape>\\(?P<letter>.))|(?P<bracket>\[\^?\]?(?:\[:\w+:\]|\\.|[^\]\\])*\])"
    r"|(?P<dot>\.)|(?P<group>\(\?)(?!:)|(?P<other>\(\?:|.)",
    re.DOTALL,
)
_IN_BRACKET = re.compile(r"\[:(?P<name>\w+):\]|\\(?P<letter>.)", re.DOTALL)


def postgres_pattern(pattern: str, *, whole_as_group: bool = False) -> str:
    """A pattern in Postgres's syntax.

    Args:
        pattern: as DuckDB takes it.
        whole_as_group: put the whole into a group of its own, the first.

    Raises:
        ValueError: the pattern holds something that has no counterpart.
    """
    options = _OPTIONS.match(pattern)
    letters = options[1] if options else ""
    body = pattern[options.end() :] if options else pattern
    translated = "".join(_translated(body, dot="." if "s" in letters else r"[^\n]"))
    if whole_as_group:
        translated = f"({translated})"
    return f"(?i){translated}" if "i" in letters else translated


def ignores_case(pattern: str) -> bool:
    """Whether upper and lower case are the same to a pattern."""
    options = _OPTIONS.match(pattern)
    return options is not None and "i" in options[1]


def postgres_replacement(replacement: str) -> str:
    """What stands in for a match, in Postgres's syntax: the whole match has another name there."""
    return re.sub(r"\\(.)", lambda sign: r"\&" if sign[1] == "0" else sign[0], replacement)


def _translated(body: str, *, dot: str) -> Iterator[str]:
    for token in _TOKEN.finditer(body):
        if token["group"]:
            raise ValueError(f"Postgres has nothing like the group in the pattern {body!r}.")
        if token["letter"]:
            yield _escape(token["letter"], body)
        elif token["bracket"]:
            yield _IN_BRACKET.sub(lambda sign: _in_bracket(sign, body), token["bracket"])
        else:
            yield dot if token["dot"] else token["other"]


def _escape(letter: str, body: str) -> str:
    if letter.lower() in _CLASSES:
        negation = "^" if letter.isupper() else ""
        return f"[{negation}{_CLASSES[letter.lower()]}]"
    if letter in _ANCHORS:
        return _ANCHORS[letter]
    return _plain(letter, body)


def _in_bracket(sign: re.Match[str], body: str) -> str:
    if sign["name"]:
        if sign["name"] not in _NAMED:
            raise ValueError(f"Write out the class {sign[0]} in the pattern {body!r}.")
        return _NAMED[sign["name"]]
    letter = sign["letter"]
    return _CLASSES[letter] if letter in _CLASSES else _plain(letter, body)


def _plain(letter: str, body: str) -> str:
    if letter.isalnum() and letter not in _SAME:
        raise ValueError(f"Postgres has nothing like \\{letter} in the pattern {body!r}.")
    return f"\\{letter}"
