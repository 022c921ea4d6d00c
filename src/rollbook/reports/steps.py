"""Scales of steps: the step a number reaches, such as the letter of a score.

A scale is a few steps with a lower bound each. All scales of a run stand in one small table, a row
for each scale with its steps side by side, so that one join and one comparison a step suffice,
however many rows and scales there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pyarrow as pa


@dataclass(frozen=True)
class Step:
    """A step: the least number that reaches it, and what it is called."""

    bound: float
    texts: tuple[str | None, ...]


@dataclass(frozen=True)
class StepTable:
    """Scales as a table: `scale_id` and the bounds and texts of each step."""

    table: ir.Table
    width: int
    """The steps of the longest scale."""

    def reached(self, rows: ir.Table, number: ir.Value, text: int = 0) -> ir.Value:
        """A text of the highest step that a number reaches; NULL if it reaches none.

        Args:
            rows: rows that were joined with the table.
            number: the number of each row.
            text: which of the texts.
        """
        steps = [
            (number >= rows[_bound(step)], rows[_text(step, text)]) for step in range(self.width)
        ]
        return ibis.cases(*steps, else_=ibis.null("string")) if steps else ibis.null("string")


def step_table(scales: Mapping[int, Sequence[Step]], texts: int = 1) -> StepTable:
    """Scales by id, each with its steps from the highest to the lowest."""
    width = max(map(len, scales.values()), default=0)
    columns: dict[str, pa.Array] = {"scale_id": pa.array(list(scales), pa.int64())}
    for position in range(width):
        steps = [scale[position] if position < len(scale) else None for scale in scales.values()]
        columns[_bound(position)] = pa.array([step and step.bound for step in steps], pa.float64())
        for text in range(texts):
            columns[_text(position, text)] = pa.array(
                [step and step.texts[text] for step in steps], pa.string()
            )
    return StepTable(ibis.memtable(pa.table(columns)), width)


def _bound(step: int) -> str:
    return f"step_{step}_bound"


def _text(step: int, text: int) -> str:
    return f"step_{step}_text_{text}"
