"""Which table a file holds, told by its columns (data_sources.md, 2.4 point 3)."""

from __future__ import annotations

from dataclasses import dataclass

from rollbook.load.canvas_data.dap_tables import DAP_COLUMNS

_ALIKE = 0.8
_AHEAD = 0.1
_RESEMBLING = 0.5
_SUBSETS = frozenset({"assessment_question_banks", "outcome_proficiencies"})
"""Tables whose columns others have, too: only (near) equality counts."""
_NEARLY_EQUAL = 0.95


@dataclass(frozen=True)
class Guess:
    """What columns say: the table, or the tables that they resemble."""

    table: str | None
    resembling: tuple[str, ...] = ()


def guess_table(fields: frozenset[str]) -> Guess:
    """The table with just these columns, else the one that is by far the most like them."""
    ranking = sorted(
        ((_likeness(fields, columns), name) for name, columns in DAP_COLUMNS.items()), reverse=True
    )
    (first, name), (second, _), *_ = ranking
    needed = _NEARLY_EQUAL if name in _SUBSETS else _ALIKE
    if first == 1 or (first >= needed and first - second >= _AHEAD):
        return Guess(name)
    return Guess(None, tuple(name for likeness, name in ranking[:3] if likeness >= _RESEMBLING))


def _likeness(some: frozenset[str], others: frozenset[str]) -> float:
    return len(some & others) / len(some | others)
