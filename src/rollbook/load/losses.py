"""Loads that take more of a table than they may: a sign of a broken source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from rollbook.errors import RowsLost


class TableOutcome(Protocol):
    """What a load did to one table."""

    @property
    def rows(self) -> int:
        """The rows it has now."""

    @property
    def rows_before(self) -> int | None:
        """The rows it had; None where the lake had no such table."""


def refuse_losses(outcomes: Mapping[str, TableOutcome], allowed: float | None) -> None:
    """Refuse a load after which a table has lost more of its rows than it may.

    Args:
        outcomes: what the load did, by table.
        allowed: the share of its rows, 0 to 1, that a table may lose; None for any.

    Raises:
        RowsLost: a table lost more.
    """
    if allowed is None:
        return
    shrunk = [
        f"{name} from {outcome.rows_before:,} to {outcome.rows:,} rows"
        for name, outcome in outcomes.items()
        if outcome.rows_before and outcome.rows < outcome.rows_before * (1 - allowed)
    ]
    if shrunk:
        raise RowsLost(
            f"Nothing was loaded: a table may lose {allowed:.0%} of its rows at most, but "
            f"{'; '.join(shrunk)}. Check the source, or allow more with --strict."
        )
