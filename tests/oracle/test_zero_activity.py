"""`zero_activity_csv` on generated institutions."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import strategies as st
from oracle.comparison import Comparison
from oracle.institutions import (
    BLANKS,
    NOW,
    any_of,
    courses,
    enrollments,
    institution,
    integration_ids,
    parameters,
    requests,
    times,
)

# The same moment in several forms, in the root's zone where none is written, and near misses.
STARTS = (
    "2026-02-20T05:00:00Z",
    "2026-02-20T10:30:00+05:30",
    "2026-02-20 00:00:00-0500",
    "2026-02-20T05:00Z",
    "2026-02-20",
    " 2026-02-20T00:00 ",
    "2026-02-20T05:00:00.000001Z",
    "Feb 20, 2026",
    "20 February 2026 12:00 AM",
    "20 Feb 2026 10:30 AM",
    "February 2026",
    # Wall-clock times that a clock change skips or repeats.
    "2025-03-09T02:30:00",
    "2025-11-02 01:30:00",
    "2025-03-30T01:30",
    "2026-02-30",
    "soon",
    *BLANKS,
)
MOMENTS = (
    # A midnight in New York, London and India, and the hours of clock changes.
    *("2026-02-20T05:00:00Z", "2026-02-20T00:00:00Z", "2026-02-19T18:30:00Z"),
    *("2025-03-09T07:30:00Z", "2025-11-02T05:30:00Z", "2025-03-30T01:30:00Z"),
    "2026-02-01T05:00:00Z",
)
FIRST = "2026-02-20T05:00:00Z"
ACTIVITY = times(
    *(
        datetime.fromisoformat(text) - NOW + timedelta(microseconds=step)
        for text in (*MOMENTS, *[FIRST] * 14)
        for step in (0, 0, 1, -1)
    )
)

COURSES = (
    *(1, "1", "2", 3, " 1 ", "sis_course_id:C1", "sis_course_id:c1", "hex:sis_course_id:432032"),
    *("sis_integration_id:I1", "lti_context_id:L1", "lti_context_id:l1", "sis_course_id:"),
    *("99", "x", *BLANKS, *[1, "2"] * 6),
)

institutions = institution(
    courses=courses(integration_id=integration_ids, lti_context_id=any_of(None, "L1", "l1")),
    enrollments=enrollments(last_activity_at=st.none() | st.none() | ACTIVITY),
)

given_parameters = parameters(
    start_at=any_of(*STARTS, *[FIRST] * 10), course_id=any_of(*COURSES), course=any_of(*COURSES)
)


def test_engine_agrees(comparison: Comparison) -> None:
    tally = comparison.of("zero_activity_csv", institutions, requests(given_parameters))
    assert tally.with_lines > tally.examples / 6
    assert len(tally.columns["course id"]) > 1
