"""The course reports (courses_and_tools.md, sections 2 to 4)."""

from __future__ import annotations

from rollbook.reports.courses.listings import (
    PUBLIC_COURSES,
    RECENTLY_DELETED_COURSES,
    UNPUBLISHED_COURSES,
)
from rollbook.reports.courses.storage import COURSE_STORAGE
from rollbook.reports.courses.unused import UNUSED_COURSES
from rollbook.reports.report import Report

REPORTS: tuple[Report, ...] = (
    RECENTLY_DELETED_COURSES,
    UNPUBLISHED_COURSES,
    PUBLIC_COURSES,
    COURSE_STORAGE,
    UNUSED_COURSES,
)
