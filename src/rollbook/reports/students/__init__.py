"""Reports of what people do, and of their access (students.md)."""

from __future__ import annotations

from rollbook.reports.report import Report
from rollbook.reports.students.last_access import LAST_USER_ACCESS
from rollbook.reports.students.last_activity import LAST_ENROLLMENT_ACTIVITY
from rollbook.reports.students.no_submissions import NO_SUBMISSIONS
from rollbook.reports.students.tokens import USER_ACCESS_TOKENS
from rollbook.reports.students.zero_activity import ZERO_ACTIVITY

REPORTS: tuple[Report, ...] = (
    NO_SUBMISSIONS,
    ZERO_ACTIVITY,
    LAST_USER_ACCESS,
    LAST_ENROLLMENT_ACTIVITY,
    USER_ACCESS_TOKENS,
)
