"""Attempts that ended because their worker was told to end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_attempts_given_back"
down_revision = "0004_reuse_and_queue"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Keep what there is; until now every attempt counted as a death."""
    op.add_column("runs", sa.Column("given_back", sa.Integer, nullable=False, server_default="0"))
