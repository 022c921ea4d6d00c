"""File enrollments of both SIS reports, on generated institutions."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from oracle.comparison import Comparison
from oracle.institutions import (
    BLANKS,
    MOST_ENROLLMENTS,
    any_of,
    courses,
    enrollments,
    flags,
    institution,
    mostly,
    parameters,
    requests,
    rows,
    switches,
    user_ids,
)
from oracle.provisioning_enrollments import STATES, TYPES

no_user = st.just(None)

roles = rows(
    {
        "name": any_of("StudentEnrollment", "Lab assistant", 'Grader "A"'),
        "workflow_state": mostly("built_in", "active", "inactive", "deleted", weight=3),
    }
)

states_by_date = st.lists(
    mostly("active", "completed", "completed", None, "inactive", "no row", weight=20),
    min_size=MOST_ENROLLMENTS,
    max_size=MOST_ENROLLMENTS,
).map(
    lambda found: [
        {"enrollment_id": number, "state": state}
        for number, state in enumerate(found, 1)
        if state != "no row"
    ]
)

institutions = institution(
    courses=courses(),
    roles=roles,
    enrollments=enrollments(
        role_id=any_of(1, 2, 3, 99, None),
        associated_user_id=st.one_of(no_user, user_ids),
        temporary_enrollment_source_user_id=st.one_of(no_user, user_ids),
        limit_privileges_to_course_section=any_of(True, False, None),
        sis_batch_id=any_of(None, None, 5, 0),
        sis_pseudonym_id=any_of(None, 1, 2, 3, 99),
    ),
    enrollment_states=states_by_date,
    feature_flags=flags("temporary_enrollments", mostly("on", "allowed_on", "allowed", "off")),
)


def filters(valid: tuple[str, ...]) -> st.SearchStrategy[object]:
    values = st.sampled_from([*valid, "all", "x", ""])
    some = st.lists(values, min_size=2, max_size=6)
    return st.one_of(some.map(",".join), some.map(", ".join), some, st.sampled_from(BLANKS))


given_parameters = parameters(
    created_by_sis=switches,
    enrollment_filter=filters(TYPES),
    enrollment_states=filters(STATES),
).map(lambda chosen: {"enrollments": True} | chosen)


@pytest.mark.parametrize(("report", "share"), [("provisioning_csv", 1), ("sis_export_csv", 0.5)])
def test_engine_agrees(report: str, share: float, comparison: Comparison) -> None:
    tally = comparison.of(report, institutions, requests(given_parameters), share=share)
    assert tally.with_lines > tally.examples / 6
    assert tally.columns["status"] >= {"active", "deleted", "concluded"}
