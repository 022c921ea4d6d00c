"""`zero_activity_csv` (students.md, section 3, with the common rules of section 1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from oracle.rules import (
    Expected,
    Institution,
    Line,
    ReportFails,
    Request,
    Row,
    Run,
    by_name_and_position,
    chosen_course,
    moment,
    print_integer,
    print_time,
)

HEADER = (
    "user id",
    "user sis id",
    "name",
    "section id",
    "section sis id",
    "section name",
    "course id",
    "course sis id",
    "course name",
)


def zero_activity(institution: Institution, request: Request) -> Expected:
    run = Run(institution, request)
    course = chosen_course(run)
    start = parsed_date(run.given("start_at"), run.zone)
    lines = [
        line
        for enrollment in institution.rows("enrollments")
        for line in _of(run, enrollment, course, start)
    ]
    pieces = ["Include Deleted/Concluded Objects;"] if run.include_deleted else []
    pieces.append(run.term_text())
    if start is not None:
        pieces.append(f"Start At: {print_time(start, run.zone)};")
    if course is not None:
        pieces.append(f"For Course: {course['id']};")
    return Expected(HEADER, lines, " ".join(pieces))


def _of(run: Run, enrollment: Row, chosen: Row | None, start: datetime | None) -> list[Line]:
    look_up = run.institution.one
    user = look_up("users", enrollment["user_id"])
    course = look_up("courses", enrollment["course_id"])
    section = look_up("course_sections", enrollment["course_section_id"])
    if user is None or course is None or section is None:
        return []
    login = _best_login(run.institution, user["id"])
    if login is None or login["account_id"] != enrollment["root_account_id"]:
        return []
    states = (enrollment["workflow_state"], course["workflow_state"], section["workflow_state"])
    if (
        enrollment["root_account_id"] != run.root["id"]
        or enrollment["type"] != "StudentEnrollment"
        or states != ("active", "available", "active")
        or not run.is_in_term(course)
        or not (run.is_in_account(course) if chosen is None else chosen["id"] == course["id"])
        or not _is_quiet(run.institution, enrollment, start)
    ):
        return []
    return [
        Line(
            (
                print_integer(login["user_id"]),
                login["sis_user_id"],
                user["sortable_name"],
                print_integer(section["id"]),
                section["sis_source_id"],
                section["name"],
                print_integer(course["id"]),
                course["sis_source_id"],
                course["name"],
            )
        )
    ]


def _best_login(institution: Institution, user_id: int) -> Row | None:
    logins = [
        login
        for login in institution.rows("pseudonyms")
        if login["user_id"] == user_id and login["workflow_state"] == "active"
    ]
    return min(
        logins,
        key=lambda login: (login["sis_user_id"] is None, *by_name_and_position(login)),
        default=None,
    )


def _is_quiet(institution: Institution, enrollment: Row, start: datetime | None) -> bool:
    own = moment(enrollment["last_activity_at"])
    others = [
        moment(other["last_activity_at"])
        for other in institution.rows("enrollments")
        if other["id"] != enrollment["id"]
        and other["user_id"] == enrollment["user_id"]
        and other["course_id"] == enrollment["course_id"]
    ]
    if start is None:
        return own is None and all(other is None for other in others)
    return (own is None or own < start) and all(other is None or other <= start for other in others)


_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:[T ](?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<fraction>\.\d+)?)?"
    r" ?(?P<offset>Z|[+-]\d{2}:?\d{2})?)?"
)
_IN_ENGLISH = re.compile(
    r"(?:(?P<day>\d{1,2}) )?(?P<month>[A-Z][a-z]+) (?:(?P<day2>\d{1,2}), )?(?P<year>\d{4})"
    r"(?: (?P<hour>\d{1,2}):(?P<minute>\d{2}) (?P<half>[AP]M))?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def parsed_date(value: Any, zone: ZoneInfo) -> datetime | None:
    """students.md 1.2: a date parameter; None when it is not given or no date at all.

    Raises:
        ReportFails: a date with impossible parts.
    """
    if value is None:
        return None
    text = str(value).strip()
    try:
        # In UTC, so that a time that a clock change skips becomes the one an hour later.
        if parts := _ISO.fullmatch(text):
            return _of_iso(parts.groupdict(), zone).astimezone(UTC)
        parts = _IN_ENGLISH.fullmatch(text)
        if parts and parts["month"][:3].lower() in _MONTHS:
            return _of_english(parts.groupdict(), zone).astimezone(UTC)
    except ValueError as error:
        raise ReportFails(str(error)) from error
    return None


def _of_iso(parts: dict[str, str | None], zone: ZoneInfo) -> datetime:
    year, month, day, hour, minute, second = (
        int(parts[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    microsecond = round(float(parts["fraction"] or 0) * 1_000_000)
    time = datetime(year, month, day, hour, minute, second, microsecond)
    return time.replace(tzinfo=_offset(parts["offset"]) or zone)


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return timezone(timedelta())
    hours, minutes = int(text[1:3]), int(text[-2:])
    return timezone(timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1))


def _of_english(parts: dict[str, str | None], zone: ZoneInfo) -> datetime:
    month = _MONTHS.index(str(parts["month"])[:3].lower()) + 1
    hour = int(parts["hour"] or 0)
    if parts["half"]:
        hour = hour % 12 + (12 if parts["half"] == "PM" else 0)
    day = int(parts["day"] or parts["day2"] or 1)
    return datetime(
        int(str(parts["year"])), month, day, hour, int(parts["minute"] or 0), tzinfo=zone
    )
