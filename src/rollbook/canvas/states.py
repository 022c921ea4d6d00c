"""The states that Canvas's objects can be in (the notes of canvas_schema.json)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_ENROLLMENT = "active invited creation_pending completed inactive rejected deleted"
_KNOWN = {
    "accounts.workflow_state": "active deleted suspended",
    "account_users.workflow_state": "active deleted",
    "roles.workflow_state": "built_in active inactive deleted",
    "users.workflow_state": "registered pre_registered creation_pending deleted",
    "pseudonyms.workflow_state": "active suspended deleted",
    "communication_channels.workflow_state": "active unconfirmed retired",
    "enrollment_terms.workflow_state": "active deleted",
    "courses.workflow_state": "created claimed available completed deleted",
    "course_sections.workflow_state": "active deleted",
    "enrollments.workflow_state": _ENROLLMENT,
    "enrollment_states.state": f"{_ENROLLMENT} pending_invited pending_active",
    "scores.workflow_state": "active deleted",
    "grading_periods.workflow_state": "active deleted",
    "groups.workflow_state": "available deleted closed completed",
    "group_memberships.workflow_state": "accepted invited requested rejected deleted",
    "user_observers.workflow_state": "active deleted",
    "submissions.workflow_state": "unsubmitted submitted graded pending_review deleted",
    "content_tags.workflow_state": "active deleted unpublished",
    "context_external_tools.workflow_state": (
        "anonymous name_only email_only public deleted disabled"
    ),
    "developer_keys.workflow_state": "active inactive deleted",
    "developer_key_account_bindings.workflow_state": "on off allow",
    "access_tokens.workflow_state": "active pending deleted",
    "eportfolios.workflow_state": "active deleted",
    "feature_flags.state": "off allowed allowed_on on hidden",
}
STATES: Mapping[tuple[str, str], frozenset[str]] = MappingProxyType(
    {
        (table, column): frozenset(words.split())
        for name, words in _KNOWN.items()
        for table, column in [name.split(".")]
    }
)
"""The states by table and column, where Canvas has a closed list of them."""
