"""When a sync is due again: after so many minutes or hours, or by a line of cron."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from croniter import croniter

from rollbook.errors import BadParameter

_INTERVAL = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Schedule:
    """An interval, or the five fields of a line of cron."""

    rule: timedelta | str

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read `4h`, `90m` or `15 */4 * * *`.

        Raises:
            BadParameter: it is neither.
        """
        interval = _INTERVAL.fullmatch(text)
        if interval and int(interval[1]):
            return cls(timedelta(**{_UNITS[interval[2]]: int(interval[1])}))
        if len(text.split()) == 5 and croniter.is_valid(text):
            return cls(text)
        raise BadParameter(
            f"{text!r} is no interval and no line of cron. Write for example --every 4h, or "
            "--every '15 */4 * * *'."
        )

    def next_after(self, started: datetime) -> datetime:
        """When the round after one that started then is due; a line of cron means its zone."""
        if isinstance(self.rule, timedelta):
            return started + self.rule
        due: datetime = croniter(self.rule, started).get_next(datetime)
        return due
