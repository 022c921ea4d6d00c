"""Text in the order that Canvas's database collation gives it: ICU, tertiary, numeric.

Sort keys that every engine can compute, in place of a collation that only some have
(sis_and_provisioning.md, 3.5 step 2): letters without case and accents first, then accents, then
lower before upper case; a run of digits counts as its number; punctuation before digits before
letters. Exact for Latin text; other scripts go by code point.
"""

from __future__ import annotations

import string
import unicodedata

import ibis
import ibis.expr.types as ir

# ICU's order of what is neither digit nor letter, moved below the digits.
_PUNCTUATION = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_BELOW_DIGITS = "".join(chr(0x0E + position) for position in range(len(_PUNCTUATION)))
_DIGITS_IN_A_NUMBER = 20
# What sorts as other letters without being made of them.
_STROKED = {"ð": "d", "ø": "o", "đ": "d", "ħ": "h", "ł": "l", "ǿ": "o"}
_JOINED = {"ß": "ss", "æ": "ae", "œ": "oe"}


def _accented_letters() -> tuple[str, str]:
    accented, plain = "".join(_STROKED), "".join(_STROKED.values())
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFD", chr(code))[0]
        if base != chr(code) and base in string.ascii_lowercase and chr(code) not in _STROKED:
            accented, plain = accented + chr(code), plain + base
    return accented, plain


_ACCENTED, _PLAIN = _accented_letters()

# ICU's order of accents, from the acute on; unlike that of code points.
_ACCENTS = (
    "\u0301\u0300\u0306\u0302\u030c\u030a\u0308\u030b\u0303\u0307\u0327\u0328\u0304"
    "\u0309\u030f\u0311\u031b\u0323\u0324\u0325\u0326\u032d\u032e\u0330\u0331"
)


def _letters_by_accent() -> str:
    """For each letter that is not plain one that sorts after all plain ones, by its accents."""
    no_accent = (len(_ACCENTS),)
    places = [
        tuple(_ACCENTS.find(accent) for accent in unicodedata.normalize("NFD", letter)[1:])
        or no_accent
        for letter in (*_ACCENTED, *_JOINED)
    ]
    ranks = {accents: rank for rank, accents in enumerate(sorted(set(places)))}
    return "".join(chr(0xE000 + ranks[accents]) for accents in places)


_NOT_PLAIN, _BY_ACCENT = _ACCENTED + "".join(_JOINED), _letters_by_accent()


def collation_keys(text: ir.StringValue) -> list[ir.Value]:
    """What to order by, the weightiest first, to have a text in Canvas's order; NULL is last."""
    # In every key: zeros before a number make no difference at all.
    padded = _numbers_padded(text)
    without_case = padded.lower()
    letters = without_case.translate(_PUNCTUATION, _BELOW_DIGITS)
    # Most texts have no such letters, and looking through the long list takes its time.
    is_ascii = ~text.re_search("[^\x01-\x7f]")
    accents = ibis.ifelse(is_ascii, without_case, without_case.translate(_NOT_PLAIN, _BY_ACCENT))
    letters = ibis.ifelse(is_ascii, letters, _plain(letters))
    # A lower-case letter has the higher code point.
    return [letters.asc(), accents.asc(), padded.desc()]


def _plain(text: ir.StringValue) -> ir.StringValue:
    plain = text.translate(_ACCENTED, _PLAIN)
    for joined, apart in _JOINED.items():
        plain = plain.replace(joined, apart)
    return plain


def _numbers_padded(text: ir.StringValue) -> ir.StringValue:
    zeros = "0" * _DIGITS_IN_A_NUMBER
    padded = text.re_replace(r"([0-9]+)", rf"{zeros}\1")
    return padded.re_replace(rf"[0-9]*([0-9]{{{_DIGITS_IN_A_NUMBER}}})", r"\1")
