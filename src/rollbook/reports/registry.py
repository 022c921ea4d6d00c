"""All report types, by key: Rollbook's own, those of installed packages, those of a folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from rollbook.errors import ConfigurationError, UnknownReport
from rollbook.reports import courses, grades, outcomes, sis, students, tools
from rollbook.reports.report import Report

_FAMILIES = (sis, students, courses, tools, grades, outcomes)

ENTRY_POINTS = "rollbook.reports"
"""The group under which a package names its modules of reports."""


class Registry:
    """Report types, each under its key."""

    def __init__(self, reports: Iterable[Report]) -> None:
        """Collect report types.

        Raises:
            ConfigurationError: two have the same key.
        """
        self._reports: dict[str, Report] = {}
        for report in reports:
            if report.key in self._reports:
                raise ConfigurationError(
                    f"There are two reports with the key {report.key!r}. Rename one of them."
                )
            self._reports[report.key] = report

    def find(self, key: str) -> Report:
        """The report type of a key, compared exactly.

        Raises:
            UnknownReport: there is none.
        """
        if key not in self._reports:
            raise UnknownReport(
                f"There is no report {key!r}. There are: {', '.join(sorted(self._reports))}."
            )
        return self._reports[key]

    def keys(self) -> list[str]:
        return sorted(self._reports)

    def without(self, keys: Iterable[str]) -> Registry:
        """These report types, less some."""
        left_out = frozenset(keys)
        if not left_out:
            return self
        return Registry(item for key, item in self._reports.items() if key not in left_out)

    def by_title(self) -> list[Report]:
        """All report types in the order in which Canvas lists them (api.md, 7.1)."""
        return sorted(self._reports.values(), key=lambda report: report.title.encode())


@cache
def registry(folder: Path | None = None) -> Registry:
    """All report types of this installation.

    Args:
        folder: where further modules of reports lie: `*.py`, each with a tuple `REPORTS`.

    Raises:
        ConfigurationError: a module of reports cannot be used.
    """
    return Registry([*BUILT_IN, *_of_packages(), *(_of_folder(folder) if folder else ())])


BUILT_IN: tuple[Report, ...] = tuple(report for family in _FAMILIES for report in family.REPORTS)


def _of_packages() -> Iterator[Report]:
    for point in entry_points(group=ENTRY_POINTS):
        try:
            module = point.load()
        except Exception as error:
            raise ConfigurationError(
                f"The reports of the package behind {point.value} cannot be loaded: {error}"
            ) from error
        yield from _reports_of(module, point.value)


def _of_folder(folder: Path) -> Iterator[Report]:
    if not folder.is_dir():
        raise ConfigurationError(f"There is no folder {folder} to take reports from.")
    for file in sorted(folder.glob("*.py")):
        yield from _reports_of(_module_in(file), str(file))


def _module_in(file: Path) -> ModuleType:
    loader = SourceFileLoader(f"rollbook_reports_{file.stem}", str(file))
    module = ModuleType(loader.name)
    try:
        loader.exec_module(module)
    except Exception as error:
        raise ConfigurationError(f"The reports in {file} cannot be loaded: {error}") from error
    return module


def _reports_of(module: object, name: str) -> tuple[Report, ...]:
    reports = getattr(module, "REPORTS", None)
    if not isinstance(reports, tuple) or not all(isinstance(item, Report) for item in reports):
        raise ConfigurationError(
            f"{name} has no tuple REPORTS of rollbook.reports.report.Report. "
            "docs/writing-a-report.md shows one."
        )
    return reports
