"""Links to report files: who knows one may download, until it expires or is revoked.

Such a link holds a verifier (api.md, 8.3): 40 letters and digits, which say until when it holds and
which token it was given to, sealed with a key that each file has of its own. Nothing of it is
stored: a link dies with its time, with its file, and with its token.
"""

from __future__ import annotations

import hashlib
import hmac
import string
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from rollbook.runs.model import ReportFile

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_LENGTH = 40
_TIME_BYTES, _TOKEN_BYTES, _SEAL_BYTES = 4, 6, 19
_BYTES = _TIME_BYTES + _TOKEN_BYTES + _SEAL_BYTES


@dataclass(frozen=True)
class Link:
    """What a verifier says."""

    token_id: int
    """The token that it was given to."""
    expires_at: datetime


def make_verifier(file: ReportFile, token_id: int, now: datetime, lifetime: timedelta) -> str:
    """A verifier that holds for one to two lifetimes, and stays the same for one.

    So a client that asks twice within a lifetime gets the same address.
    """
    periods = max((now - file.created_at) // lifetime, 0) + 2
    expires_at = file.created_at + periods * lifetime
    return _verifier(file.id, file.link_key, int(expires_at.timestamp()), token_id)


def read_verifier(file: ReportFile, verifier: str, now: datetime) -> Link | None:
    """What a verifier says; None if it is not one for this file, or no longer."""
    sealed = _as_bytes(verifier)
    if sealed is None:
        return None
    payload, seal = sealed[:-_SEAL_BYTES], sealed[-_SEAL_BYTES:]
    if not hmac.compare_digest(seal, _seal(file.id, file.link_key, payload)):
        return None
    expires_at = datetime.fromtimestamp(int.from_bytes(payload[:_TIME_BYTES]), UTC)
    token_id = int.from_bytes(payload[_TIME_BYTES:])
    return Link(token_id, expires_at) if now < expires_at else None


# Lists show the same links again and again.
@lru_cache(maxsize=10_000)
def _verifier(file_id: int, link_key: str, expires_at: int, token_id: int) -> str:
    payload = expires_at.to_bytes(_TIME_BYTES) + token_id.to_bytes(_TOKEN_BYTES)
    return _as_text(payload + _seal(file_id, link_key, payload))


def _seal(file_id: int, link_key: str, payload: bytes) -> bytes:
    message = f"{file_id}:".encode() + payload
    return hmac.digest(link_key.encode(), message, hashlib.sha256)[:_SEAL_BYTES]


def _as_text(content: bytes) -> str:
    # Two digits at a time: a list of runs shows many verifiers.
    number, pairs = int.from_bytes(content), list[str]()
    for _ in range(_LENGTH // 2):
        number, pair = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[pair])
    return "".join(reversed(pairs))


def _as_bytes(text: str) -> bytes | None:
    if len(text) != _LENGTH or not _VALUES.keys() >= set(text):
        return None
    number = 0
    for digit in text:
        number = number * len(_DIGITS) + _VALUES[digit]
    return number.to_bytes(_BYTES) if number.bit_length() <= _BYTES * 8 else None
