"""Times that clients send, and steps in the calendar (students.md, 1.2, 2.2)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.errors import BadParameter
from rollbook.reports.times import in_utc, read_time, weeks_later, without_zone

NEW_YORK = ZoneInfo("America/New_York")
ZONES = st.sampled_from(["UTC", "America/New_York", "Europe/London", "Asia/Kathmandu"]).map(
    ZoneInfo
)
WALL_CLOCKS = st.datetimes(datetime(1950, 1, 1), datetime(2090, 1, 1))
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))

ON_A_BUSY_MACHINE = settings(deadline=None)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02", "2026-03-02T05:00"),
        ("  2026-3-2 ", "2026-03-02T05:00"),
        ("2026-03", "2026-03-01T05:00"),
        ("2026-03-02T10:30", "2026-03-02T15:30"),
        ("2026-03-02 10:30:15.1234567", "2026-03-02T15:30:15.123456"),
        ("2026-03-02T10:30:15Z", "2026-03-02T10:30:15"),
        ("2026-03-02t10:30:15.5z", "2026-03-02T10:30:15.500"),
        ("2026-03-02T10:30:15+01:00", "2026-03-02T09:30:15"),
        ("2026-03-02 10:30:15 -0830", "2026-03-02T19:00:15"),
        ("2026-03-02T10:30+01", "2026-03-02T09:30"),
        ("2026-03-02Z", "2026-03-02T00:00"),
        ("2026-03-02T24:00", "2026-03-03T05:00"),
        ("Mar 2, 2026", "2026-03-02T05:00"),
        ("March 2026", "2026-03-01T05:00"),
        ("2 March 2026 10:30 PM", "2026-03-03T03:30"),
        ("sept. 2nd, 2026 12:05 a.m.", "2026-09-02T04:05"),
        ("2-May-2026 12 pm", "2026-05-02T16:00"),
        ("10:30 2 March 2026", "2026-03-02T15:30"),
        ("Mon, 02 Mar 2026 10:30:00 GMT", "2026-03-02T10:30"),
        ("Mon, 02 Mar 2026 10:30:00 PDT", "2026-03-02T17:30"),
    ],
)
def test_a_date_is_read_in_new_york_unless_it_has_an_offset(text: str, moment: str) -> None:
    assert read_time(text, NEW_YORK) == utc(moment)


@pytest.mark.parametrize("value", [None, "", "soon", "Tuesday", "10:30", "Marvin 2026", 5, True])
def test_what_has_no_date_in_it_is_not_given(value: Any) -> None:
    assert read_time(value, NEW_YORK) is None


@pytest.mark.parametrize(
    "text",
    [
        *("2026-02-30", "2026-13-01", "2026-00-01", "Feb 30, 2026", "0000-01-01"),
        *("2026-03-02T25:00", "2026-03-02T24:01", "2026-03-02T10:60", "2026-03-02T10:30:61"),
        *("2026-03-02T10:30+99:00", "0001-01-01T00:00+05:00"),
    ],
)
def test_a_time_with_impossible_parts_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadParameter, match="There is no such time as '"):
        read_time(text, NEW_YORK)


def test_a_skipped_time_is_an_hour_later_and_of_two_the_first_counts() -> None:
    assert read_time("2026-03-08T02:30", NEW_YORK) == read_time("2026-03-08T03:30", NEW_YORK)
    assert read_time("2026-11-01T01:30", NEW_YORK) == utc("2026-11-01T05:30")


@ON_A_BUSY_MACHINE
@given(WALL_CLOCKS, OFFSETS, ZONES, st.sampled_from(["T", " "]))
def test_iso_8601_with_an_offset_is_taken_as_it_is(
    wall_clock: datetime, offset: timezone, zone: ZoneInfo, separator: str
) -> None:
    moment = wall_clock.replace(tzinfo=offset)
    assert read_time(moment.isoformat(separator), zone) == moment


@ON_A_BUSY_MACHINE
@given(WALL_CLOCKS, ZONES)
def test_every_form_of_a_wall_clock_is_the_same_moment(time: datetime, zone: ZoneInfo) -> None:
    time = time.replace(microsecond=0)
    moment = in_utc(time.replace(tzinfo=zone))
    day = f"{time.day} {time:%B %Y}"
    forms = [str(time), time.isoformat(), f"{time:%B} {time.day}, {time.year} {time:%X}"]
    forms += [f"{day} {time:%H:%M:%S}", f"{day}, {time:%I:%M:%S %p}", f"{time:%X} on {day}"]
    assert {read_time(form, zone) for form in forms} == {moment}


@ON_A_BUSY_MACHINE
@given(st.text(st.sampled_from("0123456789-:/+ TZ.,PMarchFeb")))
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    try:
        moment = read_time(text, NEW_YORK)
    except BadParameter:
        return
    assert moment is None or moment.tzinfo is UTC


@ON_A_BUSY_MACHINE
@given(WALL_CLOCKS, st.integers(-3, 3), ZONES)
def test_weeks_keep_the_time_of_day(time: datetime, weeks: int, zone: ZoneInfo) -> None:
    """Across a clock change, too; a time that it skips becomes the one an hour later."""
    later = weeks_later(in_utc(time.replace(tzinfo=zone)), weeks, zone).astimezone(zone)
    start = in_utc(time.replace(tzinfo=zone)).astimezone(zone).replace(tzinfo=None)
    shift = later.replace(tzinfo=None) - start - timedelta(weeks=weeks)
    assert shift in (timedelta(0), timedelta(hours=1))


def test_the_calendar_ends() -> None:
    with pytest.raises(BadParameter, match="calendar ends"):
        weeks_later(utc("9999-12-30T00:00"), 2, NEW_YORK)


def test_a_date_of_python_means_itself() -> None:
    assert read_time(date(2026, 3, 2), NEW_YORK) == utc("2026-03-02T05:00")
    assert read_time(utc("2026-03-02T10:30:00.5"), NEW_YORK) == utc("2026-03-02T10:30:00.5")


def test_tables_hold_utc_without_zone() -> None:
    moment = datetime(2026, 3, 2, 10, tzinfo=NEW_YORK)
    assert without_zone(moment) == datetime(2026, 3, 2, 15)
