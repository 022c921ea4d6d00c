"""Feature options: what is switched on for an account or a user (grades_and_outcomes.md, 0.5)."""

from __future__ import annotations

from typing import Literal

from ibis import _

from rollbook.canvas.accounts import Account
from rollbook.reports.scope import Scope


def account_feature(
    scope: Scope, feature: str, account: Account, *, root_opt_in: bool = False
) -> str | None:
    """The state of a feature for an account: the first `on` or `off` on the way down to it.

    Where nobody decides, it is the state of the account nearest to it; None without any.

    Args:
        scope: the run.
        feature: the feature's key.
        account: the account, or the root account for features that are decided there.
        root_opt_in: whether a root account must take the feature up by itself.
    """
    states = _states(scope, feature, "Account")
    site_admin = scope.accounts.site_admin_id
    if root_opt_in and account.id != site_admin and states.get(site_admin) == "allowed":
        del states[site_admin]
    chain = [ancestor.id for ancestor in reversed(scope.accounts.ancestors(account))]
    return _decided(states, [site_admin, *chain])


def user_feature_enabled(scope: Scope, feature: str) -> bool:
    """Whether the user who asked has a feature switched on; never without a user."""
    site_admin = _states(scope, feature, "Account").get(scope.accounts.site_admin_id)
    if scope.user_id is None:
        return False
    own = _states(scope, feature, "User").get(scope.user_id)
    return is_enabled(site_admin if site_admin in ("on", "off") else own or site_admin)


def is_enabled(state: str | None) -> bool:
    """Whether a feature is on."""
    return state in ("on", "allowed_on")


def is_allowed(state: str | None) -> bool:
    """Whether a feature is on, or may be switched on below."""
    return state in ("on", "allowed", "allowed_on")


def _states(
    scope: Scope, feature: str, context_type: Literal["Account", "User"]
) -> dict[int | None, str]:
    if not scope.tables.is_present("feature_flags"):
        return {}
    flags = scope.tables.feature_flags.filter(
        _.feature == feature,
        _.context_type == context_type,
        _.context_id.notnull(),
        _.state.notnull(),
    ).order_by(_.id.desc())
    return {row["context_id"]: row["state"] for row in scope.engine.rows(flags)}


def _decided(states: dict[int | None, str], contexts: list[int | None]) -> str | None:
    state = None
    for context in contexts:
        state = states.get(context, state)
        if state in ("on", "off"):
            break
    return state
