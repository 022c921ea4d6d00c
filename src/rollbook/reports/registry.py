"""All report types, by key."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rollbook.errors import UnknownReport
from rollbook.reports.report import Report
from rollbook.reports.sis import PROVISIONING, SIS_EXPORT

REPORTS: Mapping[str, Report] = MappingProxyType(
    {report.key: report for report in (PROVISIONING, SIS_EXPORT)}
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
