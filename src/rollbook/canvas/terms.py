"""Enrollment terms, and the forms in which a client names one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollbook.canvas.id_forms import parse_id_form
from rollbook.canvas.tables import Tables
from rollbook.engines.engine import Engine

DEFAULT_TERM_NAME = "Default Term"


@dataclass(frozen=True)
class Term:
    """An enrollment term; times are UTC without zone."""

    id: int
    name: str | None
    sis_source_id: str | None
    integration_id: str | None
    workflow_state: str | None
    start_at: datetime | None
    end_at: datetime | None

    @property
    def is_live(self) -> bool:
        # As in SQL, NULL is not live.
        return self.workflow_state not in (None, "deleted")

    def is_current(self, now: datetime) -> bool:
        """Whether a live, dated term holds `now` (UTC without zone), both ends included."""
        if not self.is_live or (self.start_at is None and self.end_at is None):
            return False
        return (self.start_at or now) <= now <= (self.end_at or now)


_COLUMNS = (
    "id",
    "name",
    "sis_source_id",
    "integration_id",
    "workflow_state",
    "start_at",
    "end_at",
)


def read_terms(tables: Tables, engine: Engine, root_account_id: int) -> list[Term]:
    """All terms of a root account, deleted ones too, by id."""
    terms = tables.enrollment_terms
    of_root = terms.filter(terms.root_account_id == root_account_id)
    return [Term(**row) for row in engine.rows(of_root.select(*_COLUMNS).order_by("id"))]


def find_term(terms: Sequence[Term], text: str, now: Callable[[], datetime]) -> Term | None:
    """The term a client means (sis_and_provisioning.md, section 1); None if there is none.

    Args:
        terms: the terms of the root account.
        text: an id form; `default` and `current` only exactly so.
        now: tells the present, UTC without zone; asked for `current` alone.
    """
    form = parse_id_form(text, "term")
    if form is None:
        return None
    if form.kind == "word":
        return _by_word(terms, form.value, now)
    if form.kind == "id":
        return next((term for term in terms if term.id == int(form.value)), None)
    column = {"sis": "sis_source_id", "integration": "integration_id"}[form.kind]
    return next((term for term in terms if getattr(term, column) == form.value), None)


def _by_word(terms: Sequence[Term], word: str, now: Callable[[], datetime]) -> Term | None:
    if word == "default":
        named = [term for term in terms if term.name == DEFAULT_TERM_NAME and term.is_live]
        return named[0] if named else None
    moment = now()
    current = [term for term in terms if term.is_current(moment)]
    return current[0] if len(current) == 1 else None
