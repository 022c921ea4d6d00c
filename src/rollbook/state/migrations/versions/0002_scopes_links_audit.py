"""Tokens bound to scopes and report types, links that expire, the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels: str | None = None
depends_on: str | None = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Keep what there is; files made before have no digest."""
    # No table is made anew, so SQLite goes on counting its ids.
    op.add_column("tokens", sa.Column("scopes", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("tokens", sa.Column("reports", sa.JSON, nullable=False, server_default="[]"))
    op.add_column(
        "tokens",
        sa.Column("allow_includes", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    # It signs the links to the file and is shown to nobody any more.
    op.execute("ALTER TABLE files RENAME COLUMN uuid TO link_key")
    op.add_column("files", sa.Column("rows", sa.BigInteger))
    op.add_column("files", sa.Column("sha256", sa.String(64)))
    op.add_column("files", sa.Column("deleted_at", _TIME))
    _create_audit()


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("at", _TIME, nullable=False),
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
        sqlite_autoincrement=True,
    )
    op.create_index("audit_by_time", "audit", ["at"])
    op.create_index("audit_of_run", "audit", ["run_id"])
