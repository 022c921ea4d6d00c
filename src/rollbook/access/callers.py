"""Who makes a request: a token, and the Canvas user it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from rollbook.access.institution import Institution, User
from rollbook.access.permissions import BECOME_USER, READ_REPORTS, is_within, user_may
from rollbook.access.tokens import Token, TokenStore
from rollbook.canvas.accounts import Account
from rollbook.errors import (
    AccessDenied,
    InsufficientScopes,
    InvalidMasquerade,
    InvalidToken,
    NotAuthenticated,
    NotPermitted,
    UnknownAccount,
)
from rollbook.runs.model import ReportFile


@dataclass(frozen=True)
class Caller:
    """Who asks, by which token."""

    token: Token
    user: User | None
    """The Canvas user; None for a service."""
    behind: User | None = None
    """The user of the token, where it acts as another."""

    @property
    def user_id(self) -> int | None:
        return self.user.id if self.user else None

    @property
    def users(self) -> Sequence[User]:
        """All whose permissions bound what is done: acting as another adds none."""
        return [user for user in (self.behind, self.user) if user]


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
    caller = Caller(token, _user_of(institution, token))
    return _masquerading(institution, caller, as_user) if as_user else caller


def living_token(tokens: TokenStore, institution: Institution, token_id: int) -> Token | None:
    """The token of a number, if links that were given to it are still good."""
    token = tokens.get(token_id)
    if token is None:
        return None
    try:
        token.require_alive(datetime.now(UTC))
        _user_of(institution, token)
    except AccessDenied:
        return None
    return token


def require_scope(caller: Caller, scope: str) -> None:
    """Let pass a token that may make the call.

    Raises:
        InsufficientScopes: its scopes leave it out.
    """
    if caller.token.scopes and scope not in caller.token.scopes:
        raise InsufficientScopes("Insufficient scopes on access token.")


def may_read_reports(institution: Institution, caller: Caller, account: Account) -> bool:
    """Whether the caller may start, see and stop the runs of an account."""
    return _reaches(institution, caller.token, account) and all(
        user_may(institution, user.id, READ_REPORTS, account) for user in caller.users
    )


def require_read_reports(institution: Institution, caller: Caller, account: Account) -> None:
    """Let pass who may.

    Raises:
        NotPermitted: the caller may not.
    """
    if not may_read_reports(institution, caller, account):
        raise _not_permitted()


def require_report(caller: Caller, report: str) -> None:
    """Let pass a token that may use the report type.

    Raises:
        NotPermitted: it may not.
    """
    if not caller.token.may_use(report):
        raise _not_permitted()


def require_file(institution: Institution, caller: Caller, file: ReportFile, report: str) -> None:
    """Let pass who may read a report file: as its account's reports, or as the user who ran it.

    Raises:
        NotPermitted: the caller may not (api.md, 8.1).
    """
    account = institution.accounts.accounts.get(file.account_id)
    is_own = all(user.id == file.user_id for user in caller.users) and bool(caller.users)
    may = (
        account is not None
        and caller.token.may_use(report)
        and _reaches(institution, caller.token, account)
        and (is_own or may_read_reports(institution, caller, account))
    )
    if not may:
        raise _not_permitted()


def _reaches(institution: Institution, token: Token, account: Account) -> bool:
    try:
        subtree = institution.accounts.find(token.account)
    except UnknownAccount:
        return False
    return is_within(institution, account, subtree)


def _not_permitted() -> NotPermitted:
    return NotPermitted("user not authorized to perform that action")


def _user_of(institution: Institution, token: Token) -> User | None:
    """The user a token stands for.

    Raises:
        InvalidToken: they are deleted, or all of their logins are deleted or suspended.
    """
    if token.user_id is None:
        return None
    user = institution.user(token.user_id)
    if user is None or not user.is_live or not institution.has_login(user.id):
        raise InvalidToken("Invalid access token.")
    return user


def _masquerading(institution: Institution, caller: Caller, as_user: str) -> Caller:
    user = caller.user if as_user == "self" else institution.find_user(as_user)
    if user is None or not user.is_live or not _may_be(institution, caller, user):
        raise InvalidMasquerade("Invalid as_user_id")
    return caller if user == caller.user else replace(caller, user=user, behind=caller.user)


def _may_be(institution: Institution, caller: Caller, user: User) -> bool:
    if user == caller.user:
        return True
    root = institution.accounts.default_root()
    if caller.user is None:
        # A service that reaches everything gains nothing by being somebody.
        return institution.accounts.find(caller.token.account).id == root.id
    return user_may(institution, caller.user.id, BECOME_USER, root)
