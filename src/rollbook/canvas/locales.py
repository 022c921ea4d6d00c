"""The languages Canvas speaks, and how numbers are written in them."""

from __future__ import annotations

_CODES = """
    ar ca cy da da-x-k12 de el en en-AU en-AU-x-unimelb en-CA en-GB en-GB-x-ukhe es es-ES fa fi fr
    fr-CA ga he hi ht hu hy id is it ja ko mi ms nb nb-x-k12 nl nn pl pt pt-BR ro ru sl sv sv-x-k12
    th tr uk vi zh-Hans zh-Hant
"""
LOCALES = frozenset(_CODES.split())
"""The locales that Canvas has; an account's default that is none of them counts as not set."""

_WITH_POINT_AND_COMMA = frozenset({"de", "nl", "pt-BR"})
_WITH_BLANK_AND_COMMA = frozenset({"fr", "fr-CA", "ht", "nb", "pl", "pt", "sv", "ru"})


def marks_of(locale: str) -> tuple[str, str]:
    """What stands between thousands and before decimals (grades_and_outcomes.md, 5.3)."""
    if locale in _WITH_POINT_AND_COMMA:
        return ".", ","
    if locale in _WITH_BLANK_AND_COMMA:
        return " ", ","
    return ",", "."
