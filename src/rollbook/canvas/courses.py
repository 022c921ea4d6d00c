"""The forms in which a client names a course."""

from __future__ import annotations

from rollbook.canvas.id_forms import parse_id_form
from rollbook.canvas.tables import Tables
from rollbook.engines.engine import Engine

_COLUMNS = {
    "id": "id",
    "sis": "sis_source_id",
    "integration": "integration_id",
    "lti_context_id": "lti_context_id",
}


def find_course(tables: Tables, engine: Engine, root_account_id: int, text: str) -> int | None:
    """The id of the course a client means (students.md, 1.2); None if there is none.

    Args:
        tables: the Canvas tables.
        engine: what holds them.
        root_account_id: whose courses count, in any state.
        text: an id form.
    """
    form = parse_id_form(text, "course")
    if form is None or form.kind not in _COLUMNS:
        return None
    courses = tables.courses.filter(tables.courses.root_account_id == root_account_id)
    value = int(form.value) if form.kind == "id" else form.value
    named = courses.filter(courses[_COLUMNS[form.kind]] == value).select("id").order_by("id")
    rows = engine.rows(named.limit(1))
    return rows[0]["id"] if rows else None
