"""Who makes a request: a token, and the Canvas user it stands for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rollbook.access.institution import Institution, User
from rollbook.access.permissions import BECOME_USER, READ_REPORTS, is_within, user_may
from rollbook.access.tokens import Token, TokenStore
from rollbook.canvas.accounts import Account
from rollbook.errors import (
    InvalidMasquerade,
    InvalidToken,
    NotAuthenticated,
    NotPermitted,
    UnknownAccount,
)


@dataclass(frozen=True)
class Caller:
    """Who asks, by which token."""

    token: Token
    user: User | None
    """The Canvas user; None for a service."""

    @property
    def user_id(self) -> int | None:
        return self.user.id if self.user else None


def recognise(
    tokens: TokenStore, institution: Institution, text: str | None, as_user: str | None
) -> Caller:
    """The caller behind a token.

    Args:
        tokens: all tokens.
        institution: the present data.
        text: the token as it was sent, if it was.
        as_user: the user to act as, in any id form (api.md, 3.4).

    Raises:
        NotAuthenticated, InvalidToken: there is no caller.
        InvalidMasquerade: the caller may not act as that user.
    """
    if not text:
        raise NotAuthenticated("user authorization required")
    token = tokens.recognise(text)
    user = institution.user(token.user_id)
    if token.user_id is not None and (user is None or not user.is_live):
        raise InvalidToken("Invalid access token.")
    caller = Caller(token, user)
    return _masquerading(institution, caller, as_user) if as_user else caller


def may_read_reports(institution: Institution, caller: Caller, account: Account) -> bool:
    """Whether the caller may start, see and stop the runs of an account."""
    try:
        subtree = institution.accounts.find(caller.token.account)
    except UnknownAccount:
        return False
    if not is_within(institution, account, subtree):
        return False
    if caller.user is None:
        return True
    return user_may(institution, caller.user.id, READ_REPORTS, account)


def require_read_reports(institution: Institution, caller: Caller, account: Account) -> None:
    """Let pass who may.

    Raises:
        NotPermitted: the caller may not.
    """
    if not may_read_reports(institution, caller, account):
        raise NotPermitted("user not authorized to perform that action")


def _masquerading(institution: Institution, caller: Caller, as_user: str) -> Caller:
    user = caller.user if as_user == "self" else institution.find_user(as_user)
    if user is None or not user.is_live or not _may_be(institution, caller, user):
        raise InvalidMasquerade("Invalid as_user_id")
    return replace(caller, user=user)


def _may_be(institution: Institution, caller: Caller, user: User) -> bool:
    if user == caller.user:
        return True
    root = institution.accounts.default_root()
    if caller.user is None:
        # A service that reaches everything gains nothing by being somebody.
        return institution.accounts.find(caller.token.account).id == root.id
    return user_may(institution, caller.user.id, BECOME_USER, root)
