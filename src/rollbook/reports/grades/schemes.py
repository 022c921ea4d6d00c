"""Letter grades: which scheme a course uses, and the letter of a score (grades_and_outcomes.md, 1.5)."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis import _

from rollbook.canvas.ruby_text import plain_text
from rollbook.canvas.serialized import decode
from rollbook.canvas.tables import Tables
from rollbook.reports.scope import Scope
from rollbook.reports.steps import Step, step_table

Scheme = tuple[tuple[str | None, Decimal], ...]
"""Grades with their lower bounds as fractions, in any order."""

BUILT_IN: Scheme = (
    ("A", Decimal("0.94")),
    ("A-", Decimal("0.90")),
    ("B+", Decimal("0.87")),
    ("B", Decimal("0.84")),
    ("B-", Decimal("0.80")),
    ("C+", Decimal("0.77")),
    ("C", Decimal("0.74")),
    ("C-", Decimal("0.70")),
    ("D+", Decimal("0.67")),
    ("D", Decimal("0.64")),
    ("D-", Decimal("0.61")),
    ("F", Decimal(0)),
)
"""What a course uses that names a scheme which does not exist."""

_CURRENT_VERSION = 2


class LetterGrades:
    """The letter grades of one run: small look-ups, then expressions."""

    def __init__(self, tables: Tables, scope: Scope) -> None:
        named = _named_schemes(tables, scope)
        existing = {row["named_id"] for row in named if row["id"] is not None}
        self._chosen_by_accounts = _schemes_of_accounts(tables, scope, existing)
        self._steps = step_table({row["named_id"]: _steps_of(row) for row in named})

    def with_scheme_ids(self, courses: ir.Table) -> ir.Table:
        """Courses with the `scheme_id` of their scheme, if they have one."""
        accounts = self._chosen_by_accounts
        rows = courses.left_join(accounts, courses.account_id == accounts.scheme_account_id)
        return rows.mutate(
            scheme_id=ibis.coalesce(rows.grading_standard_id, rows.account_scheme_id)
        )

    def with_letters(self, rows: ir.Table, scores: Mapping[str, str]) -> ir.Table:
        """Rows with the letters of their scores; NULL without score or scheme.

        Args:
            rows: rows with a `scheme_id`.
            scores: the column of the score for each column of a letter.
        """
        schemes = self._steps.table
        rows = rows.left_join(schemes, rows.scheme_id == schemes.scale_id)
        letters = {letter: self._letter(rows, rows[score]) for letter, score in scores.items()}
        return rows.mutate(**letters).drop(*schemes.columns)

    def _letter(self, rows: ir.Table, score: ir.Value) -> ir.Value:
        return self._steps.reached(rows, ibis.ifelse(score < 0, 0.0, score))


def _named_schemes(tables: Tables, scope: Scope) -> list[dict[str, Any]]:
    """Every scheme that a course or an account names; `id` is NULL where there is none such."""
    of_courses = tables.courses.filter(_.root_account_id == scope.root.id)
    named = (
        of_courses.select(named_id="grading_standard_id")
        .union(tables.accounts.select(named_id="grading_standard_id"))
        .filter(_.named_id.notnull())
        .distinct()
    )
    standards = tables.grading_standards.select("id", "data", "version")
    return scope.engine.rows(named.left_join(standards, named.named_id == standards.id))


def _schemes_of_accounts(tables: Tables, scope: Scope, existing: Container[int]) -> ir.Table:
    """Each account with the scheme that its courses have by default, if they have one."""
    accounts = tables.accounts.select("id", "grading_standard_id")
    own = {row["id"]: row["grading_standard_id"] for row in scope.engine.rows(accounts)}
    chosen: dict[int, int] = {}
    for account in scope.accounts.accounts.values():
        chain = [own.get(ancestor.id) for ancestor in scope.accounts.ancestors(account)]
        # The nearest choice is final, even where it leads to nothing.
        scheme = next((choice for choice in chain if choice is not None), None)
        if scheme is not None and scheme in existing:
            chosen[account.id] = scheme
    return ibis.memtable(
        pa.table(
            {
                "scheme_account_id": pa.array(list(chosen), pa.int64()),
                "account_scheme_id": pa.array(list(chosen.values()), pa.int64()),
            }
        )
    )


def _steps_of(row: Mapping[str, Any]) -> tuple[Step, ...]:
    missing = row["id"] is None
    return scheme_steps(BUILT_IN if missing else read_scheme(row["data"], row["version"]))


@cache
def read_scheme(data: str | None, version: int | None) -> Scheme:
    """The scheme that a grading standard stores; empty if it stores none."""
    entries = decode(data)
    if not isinstance(entries, list):
        return ()
    scheme = tuple(
        (plain_text(entry[0]), _fraction(entry[1]))
        for entry in entries
        if isinstance(entry, list) and len(entry) == 2
    )
    return scheme if version == _CURRENT_VERSION else _with_lower_bounds(scheme)


def _with_lower_bounds(scheme: Scheme) -> Scheme:
    """The first version held upper bounds: a grade begins above the next one's."""
    bounds = [
        (below + Decimal("0.01")).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        for _name, below in scheme[1:]
    ]
    names = [name for name, _bound in scheme]
    return tuple(zip(names, [*bounds, Decimal(0)], strict=False))


def scheme_steps(scheme: Scheme) -> tuple[Step, ...]:
    """The steps of a scheme, from the best grade to the one below which there is none."""
    lowest: dict[str | None, Decimal] = {}
    for name, bound in scheme:
        lowest[name] = min(bound, lowest.get(name, bound))
    ordered = sorted(lowest.items(), key=lambda entry: -entry[1])
    steps = [Step(_least_score(bound * 100), (name,)) for name, bound in ordered]
    return (*steps[:-1], *(Step(-math.inf, last.texts) for last in steps[-1:]))


def _least_score(bound: Decimal) -> float:
    """The least score whose shortest digits are not below a bound.

    Canvas compares decimals; with this, comparing floats comes to the same.
    """
    score = float(bound)
    return score if Decimal(repr(score)) >= bound else math.nextafter(score, math.inf)


def _fraction(value: Any) -> Decimal:
    try:
        fraction = Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)
    return fraction if fraction.is_finite() else Decimal(0)
