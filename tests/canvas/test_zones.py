"""Time zones as Canvas stores and prints them (sis_and_provisioning.md, 3.1)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from rollbook.canvas.zones import RAILS_ZONES, iso_seconds, zone_of

WINTER = datetime(2026, 1, 12, 8, 0, 0, 999_999, tzinfo=UTC)
SUMMER = datetime(2026, 7, 12, 8, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "winter", "summer"),
    [
        (None, "2026-01-12T01:00:00-07:00", "2026-07-12T02:00:00-06:00"),
        ("Eastern Time (US & Canada)", "2026-01-12T03:00:00-05:00", "2026-07-12T04:00:00-04:00"),
        ("Europe/London", "2026-01-12T08:00:00+00:00", "2026-07-12T09:00:00+01:00"),
        ("London", "2026-01-12T08:00:00+00:00", "2026-07-12T09:00:00+01:00"),
        ("Kathmandu", "2026-01-12T13:45:00+05:45", "2026-07-12T13:45:00+05:45"),
        ("UTC", "2026-01-12T08:00:00Z", "2026-07-12T08:00:00Z"),
        ("Etc/UTC", "2026-01-12T08:00:00Z", "2026-07-12T08:00:00Z"),
        ("", "2026-01-12T08:00:00Z", "2026-07-12T08:00:00Z"),
        ("no such zone", "2026-01-12T08:00:00Z", "2026-07-12T08:00:00Z"),
        ("localtime", "2026-01-12T08:00:00Z", "2026-07-12T08:00:00Z"),
        ("posix/America/Denver", "2026-01-12T08:00:00Z", "2026-07-12T08:00:00Z"),
        ("../../etc/passwd", "2026-01-12T08:00:00Z", "2026-07-12T08:00:00Z"),
    ],
)
def test_a_moment_prints_in_its_zone(name: str | None, winter: str, summer: str) -> None:
    zone = zone_of(name)
    assert (iso_seconds(WINTER, zone), iso_seconds(SUMMER, zone)) == (winter, summer)


def test_every_rails_name_means_a_zone_that_exists() -> None:
    assert all(zone_of(name) == ZoneInfo(iana) for name, iana in RAILS_ZONES.items())
