"""Who may do what in which account (api.md, 3.2)."""

from __future__ import annotations

from rollbook.access.institution import Admin, Institution
from rollbook.canvas.accounts import Account

READ_REPORTS = "read_reports"
BECOME_USER = "become_user"

_FULL_ADMIN = "AccountAdmin"


def user_may(institution: Institution, user_id: int, permission: str, account: Account) -> bool:
    """Whether a user has a permission in an account, through a role there or above it."""
    chain = _chain(institution, account)
    return any(
        admin.account_id in chain and _role_may(institution, admin, permission, chain)
        for admin in institution.admins(user_id)
    )


def is_within(institution: Institution, account: Account, subtree: Account) -> bool:
    """Whether an account is another one or lies below it."""
    return subtree.id in {ancestor.id for ancestor in institution.accounts.ancestors(account)}


def _chain(institution: Institution, account: Account) -> list[int]:
    """Site admin, the root, and so on down to the account."""
    tree = institution.accounts
    chain = [ancestor.id for ancestor in reversed(tree.ancestors(account))]
    site_admin = tree.site_admin_id
    return chain if site_admin is None or site_admin in chain else [site_admin, *chain]


def _role_may(institution: Institution, admin: Admin, permission: str, chain: list[int]) -> bool:
    """A role's default, as the overrides of the accounts along the chain change it.

    Down to the account where the role is held each override replaces what was said above it; from
    there on they can only give, since nobody takes away from an admin of a higher account. What an
    account has locked, those below it do not change.
    """
    for_self = for_below = admin.base_role_type == _FULL_ADMIN
    said_at: int | None = None
    is_held = False
    for account_id in chain:
        override = institution.override(permission, admin.role_id, account_id)
        if override and override.enabled is not None:
            for_self = override.enabled and override.applies_to_self
            for_below = override.enabled and override.applies_to_descendants
            said_at = account_id
        is_held = is_held or account_id == admin.account_id
        if (override and override.locked) or (is_held and (for_self or for_below)):
            break
    return for_self if said_at == chain[-1] else for_below
