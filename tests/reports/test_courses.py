"""Rules of the course reports that no case shows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from engines.filled_lake import institution_with

from rollbook.engines.engine import Engine
from rollbook.reports.courses import REPORTS
from rollbook.reports.execution import Product, ReportRequest, execute
from rollbook.reports.report import Report

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ACCOUNTS = [
    {"id": 1, "name": "Northgate", "workflow_state": "active", "default_time_zone": "UTC"},
    {"id": 2, "parent_account_id": 1, "root_account_id": 1, "workflow_state": "deleted"},
    {"id": 3, "parent_account_id": 2, "root_account_id": 1, "workflow_state": "active"},
]
TERM = {"id": 10, "root_account_id": 1, "name": "Spring", "workflow_state": "deleted"}


def course(id_: int, **columns: Any) -> dict[str, Any]:
    return {"id": id_, "root_account_id": 1, "account_id": 1, "workflow_state": "claimed"} | columns


def file(id_: int, course: int, size: int | None, **columns: Any) -> dict[str, Any]:
    owner = {"context_type": "Course", "context_id": course, "file_state": "available"}
    return {"id": id_, "size": size, **owner, **columns}


def produce(
    folder: Path,
    report: str,
    parameters: dict[str, Any] | None = None,
    *,
    account: str = "1",
    **tables: Any,
) -> Product:
    given = {"accounts": ACCOUNTS, "enrollment_terms": [TERM], **tables}
    with institution_with(folder / "data", given) as institution:
        return institution.run(report, parameters, account=account, now=NOW).produce(folder)


def lines(product: Product) -> list[str]:
    return product.file.read_text("utf-8").splitlines()[1:]


def ids(product: Product) -> list[str]:
    return [line.split(",")[0] for line in lines(product)]


def test_every_course_report_tells_its_term(tmp_path: Path) -> None:
    """A deleted term can be chosen, and nothing but the term is told."""
    parameters = {"enrollment_term_id": 10, "include_deleted": True}
    with institution_with(
        tmp_path / "data", {"accounts": ACCOUNTS, "enrollment_terms": [TERM]}
    ) as institution:
        for report in REPORTS:
            product = institution.run(report.key, parameters, now=NOW).produce(tmp_path)
            assert (report.key, product.extra_text) == (report.key, "Term: Spring;")


def test_progress_is_told_where_the_number_of_rows_is_known(tmp_path: Path) -> None:
    """Of the course reports all know it but that of unused courses."""
    tables = {"accounts": ACCOUNTS, "courses": [course(1, is_public=True)]}
    with institution_with(tmp_path / "data", tables) as institution:
        engine = institution.run("public_courses_csv").engine
        told = {report.key: most_progress(engine, report, tmp_path) for report in REPORTS}
    assert told == {
        "recently_deleted_courses_csv": 0,
        "unpublished_courses_csv": 49,
        "public_courses_csv": 49,
        "course_storage_csv": 49,
        "unused_courses_csv": 0,
    }


def most_progress(engine: Engine, report: Report, folder: Path) -> int:
    """The largest percentage told while a report is written."""
    told: list[int] = []
    request = ReportRequest(report=report, now=NOW)
    execute(engine, request, folder, progress=lambda _lines, percent: told.append(percent))
    return max(told)


def test_without_associations_a_course_belongs_to_the_chain_of_its_account(tmp_path: Path) -> None:
    """The deleted account in between counts; the course of another account does not."""
    courses = [course(1, account_id=3), course(2, account_id=1), course(3, account_id=2)]
    assert ids(produce(tmp_path, "unpublished_courses_csv", account="2", courses=courses)) == [
        "1",
        "3",
    ]


def test_content_without_a_state_and_pages_of_other_wikis_leave_a_course_unused(
    tmp_path: Path,
) -> None:
    """Pages belong to a course by its wiki, whatever context they name."""
    product = produce(
        tmp_path,
        "unused_courses_csv",
        courses=[course(1, wiki_id=7), course(2, wiki_id=8), course(3, workflow_state="odd")],
        quizzes=[{"id": 1, "context_type": "Course", "context_id": 1, "workflow_state": None}],
        wiki_pages=[
            {"id": 1, "wiki_id": 8, "context_id": 1, "workflow_state": "unpublished"},
            {"id": 2, "wiki_id": None, "context_id": 3, "workflow_state": "active"},
        ],
    )
    assert lines(product) == ["1,,,,unpublished,", "3,,,,,"]


def test_megabytes_are_rounded_half_away_from_zero_once_on_the_sum(tmp_path: Path) -> None:
    """131,072 bytes are 0.125 MB; two files of 0.004 MB are 0.01 MB together."""
    product = produce(
        tmp_path,
        "course_storage_csv",
        courses=[course(1), course(2), course(3)],
        attachments=[
            file(1, 1, 131_072),
            file(2, 2, 4_200),
            file(3, 2, 4_200),
            file(4, 3, 96_468_992, root_attachment_id=1),
        ],
    )
    assert [line.split(",")[-2:] for line in lines(product)] == [
        ["0.13", "0.13"],
        ["0.01", "0.01"],
        ["0.0", "92.0"],
    ]


@pytest.mark.parametrize(("value", "megabytes"), [("1048576 bytes", "2.0"), ("none", "0.0")])
def test_the_least_size_of_a_file_is_a_setting(tmp_path: Path, value: str, megabytes: str) -> None:
    """Its leading digits count; a file without size stays at nothing."""
    product = produce(
        tmp_path,
        "course_storage_csv",
        courses=[course(1)],
        attachments=[file(1, 1, 1), file(2, 1, 0), file(3, 1, None)],
        settings=[{"id": 1, "name": "attachment_minimum_size_for_quota", "value": value}],
    )
    assert lines(product)[0].endswith(f",{megabytes},{megabytes}")
