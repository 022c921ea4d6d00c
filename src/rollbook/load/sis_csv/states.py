"""enrollment_states: what an enrollment amounts to at the time of the load (3.3 step 6)."""

from __future__ import annotations

from rollbook.load.sis_csv.rows import Draft

_STATES = """
    SELECT enrollment.id AS enrollment_id, enrollment.workflow_state, enrollment.type,
        CASE WHEN enrollment.start_at IS NOT NULL AND enrollment.end_at IS NOT NULL
                THEN {'start': enrollment.start_at, 'end': enrollment.end_at}
             WHEN section.restrict_enrollments_to_section_dates
                THEN {'start': section.start_at, 'end': section.end_at}
             WHEN course.restrict_enrollments_to_course_dates
                THEN {'start': course.start_at, 'end': course.conclude_at}
             ELSE {'start': coalesce(exception.start_at, term.start_at),
                   'end': coalesce(exception.end_at, term.end_at)} END AS dates
    FROM enrollments enrollment
    LEFT JOIN course_sections section ON section.id = enrollment.course_section_id
    LEFT JOIN courses course ON course.id = enrollment.course_id
    LEFT JOIN enrollment_terms term ON term.id = course.enrollment_term_id
    LEFT JOIN enrollment_dates_overrides exception ON exception.enrollment_term_id = term.id
        AND exception.enrollment_type = enrollment.type
"""


def derive_states(draft: Draft) -> None:
    """Make a state for each enrollment; dates count for active ones only."""
    draft.execute("DELETE FROM enrollment_states")
    draft.execute(
        "INSERT INTO enrollment_states BY NAME SELECT enrollment_id, "
        "CASE WHEN workflow_state <> 'active' THEN workflow_state "
        "WHEN dates.end < load_time() THEN 'completed' "
        "WHEN dates.start > load_time() AND type = 'StudentEnrollment' THEN 'pending_active' "
        "ELSE 'active' END AS state, true AS state_is_current, true AS access_is_current, "
        f"dates.start AS state_started_at, dates.end AS state_valid_until FROM ({_STATES})"
    )
