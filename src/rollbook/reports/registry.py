"""All report types, by key."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rollbook.errors import UnknownReport
from rollbook.reports import courses, grades, outcomes, sis, students, tools
from rollbook.reports.report import Report

_FAMILIES = (sis, students, courses, tools, grades, outcomes)

REPORTS: Mapping[str, Report] = MappingProxyType(
    {report.key: report for family in _FAMILIES for report in family.REPORTS}
)


def find_report(key: str) -> Report:
    """The report type of a key, compared exactly.

    Raises:
        UnknownReport: there is none.
    """
    if key not in REPORTS:
        raise UnknownReport(f"There is no report {key!r}. There are: {', '.join(sorted(REPORTS))}.")
    return REPORTS[key]


def reports_by_title() -> list[Report]:
    """All report types in the order in which Canvas lists them (api.md, 7.1)."""
    return sorted(REPORTS.values(), key=lambda report: report.title.encode())
