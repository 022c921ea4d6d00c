"""How large a demo institution is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rollbook.errors import BadParameter


@dataclass(frozen=True)
class Scale:
    """The sizes of a demo institution; all else follows from them."""

    name: str
    users: int
    """Rows of `users`, exactly."""
    enrollments: int
    """Rows of `enrollments`, exactly."""
    courses: int
    """Rows of `courses`, exactly."""
    past_terms: int
    colleges: int
    departments: int
    """Departments of each college."""
    scored_assignments: int = 2
    """Assignments of a course that have a submission of every student."""

    def counts(self) -> dict[str, int]:
        """The numbers that the generating SQL asks for by name, such as `n_students()`.

        People lie in ranges of ids in this order: admins, teachers, students, observers, guests
        (people without an enrollment) and test students.
        """
        admins = max(8, self.users // 500)
        teachers = max(14, self.users * 6 // 100)
        observers = max(10, self.users * 5 // 100)
        guests = max(8, self.users * 3 // 100)
        testers = max(4, self.users // 300)
        return {
            "users": self.users,
            "enrollments": self.enrollments,
            "courses": self.courses,
            "past_terms": self.past_terms,
            "colleges": self.colleges,
            "departments": self.departments,
            "scored_assignments": self.scored_assignments,
            "admins": admins,
            "teachers": teachers,
            "students": self.users - admins - teachers - observers - guests - testers,
            "observers": observers,
            "guests": guests,
            "testers": testers,
        }


SCALES: Mapping[str, Scale] = MappingProxyType(
    {
        scale.name: scale
        for scale in (
            Scale("tiny", 160, 1_500, 80, past_terms=3, colleges=3, departments=2),
            Scale("small", 5_000, 60_000, 900, past_terms=5, colleges=5, departments=4),
            Scale("campus", 150_000, 2_500_000, 30_000, past_terms=9, colleges=12, departments=8),
            Scale(
                "state", 1_000_000, 15_000_000, 180_000, past_terms=12, colleges=40, departments=12
            ),
        )
    }
)
"""The sizes that can be asked for by name."""


def find_scale(name: str) -> Scale:
    """The scale of this name.

    Raises:
        BadParameter: there is none.
    """
    if name not in SCALES:
        raise BadParameter(f"There is no demo scale {name!r}. Choose one of: {', '.join(SCALES)}.")
    return SCALES[name]
