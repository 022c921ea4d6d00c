"""Totals of runs that ended, for monitors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_run_totals"
down_revision = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Begin to count; runs that ended before are not counted."""
    op.create_table(
        "run_totals",
        sa.Column("report", sa.String(255), primary_key=True),
        sa.Column("outcome", sa.String(64), primary_key=True),
        sa.Column("within_seconds", sa.Float, primary_key=True),
        sa.Column("runs", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
    )
