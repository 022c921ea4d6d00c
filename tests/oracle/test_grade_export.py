"""`grade_export_csv` on generated institutions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from oracle.comparison import Comparison
from oracle.institutions import (
    MOST_ENROLLMENTS,
    accounts,
    any_of,
    courses,
    enrollments,
    flags,
    institution,
    mostly,
    parameters,
    requests,
    rows,
    serialized,
    times,
)

EDGES = (
    *(None, timedelta(), -timedelta(days=2), -timedelta(days=2, microseconds=1)),
    *(-timedelta(days=7), -timedelta(days=7, seconds=-1), timedelta(days=3), timedelta(days=-400)),
)
SCORES = (
    *(88.0, None, 89.99, 90.0, 89.995, 59.5, 0.0, -5.0, 102.5, 66.67, 37.5, 100, 93.99999999999999),
    *(
        90.00000000000001,
        61,
        0.1 + 0.2,
        1e-05,
        0.0001,
        1e16,
        123456789.123,
        99.5,
        57.99999999999999,
    ),
    *(57.0, 29.0, 28.999999999999996),
)
scores_of_course = any_of(*SCORES)
scheme_ids = mostly(None, 1, 2, 0, 99, weight=2)

BOUNDS = (0.9, 0.8, 0.57, 0.29, 0.895, 0.945, 1.0, 0.6, 0.07, 0.0, 1, 0, 0.8999)


@st.composite
def schemes(draw: DrawFn) -> Any:
    bounds = draw(st.lists(st.sampled_from(BOUNDS), min_size=2, max_size=6, unique=True))
    if draw(mostly(True, False)):
        bounds.sort(reverse=True)
    names = draw(st.lists(any_of("A", "B", "C+", "F", "", "Été", "Yes"), min_size=6, max_size=6))
    entries = [list(entry) for entry in zip(names, bounds, strict=False)]
    return draw(serialized(entries))


grading_standards = rows(
    {
        "data": schemes(),
        "version": any_of(2, 1, None),
        "workflow_state": mostly("active", "deleted"),
    },
    least=1,
    most=2,
)

scores = st.lists(
    st.fixed_dictionaries(
        {
            "enrollment_id": any_of(*range(1, MOST_ENROLLMENTS // 2)),
            "course_score": mostly(True, False, None, weight=10),
            "workflow_state": mostly("active", "deleted", weight=3),
            "current_score": scores_of_course,
            "final_score": scores_of_course,
            "unposted_current_score": scores_of_course,
            "unposted_final_score": scores_of_course,
            "override_score": any_of(None, None, 95.0, 42),
        }
    ),
    min_size=12,
    max_size=24,
).map(lambda found: [{"id": number} | row for number, row in enumerate(found, 1)])

SETTING = "include_integration_ids_in_gradebook_exports"
settings_of_accounts = st.one_of(
    st.none(),
    serialized({SETTING: True, "other": {"locked": False}}),
    serialized({SETTING: False}),
    serialized({SETTING: "true"}),
)

institutions = institution(
    accounts=accounts(settings=settings_of_accounts, grading_standard_id=scheme_ids),
    courses=courses(grading_standard_id=scheme_ids, conclude_at=times(*EDGES)),
    enrollments=enrollments(
        sis_pseudonym_id=mostly(None, 1, 2, 3, 99),
        updated_at=times(*EDGES),
    ),
    scores=scores,
    grading_standards=grading_standards,
    feature_flags=flags("final_grades_override"),
)

given_parameters = st.builds(
    lambda chosen, limited: chosen | limited,
    parameters(),
    mostly(
        {},
        *(
            {"include_deleted": True, "limiting_period": period}
            for period in ("2", "7 days", 7, "", None, "-3", "x")
        ),
        {"limiting_period": "2"},
        weight=12,
    ),
)


def test_engine_agrees(comparison: Comparison) -> None:
    tally = comparison.of("grade_export_csv", institutions, requests(given_parameters))
    assert tally.with_lines > tally.examples / 5
    assert tally.columns["enrollment state"] >= {"active", "concluded"}
    assert len(tally.columns["current grade"]) > 3
