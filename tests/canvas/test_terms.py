"""Which term a client means (courses_and_tools.md, 1.4)."""

from __future__ import annotations

from datetime import datetime

import pytest

from rollbook.canvas.terms import DEFAULT_TERM_NAME, Term, find_term

NOW = datetime(2026, 3, 2, 12)


def term(id_: int, *, name: str | None = None, state: str | None, end: datetime | None) -> Term:
    return Term(
        id=id_,
        name=name,
        sis_source_id=None,
        integration_id=None,
        workflow_state=state,
        start_at=None,
        end_at=end,
    )


@pytest.mark.parametrize("word", ["current", "default"])
def test_neither_a_deleted_term_nor_one_without_a_state_is_meant_by_a_word(word: str) -> None:
    """As in SQL, NULL is not different from `deleted`; a term's last moment is part of it."""
    states = ("deleted", None, "active")
    terms = [
        term(id_, name=DEFAULT_TERM_NAME, state=state, end=NOW)
        for id_, state in enumerate(states, 1)
    ]
    found = find_term(terms, word, lambda: NOW)
    assert found is not None
    assert found.id == 3
    assert find_term(terms[:2], word, lambda: NOW) is None
    # By its id any term can be meant.
    assert find_term(terms, "1", lambda: NOW) == terms[0]
