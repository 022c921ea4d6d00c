"""The pieces of `extra_text`: a run's settings in words (api.md, 12.5)."""

from __future__ import annotations

from datetime import datetime

from rollbook.canvas.zones import iso_seconds
from rollbook.reports.scope import Scope


def joined(*pieces: str | None) -> str:
    """The pieces that there are, separated by one blank."""
    return " ".join(piece for piece in pieces if piece)


def term(scope: Scope) -> str:
    """`Term: NAME;`, also for all terms; `Term: ;` for a term without a name."""
    return f"Term: {(scope.term.name or '') if scope.term else 'All Terms'};"


def include_deleted(scope: Scope) -> str | None:
    """Said only where it is on."""
    return "Include Deleted/Concluded Objects;" if scope.include_deleted else None


def course(scope: Scope) -> str | None:
    """`For Course: ID;`, its Canvas id whatever form it was given in."""
    chosen = scope.chosen_course_id
    return None if chosen is None else f"For Course: {chosen};"


def time(scope: Scope, name: str, moment: datetime | None) -> str | None:
    """`NAME: TIME;`, such as `Start At: ...`, said where there is one."""
    return None if moment is None else f"{name}: {iso_seconds(moment, scope.zone)};"
