"""Times that clients send, such as `start_at`, and steps in the calendar (students.md, 1.2, 2.2)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from rollbook.errors import BadParameter

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"\b(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_YEAR = r"(?P<year>\d{4})(?!\d)"
_DAY = r"(?P<day>\d{1,2})(?!\d)(?:st|nd|rd|th)?"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.ASCII)


_DATES = (
    _pattern(r"(?<!\d)(?P<year>\d{4})-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?(?!\d)"),
    _pattern(rf"(?<!\d){_DAY}[ -]+(?:of +)?{_MONTH}[ ,-]+{_YEAR}"),
    _pattern(rf"{_MONTH}(?:[ -]+{_DAY})?[ ,-]+{_YEAR}"),
)
_TIME = _pattern(
    r"(?<![\d:.+-])(?P<hour>\d{1,2})"
    r"(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?)?(?![\d:])"
    r"(?: *(?P<half>[ap])\.?m\b\.?)?"
)
# The names are those that e-mail dates have.
_HOURS = {"z": 0, "utc": 0, "gmt": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5}
_HOURS |= {"mst": -7, "mdt": -6, "pst": -8, "pdt": -7}
_OFFSET = _pattern(
    rf" *(?:(?P<name>{'|'.join(_HOURS)})\b|(?P<sign>[+-])(?P<hours>\d{{2}}):?(?P<minutes>\d{{2}})?)"
)


def read_time(value: Any, zone: ZoneInfo) -> datetime | None:
    """The moment that a parameter means, in UTC; None if there is no date in it.

    Understands ISO 8601 and English month names, the time of day and an offset optional.

    Args:
        value: as a client sent it.
        zone: where a text without an offset is at home; a bare date is midnight there.

    Raises:
        BadParameter: there is no such date or time, as in February 30.
    """
    # From Python a date or a time may come as such.
    text = str(value) if isinstance(value, str | date) else ""
    found = next((match for pattern in _DATES if (match := pattern.search(text))), None)
    if found is None:
        return None
    rest = f"{text[: found.start()]}  {text[found.end() :]}"
    times = (match for match in _TIME.finditer(rest) if match["minute"] or match["half"])
    time = next(times, None)
    # After a date without a time only what follows at once is an offset.
    offset = _OFFSET.match(rest, time.end()) if time else _OFFSET.match(text, found.end())
    try:
        wall_clock = _day(found.groupdict()) + _time_of_day(time.groupdict() if time else {})
        place = zone if offset is None else _fixed_offset(offset.groupdict())
        return in_utc(wall_clock.replace(tzinfo=place))
    except (ValueError, OverflowError) as error:
        raise BadParameter(f"There is no such time as {text!r} ({error}).") from error


def _day(parts: dict[str, str | None]) -> datetime:
    month = str(parts["month"])
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
    return datetime(int(str(parts["year"])), number, int(parts["day"] or 1))  # noqa: DTZ001 (a wall clock)


def _time_of_day(parts: dict[str, str | None]) -> timedelta:
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    if half := parts.get("half"):
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    if hour > 24 or minute > 59 or second > 59 or (hour == 24 and minute + second):
        raise ValueError(f"a day has no time {hour}:{minute:02}:{second:02}")
    # Cut to microseconds, which is all that tables hold.
    fraction = (parts.get("fraction") or "").ljust(6, "0")[:6]
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=int(fraction))


def _fixed_offset(parts: dict[str, str | None]) -> tzinfo:
    if name := parts["name"]:
        return timezone(timedelta(hours=_HOURS[name.lower()]))
    size = timedelta(hours=int(parts["hours"] or 0), minutes=int(parts["minutes"] or 0))
    return timezone(-size if parts["sign"] == "-" else size)


def in_utc(moment: datetime) -> datetime:
    """An aware moment in UTC.

    A wall-clock time that a clock change skips is read as one hour later; of one that occurs
    twice, the first is meant.
    """
    return moment.replace(fold=0).astimezone(UTC)


def weeks_later(moment: datetime, weeks: int, zone: ZoneInfo) -> datetime:
    """The same wall-clock time in a zone, some weeks later, or earlier if negative; in UTC.

    Raises:
        BadParameter: the calendar ends before.
    """
    try:
        return in_utc(moment.astimezone(zone) + timedelta(weeks=weeks))
    except OverflowError as error:
        raise BadParameter(f"The calendar ends near {moment.isoformat()}.") from error


def without_zone(moment: datetime) -> datetime:
    """A moment as Canvas's tables hold times: UTC without zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)
