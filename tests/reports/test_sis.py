"""Rules of the two SIS reports that no case shows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from engines.filled_lake import institution_with

from rollbook.errors import NothingToReport, UnknownTerm
from rollbook.reports.execution import Product

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROOT = {"id": 1, "name": "Northgate", "workflow_state": "active", "default_time_zone": "UTC"}
TERMS = [
    {"id": 10, "root_account_id": 1, "name": "Default Term", "workflow_state": "active"},
    {
        "id": 11,
        "root_account_id": 1,
        "name": "Spring",
        "sis_source_id": "SP26",
        "integration_id": "I-SP",
        "workflow_state": "active",
        "start_at": "2026-01-10T00:00:00Z",
        "end_at": "2026-05-10T00:00:00Z",
    },
    {"id": 12, "root_account_id": 1, "name": "Old", "workflow_state": "deleted"},
]


def produce(folder: Path, parameters: dict[str, Any], **tables: Any) -> Product:
    given = {"accounts": [ROOT], "enrollment_terms": TERMS, **tables}
    with institution_with(folder / "data", given) as institution:
        return institution.run("provisioning_csv", parameters, now=NOW).produce(folder)


@pytest.mark.parametrize(
    ("term", "name"),
    [
        (11, "Spring"),
        (" 11 ", "Spring"),
        ("sis_term_id:SP26", "Spring"),
        ("sis_integration_id:I-SP", "Spring"),
        ("hex:sis_term_id:53503236", "Spring"),
        ("hex:sis_integration_id:492d5350", "Spring"),
        ("default", "Default Term"),
        ("current", "Spring"),
        (12, "Old"),
        ("  ", "All Terms"),
        (False, "All Terms"),
        (None, "All Terms"),
    ],
)
def test_a_term_is_found_in_any_of_its_forms(tmp_path: Path, term: Any, name: str) -> None:
    product = produce(tmp_path, {"xlist": True, "enrollment_term_id": term})
    assert product.extra_text == f"Term: {name}; Reports: xlist "


def test_the_older_name_of_the_term_parameter_counts_when_the_newer_is_blank(
    tmp_path: Path,
) -> None:
    parameters = {"xlist": "1", "enrollment_term_id": "", "enrollment_term": "sis_term_id:SP26"}
    assert produce(tmp_path, parameters).extra_text == "Term: Spring; Reports: xlist "


@pytest.mark.parametrize("term", [True, "sis_term_id:sp26", "Current", "99", "active_terms", "x"])
def test_an_unknown_term_fails_the_run(tmp_path: Path, term: Any) -> None:
    with pytest.raises(UnknownTerm, match="has no enrollment term"):
        produce(tmp_path, {"users": True, "enrollment_term_id": term})


def test_without_a_file_there_is_nothing_to_report(tmp_path: Path) -> None:
    expected = "Failed, the report failed to generate a file. Please try again."
    with pytest.raises(NothingToReport) as error:
        produce(tmp_path, {"users": "false"})
    assert str(error.value) == expected


def test_the_settings_are_told_in_words(tmp_path: Path) -> None:
    parameters = {
        "users": True,
        "enrollments": True,
        "include_deleted": True,
        "enrollment_filter": "StudentEnrollment,TeacherEnrollment,x",
        "enrollment_states": ["all"],
        "extra_text": "Nightly",
    }
    assert produce(tmp_path, parameters).message == (
        "Provisioning report successfully generated with the following settings. "
        "Account: Northgate; Nightly Term: All Terms; Include Deleted/Concluded Objects; "
        "Include Enrollment Roles: TeacherEnrollment and StudentEnrollment; "
        "Include Enrollment States: ; Reports: users enrollments "
    )


def test_a_file_without_rows_has_its_header(tmp_path: Path) -> None:
    product = produce(tmp_path, {"xlist": True})
    header = (
        "canvas_xlist_course_id,xlist_course_id,canvas_section_id,section_id,status,"
        "canvas_nonxlist_course_id,nonxlist_course_id\n"
    )
    assert product.file.read_text() == header
    assert product.current_line == 1


def test_institutional_tags_without_the_feature_are_one_empty_line(tmp_path: Path) -> None:
    assert produce(tmp_path, {"institutional_tags": True}).file.read_text() == "\n"


def test_the_same_data_and_parameters_give_the_same_bytes(tmp_path: Path) -> None:
    parameters = {"users": True, "terms": True}
    first = produce(tmp_path, parameters).file.read_bytes()
    assert produce(tmp_path, parameters).file.read_bytes() == first


def test_in_a_consortium_logins_of_trusted_roots_count_and_their_host_is_told(
    tmp_path: Path,
) -> None:
    """A login of the own root comes first, whatever its state; of other roots none counts."""
    live = {"workflow_state": "active"}
    logins = [(1, 1, "suspended", "A1"), (1, 9, "active", "A9"), (2, 9, "active", "B9")]
    tables: dict[str, Any] = {
        "accounts": [ROOT, {"id": 8}, {"id": 9}],
        "users": [{"id": id_} for id_ in (1, 2, 3)],
        "pseudonyms": [
            {"id": n, "user_id": user, "account_id": root, "workflow_state": state}
            | {"unique_id": "x", "sis_user_id": sis_id}
            for n, (user, root, state, sis_id) in enumerate([*logins, (3, 8, "active", "C8")])
        ],
        "roles": [{"id": 5, "name": "Dean", **live}],
        "account_users": [
            {"id": id_, "user_id": id_, "account_id": 1, "role_id": 5, "sis_batch_id": 1, **live}
            for id_ in (1, 2, 3)
        ],
    }
    hosts = {"host_name": "one.example", "trusted_roots": {9: "two.example"}}
    with institution_with(tmp_path / "data", tables, **hosts) as institution:
        product = institution.run("sis_export_csv", {"admins": 1}, now=NOW).produce(tmp_path)
        enrollments = institution.run("provisioning_csv", {"enrollments": 1}, now=NOW)
        header = enrollments.arrow().column_names
    assert product.file.read_text() == (
        "user_id,account_id,role_id,role,status,root_account\n"
        "A1,,5,Dean,active,one.example\n"
        "B9,,5,Dean,active,two.example\n"
    )
    assert header[-2:] == ["canvas_enrollment_id", "root_account"]
