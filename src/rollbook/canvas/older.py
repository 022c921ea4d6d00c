"""Columns that older Canvas lacks, from those that said the same (data_sources.md, section 4).

Those that have no such column get their default; `rollbook.canvas.roots` has root accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

_MARK_OF_CANVAS = {"access_tokens": "token_hint"}
"""A column that Canvas's own database always has and Canvas Data never: there the other is NULL."""

_Rule = tuple[str, Callable[[ir.Column], ir.Value]]
_RULES: Mapping[str, Mapping[str, _Rule]] = MappingProxyType(
    {
        "scores": {
            "course_score": ("grading_period_id", lambda period: period.isnull()),
            "unposted_current_score": ("current_score", lambda score: score),
            "unposted_final_score": ("final_score", lambda score: score),
        },
        "access_tokens": {"permanent_expires_at": ("expires_at", lambda moment: moment)},
        "outcome_proficiencies": {
            "context_type": (
                "account_id",
                lambda account: ibis.ifelse(account.notnull(), "Account", None),
            ),
            "context_id": ("account_id", lambda account: account),
        },
    }
)


def with_older_columns(
    source: ir.Table, name: str, present: frozenset[str]
) -> tuple[ir.Table, frozenset[str]]:
    """A source's table with the columns that others stand in for, and which it has now.

    Args:
        source: the table as the source has it.
        name: a table of `schema.TABLES`.
        present: the columns that the source has.
    """
    if _MARK_OF_CANVAS.get(name, "id") not in present:
        return source, present
    made = {
        column: make(source[given])
        for column, (given, make) in _RULES.get(name, {}).items()
        if column not in present and given in present
    }
    return (source.mutate(**made), present | made.keys()) if made else (source, present)
