"""Who may do what in which account (api.md, 3.2)."""

from __future__ import annotations

from rollbook.access.institution import Admin, Institution
from rollbook.canvas.accounts import Account

READ_REPORTS = "read_reports"
BECOME_USER = "become_user"

_FULL_ADMIN = "AccountAdmin"


def user_may(institution: Institution, user_id: int, permission: str, account: Account) -> bool:
    """Whether a user has a permission in an account, through a role there or above it."""
    tree = institution.accounts
    above = {ancestor.id for ancestor in tree.ancestors(account)} | {tree.site_admin_id}
    return any(
        admin.account_id in above and _role_may(institution, admin, permission, account)
        for admin in institution.admins(user_id)
    )


def is_within(institution: Institution, account: Account, subtree: Account) -> bool:
    """Whether an account is another one or lies below it."""
    return subtree.id in {ancestor.id for ancestor in institution.accounts.ancestors(account)}


def _role_may(institution: Institution, admin: Admin, permission: str, account: Account) -> bool:
    """A role's default, as the accounts from the root down to the account change it.

    What an account has locked, those below it cannot change.
    """
    allowed = admin.base_role_type == _FULL_ADMIN
    for ancestor in reversed(institution.accounts.ancestors(account)):
        override = institution.override(permission, admin.role_id, ancestor.id)
        if override is None:
            continue
        is_self = ancestor.id == account.id
        applies = override.applies_to_self if is_self else override.applies_to_descendants
        if applies and override.enabled is not None:
            allowed = override.enabled
        if override.locked:
            break
    return allowed
