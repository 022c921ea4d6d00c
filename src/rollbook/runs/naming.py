"""What report files are called, for people and in their links (api.md, section 13)."""

from __future__ import annotations

import secrets
import string
from datetime import datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ALPHABET = string.ascii_letters + string.digits


def file_name(report: str, run_id: int, extension: str, now: datetime) -> str:
    """The name of a run's file.

    Args:
        report: the report type.
        run_id: the run.
        extension: `csv` or `zip`.
        now: the day of its making.
    """
    day = f"{now.day:02}_{_MONTHS[now.month - 1]}_{now.year}"
    unique = f"_{_random_text(8)}" if extension == "csv" else ""
    return f"{report}_{day}_{run_id}{unique}.{extension}"


def new_link_key() -> str:
    """What seals the links to a file."""
    return _random_text(40)


def _random_text(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
