"""The forms in which Canvas's API takes the id of an account, a term, a course, a user.

`12`, `sis_term_id:X`, `sis_integration_id:X`, `lti_context_id:X`, `uuid:X`, `hex:...`, and words
such as `self` (api.md, section 4). SIS ids compare exactly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["word", "id", "sis", "integration", "lti_context_id", "uuid", "login"]


@dataclass(frozen=True)
class IdForm:
    """What kind of id a text holds, and the id."""

    kind: Kind
    value: str


_WORDS = {
    "account": {"self", "default", "site_admin"},
    "term": {"default", "current"},
    "course": set[str](),
    "section": set[str](),
    "user": {"self"},
}
_LARGEST_ID = 2**63 - 1
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")


def parse_id_form(text: str, thing: str) -> IdForm | None:
    """Read an id of an `account`, `term`, `course`, `section` or `user`; None if it is no id."""
    if text in _WORDS[thing]:
        return IdForm("word", text)
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,19}", text) and int(text) <= _LARGEST_ID:
        return IdForm("id", text)
    prefix, colon, value = text.partition(":")
    if prefix == "hex" and colon:
        prefix, colon, value = value.partition(":")
        value = _unhex(value)
    kind = _kind(prefix, thing)
    if kind is None or not colon or not value:
        return None
    if kind == "uuid" and not re.fullmatch(r"\w{40,}", value):
        return None
    return IdForm(kind, value)


def _kind(prefix: str, thing: str) -> Kind | None:
    if prefix == f"sis_{thing}_id":
        return "sis"
    if prefix == "sis_integration_id":
        return "integration"
    if prefix == "lti_context_id" and thing in ("account", "course"):
        return "lti_context_id"
    if prefix == "uuid" and thing in ("account", "course", "user"):
        return "uuid"
    return "login" if prefix == "sis_login_id" and thing == "user" else None


def _unhex(value: str) -> str:
    if not _HEX.fullmatch(value):
        return ""
    try:
        return bytes.fromhex(value).decode("utf-8")
    except UnicodeDecodeError:
        return ""
