"""Rules that all reports share, beside the oracle's, on far more examples than whole runs allow."""

from __future__ import annotations

from typing import Any

from engines.memory_lake import MemoryLake
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from oracle.comparison import PLAIN
from oracle.institutions import BLANKS, NOW, SWITCHES, TERM_IDS, accounts, terms
from oracle.rules import (
    Institution,
    ReportFails,
    Request,
    Run,
    Unspecified,
    is_blank,
    leading_integer,
    truth,
)

from rollbook.canvas.accounts import read_account_tree
from rollbook.canvas.tables import Tables
from rollbook.errors import UnknownTerm
from rollbook.reports import parameters
from rollbook.reports.scope import Circumstances, Scope

values: SearchStrategy[Any] = st.one_of(
    st.sampled_from([*SWITCHES, *BLANKS, *TERM_IDS]),
    st.text("tTrRuUeEyYnNoOfF01 +-7", max_size=5),
    st.integers(),
    st.booleans(),
)

TERM_FORMS = (
    *(*TERM_IDS, *["current", "default"] * 6, "hex:sis_integration_id:4931", "sis_term_id:T1 "),
    *("hex:sis_term_id:ff", "hex:sis_term_id:54 31", "HEX:sis_term_id:5431", "SIS_TERM_ID:T1"),
    *("sis_term_id:T é", "sis_course_id:T1", "lti_context_id:T1", "\u00a01", "1.0", "+1", "01"),
)


@settings(derandomize=True, deadline=None, max_examples=500)
@given(values)
def test_truth_and_blankness(value: Any) -> None:
    assert parameters.is_true(value) == truth(value)
    assert parameters.is_blank(value) == is_blank(value)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.text("0123456789 +-x", max_size=6))
def test_leading_integer(text: str) -> None:
    assert parameters.is_true(text) == (leading_integer(text) != 0)


def test_terms(memory_lake: MemoryLake) -> None:
    """Every form of a term's id finds the same term, or the run fails for both."""
    found: set[str] = set()

    @settings(derandomize=True, deadline=None, max_examples=200, backend=PLAIN)
    @given(accounts(), terms, st.sampled_from(TERM_FORMS))
    def agree(account_rows: Any, term_rows: Any, form: Any) -> None:
        tables = {"accounts": account_rows, "enrollment_terms": term_rows}
        request = Request(1, {"enrollment_term_id": form}, NOW)
        try:
            run = Run(Institution(tables), request)
            expected = run.term and run.term["id"]
            found.add(str(form))
        except ReportFails:
            expected = "fails"
        except Unspecified:
            reject()
        memory_lake.fill(tables)
        assert term_of(memory_lake, request) == expected

    agree()
    assert found >= {"current", "default", "hex:sis_term_id:5431", " sis_term_id:t1"}


def term_of(lake: MemoryLake, request: Request) -> int | str | None:
    tables = Tables(lake.engine)
    tree = read_account_tree(tables, lake.engine)
    scope = Scope(
        account=tree.find(str(request.account_id)),
        accounts=tree,
        parameters=parameters.Parameters(request.parameters),
        circumstances=Circumstances(request.now),
        engine=lake.engine,
        tables=tables,
    )
    try:
        term = scope.term
    except UnknownTerm:
        return "fails"
    return None if term is None else term.id
