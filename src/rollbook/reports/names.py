"""First and last names out of a sortable name (sis_and_provisioning.md, 3.7)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

# Whitespace is ASCII whitespace; a no-break space is a letter.
_BLANK = r"[ \t\n\v\f\r]"
_SUFFIX = r"(sr\.?|snr\.?|senior|jr\.?|jnr\.?|junior|ii|iii|iv|v|vi|esq\.?|esquire)"


def first_name(sortable_name: ir.StringValue) -> ir.StringValue:
    """The given names; NULL if there are none."""
    words = _given_words(sortable_name)
    without_surname = words.re_replace(r" [^ ]*$", "")
    return ibis.ifelse(_has_comma(sortable_name), words, without_surname).nullif("")


def last_name(sortable_name: ir.StringValue) -> ir.StringValue:
    """The surname; NULL if there is none, empty if the name begins with a comma."""
    words = _given_words(sortable_name)
    before_comma = _stripped(_stripped(sortable_name).re_replace(r",(.|\n)*$", ""))
    last_word = words.re_extract(r" ([^ ]*)$", 1).nullif("")
    return ibis.ifelse(_has_comma(sortable_name), before_comma, last_word)


def _given_words(sortable_name: ir.StringValue) -> ir.StringValue:
    """The given names, and without a comma the surname, joined by single blanks; no suffix."""
    text = _stripped(sortable_name)
    after_comma = text.re_replace(r"^[^,]*,", "")
    given = after_comma.re_replace(r",(.|\n)*$", "")
    third = _stripped(after_comma.re_replace(r"^[^,]*,", ""))
    has_third = after_comma.contains(",")
    third_is_suffix = has_third & third.lower().re_search(f"^{_SUFFIX}$")
    full_given = ibis.cases(
        (~text.contains(","), text),
        (has_third & ~third_is_suffix, given + " " + third),
        else_=given,
    )
    words = _stripped(full_given.re_replace(f"{_BLANK}+", " "))
    without_suffix = words.re_replace(f"(?i) {_SUFFIX}$", "")
    return ibis.ifelse(third_is_suffix, words, without_suffix)


def _has_comma(sortable_name: ir.StringValue) -> ir.BooleanValue:
    condition: ir.BooleanValue = _stripped(sortable_name).contains(",")
    return condition


def _stripped(text: ir.StringValue) -> ir.StringValue:
    return text.re_replace(f"^{_BLANK}+|{_BLANK}+$", "")
