"""Rules of the two grade exports that no case shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conformance.cells import Row, read_files
from engines.filled_lake import institution_with

import rollbook
from rollbook.errors import UnknownTerm
from rollbook.reports.execution import Product
from rollbook.reports.grades.schemes import read_scheme, scheme_steps

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROOT = {"id": 1, "name": "Northgate", "workflow_state": "active", "default_time_zone": "UTC"}
TERM = {"root_account_id": 1, "workflow_state": "active"}
STUDENT = {"id": 1, "name": "Ada Byron", "workflow_state": "registered"}
LOGIN = {"id": 1, "user_id": 1, "account_id": 1, "workflow_state": "active", "unique_id": "ada"}
LETTERS = '[["Top", 0.8], ["Low", 0]]'


def courses(*ids: int, **columns: Any) -> list[dict[str, Any]]:
    given = {"root_account_id": 1, "account_id": 1, "enrollment_term_id": 10}
    return [{"id": id_, "workflow_state": "available", **given, **columns} for id_ in ids]


def enrolled(*ids: int, **columns: Any) -> dict[str, Any]:
    """A section, an enrollment and a score for each of some courses, all of the course's id."""
    student = {"type": "StudentEnrollment", "root_account_id": 1, "user_id": 1}
    return {
        "course_sections": [{"id": id_, "course_id": id_} for id_ in ids],
        "enrollments": [
            {
                "id": id_,
                "course_id": id_,
                "course_section_id": id_,
                "workflow_state": "active",
                **student,
                **columns,
            }
            for id_ in ids
        ],
        "scores": [course_score(id_, 85.0) for id_ in ids],
    }


def course_score(enrollment: int, current: float, **columns: Any) -> dict[str, Any]:
    row = {"enrollment_id": enrollment, "course_score": True, "workflow_state": "active"}
    return {"id": enrollment, "current_score": current, **row, **columns}


@contextmanager
def given(folder: Path, **tables: Any) -> Iterator[rollbook.Institution]:
    defaults = {
        "accounts": [ROOT],
        "enrollment_terms": [{"id": 10, "name": "Spring", "sis_source_id": "SP", **TERM}],
        "users": [STUDENT],
        "pseudonyms": [LOGIN],
    }
    with institution_with(folder / "data", {**defaults, **tables}) as institution:
        yield institution


def produce(
    folder: Path,
    report: str = "grade_export_csv",
    parameters: dict[str, Any] | None = None,
    **tables: Any,
) -> Product:
    with given(folder, **tables) as institution:
        return institution.run(report, parameters, now=NOW).produce(folder)


def column(product: Product, name: str) -> list[str | None]:
    header, *rows = read_files(product.file)["report.csv"]
    place = header.index(name)
    return [row[place] for row in rows]


def letter(scheme: str, version: int | None, score: float) -> str | None:
    steps = scheme_steps(read_scheme(scheme, version))
    return next((step.texts[0] for step in steps if score >= step.bound), None)


@pytest.mark.parametrize(
    ("scheme", "version", "score", "expected"),
    [
        ('[["Low", 0], ["Top", 0.9], ["Mid", 0.5]]', 2, 89.99, "Mid"),
        ('[["A", 0.9], ["B", 0.7], ["A", 0.8]]', 2, 85.0, "A"),
        ('[["A", 0.9], ["B", 0.7]]', 2, 10.0, "B"),
        ('[["A", 0.57], ["F", 0]]', 2, 57.0, "A"),
        ('[["A", "0.29"], ["F", 0]]', 2, 29.0, "A"),
        ('[["A", 0.8333333333333334], ["F", 0]]', 2, 83.33333333333333, "F"),
        ('[["A", 0.8333333333333334], ["F", 0]]', 2, 83.33333333333334, "A"),
        ("- - A\n  - !ruby/object:BigDecimal 18:0.94e0\n- - F\n  - 0\n", 2, 94.0, "A"),
        ('[["A", 1.0], ["B", 0.89], ["F", 0.59]]', 1, 90.0, "A"),
        ('[["A", 1.0], ["B", 0.89], ["F", 0.59]]', 1, 89.99, "B"),
        ('[["A", 1.0], ["B", 0.89], ["F", 0.59]]', None, 59.99, "F"),
        ('[["A", 1.0], ["F", 0.59994]]', 1, 60.989, "F"),
        ('[["A", 1.0], ["F", 0.59994]]', 1, 60.99, "A"),
        ("no scheme", 2, 50.0, None),
        ("- - ':D'\n  - 0.5\n- - true\n  - 0.4\n", 2, 50.0, ":D"),
        ("- - ':D'\n  - 0.5\n- - true\n  - 0.4\n", 2, 40.0, "true"),
        ("- - 4.0\n  - 0.5\n- - 3\n  - 0.0\n", 2, 49.9, "3"),
        ('[["Only", 0.9]]', 1, 5.0, "Only"),
    ],
)
def test_the_letter_of_a_score(
    scheme: str, version: int | None, score: float, expected: str | None
) -> None:
    """Bounds are decimals in any order; of the first version they are the next grade's, and one."""
    assert letter(scheme, version, score) == expected


def test_a_course_without_a_scheme_has_that_of_the_nearest_account_that_names_one(
    tmp_path: Path,
) -> None:
    """A missing scheme is the built-in one where a course names it, none where an account does."""
    accounts = [
        {**ROOT, "grading_standard_id": 5},
        {"id": 2, "root_account_id": 1, "parent_account_id": 1},
        {"id": 3, "root_account_id": 1, "parent_account_id": 1, "grading_standard_id": 99},
        {"id": 4, "root_account_id": 1, "parent_account_id": 3},
        {"id": 6, "root_account_id": 1, "parent_account_id": 3, "grading_standard_id": 0},
    ]
    product = produce(
        tmp_path,
        accounts=accounts,
        grading_standards=[{"id": 5, "data": LETTERS, "version": 2, "workflow_state": "deleted"}],
        courses=[
            *courses(21, account_id=2),
            *courses(22, account_id=4),
            *courses(23, account_id=4, grading_standard_id=99),
            *courses(24, account_id=4, grading_standard_id=5),
            *courses(25, account_id=6),
        ],
        **enrolled(21, 22, 23, 24, 25),
    )
    assert column(product, "current grade") == ["Top", None, "B", "Top", None]


def test_courses_are_taken_in_batches_in_which_rows_go_by_term(tmp_path: Path) -> None:
    """25 courses a batch; those that give no rows count, too."""
    terms = [{"id": id_, "name": "T", **TERM} for id_ in (10, 11)]
    taken = [
        *courses(1, 2, enrollment_term_id=11),
        *courses(*range(3, 24)),
        *courses(24, workflow_state="claimed"),
        *courses(25, enrollment_term_id=11),
        *courses(26, 27),
        *courses(28, workflow_state="deleted"),
    ]
    product = produce(tmp_path, enrollment_terms=terms, courses=taken, **enrolled(*range(1, 29)))
    expected = [*range(3, 24), 1, 2, 25, 26, 27]
    assert column(product, "course id") == [str(id_) for id_ in expected]


def test_override_columns_follow_the_option_down_to_the_account(tmp_path: Path) -> None:
    """Account 7 is site admin, whose `allowed` does not count: a root opts in by itself."""
    expected = [
        ({}, False),
        ({"root": "allowed"}, True),
        ({"root": "off", "sub": "on"}, False),
        ({"root": "on", "sub": "off"}, True),
        ({"root": "allowed_on", "sub": "off"}, False),
        ({"sub": "on"}, True),
    ]
    accounts: list[dict[str, Any]] = [{"id": 7}]
    flags = [flag(7, "allowed")]
    for root, (states, _) in enumerate(expected, 100):
        sub = root + 100
        accounts += [{"id": root}, {"id": sub, "root_account_id": root, "parent_account_id": root}]
        flags += [flag({"root": root, "sub": sub}[at], state) for at, state in states.items()]
    site_admin = [{"id": 1, "name": "site_admin_account_id", "value": "7"}]
    with given(tmp_path, accounts=accounts, settings=site_admin, feature_flags=flags) as places:
        found = [
            "override grade"
            in places.run("grade_export_csv", account=str(sub)).write(tmp_path).read_text()
            for sub in range(200, 200 + len(expected))
        ]
    assert found == [has_override for _, has_override in expected]


def flag(account: int, state: str) -> dict[str, Any]:
    feature = {"context_type": "Account", "feature": "final_grades_override"}
    return {"id": account, "context_id": account, "state": state, **feature}


def test_a_flag_of_no_account_decides_nothing(tmp_path: Path) -> None:
    product = produce(tmp_path, feature_flags=[{**flag(1, "on"), "context_id": None}])
    assert "override grade" not in product.file.read_text()


def test_what_site_admin_decides_is_decided(tmp_path: Path) -> None:
    product = produce(
        tmp_path,
        accounts=[ROOT, {"id": 7}],
        settings=[{"id": 1, "name": "site_admin_account_id", "value": "7"}],
        feature_flags=[flag(7, "off"), flag(1, "on")],
    )
    assert "override grade" not in product.file.read_text()


def test_integration_ids_need_a_setting_that_is_exactly_true(tmp_path: Path) -> None:
    setting = "include_integration_ids_in_gradebook_exports"
    product = produce(tmp_path, accounts=[{**ROOT, "settings": {setting: "true"}}])
    assert "student integration id" not in product.file.read_text()


def test_a_limiting_period_keeps_what_was_deleted_or_concluded_lately(tmp_path: Path) -> None:
    tables = enrolled(1, 2, 3, 4, 5)
    changes = [
        {},
        {"workflow_state": "completed", "updated_at": "2026-03-02T11:00:00Z"},
        {"workflow_state": "deleted", "updated_at": "2026-02-28T12:00:00Z"},
        {"workflow_state": "inactive", "updated_at": "2026-02-28T11:59:59Z"},
        {"workflow_state": "completed", "updated_at": None},
    ]
    tables["enrollments"] = [
        row | change for row, change in zip(tables["enrollments"], changes, strict=True)
    ]
    tables["courses"] = [*courses(1, 2, 3, 4), *courses(5, conclude_at="2026-02-28T12:00:00Z")]
    expected: list[tuple[dict[str, Any], list[str]]] = [
        ({"include_deleted": True}, ["1", "2", "3", "4", "5"]),
        ({"include_deleted": True, "limiting_period": None}, ["1"]),
        ({"include_deleted": True, "limiting_period": "2 days"}, ["1", "3", "5"]),
        ({"limiting_period": "2"}, ["1", "2", "5"]),
    ]
    with given(tmp_path, **tables) as institution:
        for parameters, kept in expected:
            product = institution.run("grade_export_csv", parameters, now=NOW).produce(tmp_path)
            assert column(product, "course id") == kept
            told = "deleted objects limited by days specified;" in product.extra_text
            assert told is bool(parameters.get("limiting_period"))


def test_a_score_that_is_not_deleted_keeps_its_row_whatever_its_state(tmp_path: Path) -> None:
    tables = enrolled(1, 2, 3)
    tables["scores"] = [
        course_score(1, 1.0, workflow_state="deleted"),
        course_score(2, 2.0, workflow_state=None),
        course_score(3, 3.0, course_score=None),
    ]
    product = produce(tmp_path, courses=courses(1, 2, 3), **tables)
    assert column(product, "current score") == ["2.0", None]


def test_the_settings_are_told_in_words(tmp_path: Path) -> None:
    parameters = {
        "enrollment_term": "sis_term_id:SP",
        "include_deleted": "yes",
        "limiting_period": "2",
        "extra_text": "Nightly",
    }
    assert produce(tmp_path, parameters=parameters).extra_text == (
        "Nightly Term: Spring; Include Deleted/Concluded Objects; "
        "deleted objects limited by days specified;"
    )


PERIODS: dict[str, Any] = {
    "grading_period_groups": [{"id": 7, "title": "Halves", "workflow_state": "deleted"}],
    "grading_periods": [
        {
            "id": 71,
            "grading_period_group_id": 7,
            "title": "Late",
            "start_date": "2026-03-01",
            "workflow_state": "active",
        },
        {
            "id": 72,
            "grading_period_group_id": 7,
            "title": "Early",
            "start_date": "2026-01-01",
            "workflow_state": "active",
        },
        {"id": 73, "grading_period_group_id": 7, "title": "Gone", "workflow_state": "deleted"},
    ],
}


def by_period(folder: Path, parameters: dict[str, Any], **tables: Any) -> Product:
    return produce(folder, "mgp_grade_export_csv", parameters, **{**PERIODS, **tables})


def test_terms_of_one_name_share_one_file(tmp_path: Path) -> None:
    """Its header is that of the later term, and each row has the cells of its own term."""
    terms = [
        {"id": 10, "name": "Spring", "grading_period_group_id": 7, **TERM},
        {"id": 11, "name": "Spring", "grading_period_group_id": 99, **TERM},
        {"id": 12, "name": "Fall", "grading_period_group_id": 7, **TERM},
    ]
    product = by_period(
        tmp_path,
        {},
        enrollment_terms=terms,
        courses=courses(1, grading_standard_id=0),
        **enrolled(1),
    )
    files = read_files(product.file)
    header, *rows = files["Spring.csv"]
    assert header == ("no grading periods configured for this term",)
    assert [len(row) for row in rows] == [len(files["Fall.csv"][0])]
    assert product.lines == {"Spring": 2, "Fall": 1}


def test_periods_stand_by_start_with_active_scores_alone(tmp_path: Path) -> None:
    tables = enrolled(1)
    tables["scores"] += [
        course_score(1, 10.0, id=2, course_score=False, grading_period_id=71),
        course_score(
            1, 20.0, id=3, course_score=False, grading_period_id=72, workflow_state="deleted"
        ),
    ]
    product = by_period(
        tmp_path,
        {"include_deleted": True, "enrollment_term_id": "010"},
        enrollment_terms=[{"id": 10, "name": "A/B", "grading_period_group_id": 7, **TERM}],
        courses=courses(1, grading_standard_id=0),
        **tables,
    )
    header, row = read_files(product.file)["A_B.csv"]
    cells: Row = row[header.index("grading period set") :]
    assert cells == (
        *("Halves", "7"),
        *("72", None, None, None, None, None, None, None, None),
        *("71", "10.0", None, None, None, "F", None, None, None),
        *("85.0", None, "active", None, None, "B", None, None, None),
    )


def test_a_term_is_chosen_by_its_canvas_id(tmp_path: Path) -> None:
    """The older name of the parameter and other ids choose none, though the term must exist."""
    terms = [
        {"id": 10, "name": "Spring", "sis_source_id": "SP", **TERM},
        {"id": 11, "name": "Old", **TERM, "workflow_state": "deleted"},
    ]
    with given(tmp_path, enrollment_terms=terms) as institution:
        for parameters, files, told in [
            ({}, ["Spring.csv"], "All Terms"),
            ({"enrollment_term_id": 11}, ["Old.csv"], "Old"),
            ({"enrollment_term": 11}, ["Spring.csv"], "Old"),
        ]:
            product = institution.run("mgp_grade_export_csv", parameters).produce(tmp_path)
            assert (list(read_files(product.file)), product.extra_text) == (files, f"Term: {told};")
        by_sis_id = {"enrollment_term_id": "sis_term_id:SP"}
        file = institution.run("mgp_grade_export_csv", by_sis_id).write(tmp_path)
        assert (file.suffix, file.read_text()) == (".csv", "\n")


def test_an_unknown_term_fails_the_run_by_period(tmp_path: Path) -> None:
    with pytest.raises(UnknownTerm):
        by_period(tmp_path, {"enrollment_term": "current"})
