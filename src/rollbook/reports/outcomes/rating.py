"""Which scale belongs to a row, and the rating of its result (grades_and_outcomes.md, 3.4 to 3.6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis import _

from rollbook.canvas.tables import Tables
from rollbook.reports.features import account_feature, is_enabled
from rollbook.reports.outcomes.scales import (
    BUILT_IN_PROFICIENCY,
    Rating,
    Scale,
    criterion,
    number_text,
)
from rollbook.reports.scope import Scope
from rollbook.reports.steps import Step, StepTable, step_table

_BUILT_IN_ID = 0
# Above the points of every rating; stands for infinity, which not every engine can compute with.
_BEYOND_ALL = 1e300

_RATING, _RATING_POINTS = 0, 1


def has_account_scales(scope: Scope) -> bool:
    """Whether the scales of accounts and courses take the place of those of outcomes."""
    state = account_feature(scope, "account_level_mastery_scales", scope.root)
    return is_enabled(state)


@dataclass(frozen=True)
class Scales:
    """The scales of one run."""

    points: ir.Table
    """Each scale's points: `points_scale_id`, `scale_mastery`, `scale_possible`, `scale_whole`."""
    steps: StepTable
    of_account: bool
    by_course: ir.Table
    """Courses with a scale of their own."""
    by_account: ir.Table
    """Accounts with the scale that applies to their courses."""

    def join(self, rows: ir.Table) -> ir.Table:
        """Rows with `outcome_id`, `course_id`, `account_id`, each with its scale."""
        if self.of_account:
            own, inherited = self.by_course, self.by_account
            rows = rows.left_join(own, rows.course_id == own.own_course_id)
            rows = rows.left_join(inherited, rows.account_id == inherited.scale_account_id)
            scale = ibis.coalesce(rows.own_scale_id, rows.account_scale_id, _BUILT_IN_ID)
        else:
            scale = rows.outcome_id
        rows = rows.mutate(row_scale_id=scale)
        points, steps = self.points, self.steps.table
        rows = rows.left_join(points, rows.row_scale_id == points.points_scale_id)
        return rows.left_join(steps, rows.row_scale_id == steps.scale_id)

    def rating(self, rows: ir.Table, score: ir.Value) -> ir.Value:
        """The description of the rating that a score reaches."""
        return self.steps.reached(rows, score, _RATING)

    def rating_points(self, rows: ir.Table, score: ir.Value) -> ir.Value:
        """Its points."""
        return self.steps.reached(rows, score, _RATING_POINTS)


def scaled_score(rows: ir.Table, score: ir.Value, possible: ir.Value) -> ir.Value:
    """A score brought to the points possible of the scale (3.5).

    Zero points possible are a division by zero, which counts as infinity.
    """
    return ibis.cases(
        (possible != 0, score / possible.nullif(0.0) * rows.scale_possible),
        ((possible == 0) & (score > 0) & (rows.scale_possible > 0), _BEYOND_ALL),
        else_=ibis.null("float64"),
    )


def read_scales(tables: Tables, scope: Scope, outcomes: ir.Table) -> Scales:
    """Read the scales that a run may need.

    Args:
        tables: the Canvas tables.
        scope: the run.
        outcomes: the outcomes that the run reports on, `id` and `data`.
    """
    of_account = has_account_scales(scope)
    if of_account:
        proficiencies = _proficiencies(tables, scope)
        scales = {_BUILT_IN_ID: BUILT_IN_PROFICIENCY, **_proficiency_scales(tables, scope)}
    else:
        proficiencies = []
        rows = scope.engine.rows(outcomes.select("id", "data"))
        scales = {row["id"]: criterion(row["data"]) for row in rows}
    own = {
        context_type: {
            row["context_id"]: row["id"]
            for row in proficiencies
            if row["context_type"] == context_type
        }
        for context_type in ("Course", "Account")
    }
    return Scales(
        points=_points(scales),
        steps=step_table({key: _steps(scale) for key, scale in scales.items()}, texts=2),
        of_account=of_account,
        by_course=_ids("own_course_id", "own_scale_id", own["Course"]),
        by_account=_ids("scale_account_id", "account_scale_id", _inherited(scope, own["Account"])),
    )


def _proficiencies(tables: Tables, scope: Scope) -> list[dict[str, Any]]:
    if not tables.is_present("outcome_proficiencies"):
        return []
    active = tables.outcome_proficiencies.filter(_.workflow_state == "active")
    return scope.engine.rows(
        active.select("id", "context_type", "context_id").order_by(_.id.desc())
    )


def _proficiency_scales(tables: Tables, scope: Scope) -> dict[int, Scale]:
    """The scale of each proficiency that has ratings; without any it has none."""
    if not tables.is_present("outcome_proficiency_ratings"):
        return {}
    ratings = tables.outcome_proficiency_ratings.filter(
        _.workflow_state.fill_null("") != "deleted", _.points.notnull()
    ).order_by(_.points.desc(), _.id)
    by_proficiency: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in scope.engine.rows(ratings):
        by_proficiency[row["outcome_proficiency_id"]].append(row)
    return {key: _proficiency_scale(rows) for key, rows in by_proficiency.items()}


def _proficiency_scale(rows: list[dict[str, Any]]) -> Scale:
    return Scale(
        mastery_points=next((row["points"] for row in rows if row["mastery"]), None),
        points_possible=rows[0]["points"],
        ratings=tuple(Rating(row["points"], row["description"]) for row in rows),
    )


def _inherited(scope: Scope, own: Mapping[int, int]) -> dict[int, int]:
    """Each account's own scale, else that of its nearest ancestor."""
    inherited: dict[int, int] = {}
    for account in scope.accounts.accounts.values():
        chain = (own.get(ancestor.id) for ancestor in scope.accounts.ancestors(account))
        scale = next((found for found in chain if found is not None), None)
        if scale is not None:
            inherited[account.id] = scale
    return inherited


def _steps(scale: Scale) -> tuple[Step, ...]:
    rated = [
        Step(float(rating.points), (rating.description, number_text(rating.points)))
        for rating in scale.ratings
        if rating.points is not None
    ]
    return tuple(sorted(rated, key=lambda step: -step.bound))


def _points(scales: Mapping[int, Scale]) -> ir.Table:
    values = scales.values()
    possible = [_float(scale.points_possible) for scale in values]
    # Where a scale has no points, a percentage is one of its mastery points.
    whole = [_float(scale.points_possible or scale.mastery_points) for scale in values]
    return ibis.memtable(
        pa.table(
            {
                "points_scale_id": pa.array(list(scales), pa.int64()),
                "scale_mastery": pa.array(
                    [number_text(scale.mastery_points) for scale in values], pa.string()
                ),
                "scale_possible": pa.array(possible, pa.float64()),
                "scale_whole": pa.array(whole, pa.float64()),
            }
        )
    )


def _float(number: float | None) -> float | None:
    return None if number is None else float(number)


def _ids(key: str, value: str, pairs: Mapping[int, int]) -> ir.Table:
    return ibis.memtable(
        pa.table(
            {
                key: pa.array(list(pairs), pa.int64()),
                value: pa.array(list(pairs.values()), pa.int64()),
            }
        )
    )
