"""Reports of the family courses."""

from __future__ import annotations

from rollbook.reports.report import Report

REPORTS: tuple[Report, ...] = ()
