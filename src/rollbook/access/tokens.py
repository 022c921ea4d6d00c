"""Access tokens: made, listed, revoked, recognised.

A token is shown once. What is kept of it is a SHA-256 digest, enough because the token is random
and long, and a hint by which people tell one from another.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from rollbook.access.scopes import check_scopes
from rollbook.canvas.accounts import read_account_tree
from rollbook.canvas.tables import Tables
from rollbook.config import Settings
from rollbook.errors import EmptyLake, ExpiredToken, InvalidToken, ResourceError, RevokedToken
from rollbook.state.database import Database, open_database
from rollbook.state.tables import tokens

PREFIX = "rollbook_"
"""By which people and scanners of leaked secrets recognise a token."""

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 43  # 256 bits
_HINT = 5
_BY_DIGEST = tokens.select().where(tokens.c.digest == sa.bindparam("digest"))
_USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Token:
    """What is known of a token."""

    id: int
    hint: str
    """How the token begins."""
    purpose: str
    account: str
    """The account, in any id form, whose subtree it reaches."""
    user_id: int | None
    """The Canvas user it acts as; None for a service."""
    scopes: Sequence[str]
    """The calls it may make, as `rollbook.access.scopes`; none named, all of them."""
    reports: Sequence[str]
    """The report types it may use; none named, all of them."""
    allow_includes: bool
    """Whether `include[]` counts though its scopes are limited (api.md, 3.1)."""
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def use_noted_until(self) -> datetime:
        """Until then the next use need not be noted."""
        return self.last_used_at + _USE_NOTED_EVERY if self.last_used_at else self.created_at

    def may_use(self, report: str) -> bool:
        """Whether it is not kept from a report type."""
        return not self.reports or report in self.reports

    def require_alive(self, now: datetime) -> None:
        """Let pass a token that still opens something.

        Raises:
            RevokedToken, ExpiredToken: it does not.
        """
        if self.revoked_at:
            raise RevokedToken("Revoked access token.")
        if self.expires_at and self.expires_at <= now:
            raise ExpiredToken("Expired access token.", self.expires_at)


@dataclass(frozen=True, kw_only=True)
class NewToken(Token):
    """A token just made: the only moment its text is known."""

    text: str = field(repr=False)


class TokenStore:
    """The tokens of an installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        *,
        account: str,
        user_id: int | None,
        purpose: str,
        expires_at: datetime | None,
        scopes: Sequence[str] = (),
        reports: Sequence[str] = (),
        allow_includes: bool = False,
    ) -> NewToken:
        text = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        values: dict[str, Any] = {
            "hint": text[: len(PREFIX) + _HINT],
            "purpose": purpose,
            "account": account,
            "user_id": user_id,
            "scopes": list(scopes),
            "reports": list(reports),
            "allow_includes": allow_includes,
            "created_at": datetime.now(UTC),
            "expires_at": expires_at,
            "last_used_at": None,
            "revoked_at": None,
        }
        with self._database.writing() as connection:
            result = connection.execute(tokens.insert().values(digest=_digest(text), **values))
        number: int = (result.inserted_primary_key or (0,))[0]
        return NewToken(id=number, text=text, **values)

    def all(self) -> list[Token]:
        """All tokens, revoked ones too, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(tokens.select().order_by(tokens.c.id)).mappings().all()
        return [_token(row) for row in rows]

    def revoke(self, token_id: int) -> bool:
        """End a token; tells whether there was one to end."""
        statement = tokens.update().where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
        with self._database.writing() as connection:
            result = connection.execute(statement.values(revoked_at=datetime.now(UTC)))
            return result.rowcount == 1

    def recognise(self, text: str) -> Token:
        """The token of a text.

        Raises:
            InvalidToken, RevokedToken, ExpiredToken: it does not open anything (any more).
        """
        digest = _digest(text)

        def read() -> Token:
            with self._database.reading() as connection:
                found = connection.execute(_BY_DIGEST, {"digest": digest})
                row = found.mappings().one_or_none()
            if row is None or not hmac.compare_digest(row["digest"], digest):
                raise InvalidToken("Invalid access token.")
            return _token(row)

        token = self._database.memory.get(("token", digest), read)
        now = datetime.now(UTC)
        token.require_alive(now)
        if now >= token.use_noted_until:
            self._note_use(token.id, now)
        return token

    def get(self, token_id: int) -> Token | None:
        """A token by its number, revoked ones too."""
        with self._database.reading() as connection:
            found = connection.execute(tokens.select().where(tokens.c.id == token_id))
            row = found.mappings().one_or_none()
        return None if row is None else _token(row)

    def _note_use(self, token_id: int, now: datetime) -> None:
        # A request that only reads is answered, though this cannot be kept.
        with suppress(ResourceError), self._database.writing() as connection:
            connection.execute(
                tokens.update().where(tokens.c.id == token_id).values(last_used_at=now)
            )


def create_token(
    settings: Settings,
    *,
    account: str = "self",
    user_id: int | None = None,
    purpose: str = "",
    expires_at: datetime | None = None,
    scopes: Sequence[str] = (),
    reports: Sequence[str] = (),
    allow_includes: bool = False,
) -> NewToken:
    """Make a token; its text is in the answer and nowhere else.

    Args:
        settings: the installation.
        account: the account whose subtree the token reaches, in any id form.
        user_id: the Canvas user it acts as, whose permissions bound it; None for a service.
        purpose: what it is for, for people.
        expires_at: when it ends, aware; None for never.
        scopes: the calls it may make, as `url:GET|/api/v1/accounts/:account_id/reports`; all
            calls if none is named.
        reports: the report types it may use; all if none is named.
        allow_includes: whether a token with scopes may use `include[]`.

    Raises:
        UnknownAccount: the loaded data have no such account.
        UnknownReport: there is no such report type.
        BadParameter: there is no such scope.
    """
    known_scopes = check_scopes(scopes)
    known_reports = [settings.reports.find(report).key for report in reports]
    # Every institution has one of its own, and data may come after tokens.
    if account != "self":
        with suppress(EmptyLake), closing(settings.tables.engine()) as engine:
            read_account_tree(Tables(engine), engine).find(account)
    with _store(settings) as store:
        return store.create(
            account=account,
            user_id=user_id,
            purpose=purpose,
            expires_at=expires_at,
            scopes=known_scopes,
            reports=known_reports,
            allow_includes=allow_includes,
        )


def list_tokens(settings: Settings) -> list[Token]:
    """All tokens, without their texts."""
    with _store(settings) as store:
        return store.all()


def revoke_token(settings: Settings, token_id: int) -> bool:
    """End a token at once; tells whether there was one to end."""
    with _store(settings) as store:
        return store.revoke(token_id)


@contextmanager
def _store(settings: Settings) -> Iterator[TokenStore]:
    database = open_database(settings)
    try:
        yield TokenStore(database)
    finally:
        database.close()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _token(row: sa.RowMapping) -> Token:
    return Token(**{name: value for name, value in row.items() if name != "digest"})
