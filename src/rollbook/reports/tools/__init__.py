"""The reports of external tools, portfolios and keys (courses_and_tools.md, sections 5 to 7)."""

from __future__ import annotations

from rollbook.reports.report import Report
from rollbook.reports.tools.developer_keys import DEVELOPER_KEYS
from rollbook.reports.tools.eportfolios import EPORTFOLIOS
from rollbook.reports.tools.lti import LTI

REPORTS: tuple[Report, ...] = (EPORTFOLIOS, LTI, DEVELOPER_KEYS)
