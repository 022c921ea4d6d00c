"""The tables of Rollbook's own state, the same on SQLite and Postgres."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Dialect


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware moment; SQLite, which knows no zones, holds it in UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite counts up only what it calls INTEGER.
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

metadata = sa.MetaData()

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("account_id", sa.BigInteger, nullable=False),
    sa.Column("report", sa.String(255), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("requested", sa.JSON, nullable=False),
    sa.Column("parameters", sa.JSON, nullable=False),
    sa.Column("progress", sa.Integer, nullable=False),
    sa.Column("current_line", sa.BigInteger),
    sa.Column("message", sa.Text),
    sa.Column("user_id", sa.BigInteger),
    sa.Column("token_id", sa.BigInteger),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("given_back", sa.Integer, nullable=False, server_default="0"),
    sa.Column("snapshot", sa.String(255)),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("started_at", UtcDateTime),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("request_key", sa.String(64)),
    sa.Column("seen", sa.JSON(none_as_null=True)),
    sa.Column("reused_from", sa.BigInteger),
    sa.Column("joined_to", sa.BigInteger),
    sa.Column("handed_over_at", UtcDateTime),
    sa.Index("runs_by_request", "request_key"),
    sa.Index("runs_of_account", "account_id", "report", "created_at"),
    sa.Index("runs_by_status", "status"),
    sqlite_autoincrement=True,
)

files = sa.Table(
    "files",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.BigInteger, sa.ForeignKey("runs.id"), nullable=False, unique=True),
    sa.Column("account_id", sa.BigInteger, nullable=False),
    sa.Column("user_id", sa.BigInteger),
    sa.Column("link_key", sa.String(64), nullable=False),
    sa.Column("filename", sa.String(255), nullable=False),
    sa.Column("content_type", sa.String(255), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("location", sa.String(255), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("rows", sa.BigInteger),
    sa.Column("sha256", sa.String(64)),
    sa.Column("deleted_at", UtcDateTime),
    sa.Index("files_by_location", "location"),
    sqlite_autoincrement=True,
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("hint", sa.String(32), nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("account", sa.String(255), nullable=False),
    sa.Column("user_id", sa.BigInteger),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("last_used_at", UtcDateTime),
    sa.Column("revoked_at", UtcDateTime),
    sa.Column("scopes", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("reports", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("allow_includes", sa.Boolean, nullable=False, server_default=sa.false()),
    sqlite_autoincrement=True,
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("event", sa.String(16), nullable=False),
    sa.Column("token_id", sa.BigInteger),
    sa.Column("user_id", sa.BigInteger),
    sa.Column("as_user_id", sa.BigInteger),
    sa.Column("address", sa.String(64)),
    sa.Column("account_id", sa.BigInteger, nullable=False),
    sa.Column("report", sa.String(255), nullable=False),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("file_id", sa.BigInteger),
    sa.Column("parameters", sa.JSON, nullable=False),
    sa.Column("rows", sa.BigInteger),
    sa.Column("bytes", sa.BigInteger),
    sa.Column("sha256", sa.String(64)),
    sa.Index("audit_by_time", "at"),
    sa.Index("audit_of_run", "run_id"),
    sqlite_autoincrement=True,
)

run_totals = sa.Table(
    "run_totals",
    metadata,
    sa.Column("report", sa.String(255), primary_key=True),
    sa.Column("outcome", sa.String(64), primary_key=True),
    sa.Column("within_seconds", sa.Float, primary_key=True),
    sa.Column("runs", sa.BigInteger, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
)
