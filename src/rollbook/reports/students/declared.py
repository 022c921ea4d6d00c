"""Parameters and tables that several of these reports declare (students.md, 1.1, 1.7)."""

from __future__ import annotations

from rollbook.reports.report import Parameter

COURSE_ASSOCIATIONS = ("course_account_associations",)
"""Read where a sub-account narrows the courses."""
USER_ASSOCIATIONS = ("user_account_associations", "account_users", "course_sections")
"""Read where a sub-account narrows the users; the latter two where the first must be derived."""


def term_parameter(courses: str) -> Parameter:
    """The term; `courses` says whose it is."""
    return Parameter(
        "enrollment_term_id",
        f"The term of the {courses}. A Canvas id, sis_term_id:X, default or current; "
        "leave it empty for all terms.",
        kind="term",
    )


def course_parameter(what: str) -> Parameter:
    """The course; `what` says what it narrows."""
    return Parameter(
        "course_id",
        f"The course of the {what}. A Canvas id or sis_course_id:X; leave it empty for all "
        "courses.",
        kind="course",
    )
