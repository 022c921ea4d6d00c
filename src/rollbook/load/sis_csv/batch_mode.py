"""Batch mode: in one term, what no file mentions is gone."""

from __future__ import annotations

from rollbook.errors import UnknownTerm
from rollbook.load.sis_csv.rows import Draft

_ROWS_OF_TERM = {
    "courses": "SELECT id FROM courses WHERE enrollment_term_id = {term}",
    "sections": "SELECT section.id FROM course_sections section "
    "JOIN courses ON courses.id = section.course_id WHERE enrollment_term_id = {term}",
    "enrollments": "SELECT enrollment.id FROM enrollments enrollment "
    "JOIN courses ON courses.id = enrollment.course_id WHERE enrollment_term_id = {term}",
}
_TABLES = {"courses": "courses", "sections": "course_sections", "enrollments": "enrollments"}


def delete_unmentioned(draft: Draft) -> None:
    """Delete the term's courses, sections and enrollments that came from SIS files before.

    Only kinds of which this load has a file; rows made otherwise (no batch id) stay.

    Raises:
        UnknownTerm: there is no such term.
    """
    wanted = draft.institution.options.batch_mode_term
    if wanted is None:
        return
    term = draft.institution.number(
        "SELECT max(id) FROM enrollment_terms WHERE sis_source_id = ?", [wanted]
    )
    if not term:
        raise UnknownTerm(f"There is no term with the SIS id {wanted!r} to load in batch mode.")
    for kind in sorted(draft.staging.kinds & set(_TABLES)):
        table = _TABLES[kind]
        draft.execute(
            f"UPDATE {table} SET workflow_state = 'deleted' WHERE sis_batch_id IS NOT NULL "
            f"AND workflow_state <> 'deleted' AND id IN ({_ROWS_OF_TERM[kind].format(term=term)}) "
            f"AND id NOT IN (SELECT id FROM mentioned WHERE table_name = '{table}')"
        )
