"""JSON of accounts, terms and users, one function an object."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rollbook.api.call import Call
from rollbook.api.views import avatar_url
from rollbook.canvas.accounts import Account
from rollbook.canvas.terms import Term
from rollbook.canvas.zones import iso_seconds, zone_of

_SERVICE_ID = 0
"""No Canvas user has this id."""


def account_as_json(call: Call, account: Account) -> dict[str, Any]:
    root = call.institution.accounts.root_of(account)
    zone = account.default_time_zone or root.default_time_zone
    return {
        "id": account.id,
        "name": account.name,
        "workflow_state": account.workflow_state,
        "parent_account_id": account.parent_account_id,
        "root_account_id": None if account.is_root else root.id,
        "uuid": account.uuid,
        "default_time_zone": zone_of(zone).key,
        "sis_account_id": account.sis_source_id,
        "integration_id": account.integration_id,
    }


def term_as_json(call: Call, term: Term) -> dict[str, Any]:
    return {
        "id": term.id,
        "name": term.name,
        "start_at": _in_utc(term.start_at),
        "end_at": _in_utc(term.end_at),
        "workflow_state": term.workflow_state,
        "grading_period_group_id": call.institution.grading_period_group(term.id),
        "sis_term_id": term.sis_source_id,
    }


def self_as_json(call: Call) -> dict[str, Any]:
    """The token's user; a service shows its purpose as its name."""
    user = call.caller.user
    if user is None:
        name = call.caller.token.purpose or "Rollbook service"
        return {
            "id": _SERVICE_ID,
            "name": name,
            "sortable_name": name,
            "short_name": name,
            "avatar_url": None,
            "locale": None,
            "effective_locale": "en",
        }
    return {
        "id": user.id,
        "name": user.name,
        "sortable_name": user.sortable_name,
        "short_name": user.short_name,
        "avatar_url": avatar_url(call, user),
        "locale": user.locale,
        "effective_locale": user.locale or "en",
    }


def _in_utc(moment: datetime | None) -> str | None:
    return None if moment is None else iso_seconds(moment.replace(tzinfo=UTC), zone_of("UTC"))
