"""The time in which submissions count (students.md, 2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rollbook.canvas.zones import iso_seconds
from rollbook.reports.scope import Scope
from rollbook.reports.times import read_time, weeks_later

_WEEKS = 2


@dataclass(frozen=True)
class Window:
    """From when to when, both excluded, in UTC; the end may lie before the start."""

    start: datetime
    end: datetime
    computed: Mapping[str, str] = field(default_factory=dict)
    """The parameters that were not used as they were given, as they should have been."""


def submission_window(scope: Scope) -> Window:
    """The given window, at most two weeks of it: where it is longer the start moves.

    Raises:
        BadParameter: a date that no calendar has.
    """
    start = read_time(scope.parameters.given("start_at"), scope.zone)
    end = read_time(scope.parameters.given("end_at"), scope.zone)
    if start is None:
        if end is None:
            now = scope.now.astimezone(UTC)
            return _window(scope, now - timedelta(weeks=_WEEKS), now, "start_at", "end_at")
        return _window(scope, weeks_later(end, -_WEEKS, scope.zone), end, "start_at")
    if end is None:
        return _window(scope, start, weeks_later(start, _WEEKS, scope.zone), "end_at")
    if end - start > timedelta(weeks=_WEEKS):
        return _window(scope, weeks_later(end, -_WEEKS, scope.zone), end, "start_at")
    return Window(start, end)


def _window(scope: Scope, start: datetime, end: datetime, *computed: str) -> Window:
    values = {"start_at": start, "end_at": end}
    return Window(start, end, {name: iso_seconds(values[name], scope.zone) for name in computed})
