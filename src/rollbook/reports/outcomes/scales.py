"""The scale a result is rated on (grades_and_outcomes.md, 3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rollbook.canvas.numbers import ruby_number
from rollbook.canvas.ruby_text import plain_text
from rollbook.canvas.serialized import decode_mapping

Number = int | float


@dataclass(frozen=True)
class Rating:
    """A level of a scale."""

    points: Number | None
    description: str | None


@dataclass(frozen=True)
class Scale:
    """Ratings in stored order, and the points that mean mastery; numbers keep their type."""

    mastery_points: Number | None
    points_possible: Number | None
    ratings: tuple[Rating, ...]


BUILT_IN_CRITERION = Scale(
    mastery_points=3,
    points_possible=5,
    ratings=(
        Rating(5, "Exceeds Expectations"),
        Rating(3, "Meets Expectations"),
        Rating(0, "Does Not Meet Expectations"),
    ),
)
"""The scale of an outcome that stores none."""

BUILT_IN_PROFICIENCY = Scale(
    mastery_points=3.0,
    points_possible=4.0,
    ratings=(
        Rating(4.0, "Exceeds Mastery"),
        Rating(3.0, "Mastery"),
        Rating(2.0, "Near Mastery"),
        Rating(1.0, "Below Mastery"),
        Rating(0.0, "No Evidence"),
    ),
)
"""The scale of courses for which no account has set one."""


def criterion(data: str | None) -> Scale:
    """The scale that an outcome stores in `learning_outcomes.data`, else the built-in one."""
    stored = decode_mapping(data).get("rubric_criterion")
    if not isinstance(stored, Mapping):
        return BUILT_IN_CRITERION
    ratings = stored.get("ratings")
    return Scale(
        mastery_points=_number(stored.get("mastery_points")),
        points_possible=_number(stored.get("points_possible")),
        ratings=tuple(
            Rating(_number(rating.get("points")), plain_text(rating.get("description")))
            for rating in (ratings if isinstance(ratings, list) else [])
            if isinstance(rating, Mapping)
        ),
    )


def number_text(number: Number | None) -> str | None:
    """A number of a scale as it prints: `3` stays `3`, `3.0` stays `3.0`."""
    return None if number is None else ruby_number(number)


def _number(value: Any) -> Number | None:
    if isinstance(value, str):
        try:
            return int(value) if value.strip().lstrip("+-").isdigit() else float(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
