"""Runs that take over others' files, and runs that wait for their turn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_reuse_and_queue"
down_revision = "0003_run_totals"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Keep what there is; runs of before are never taken over."""
    op.add_column("runs", sa.Column("request_key", sa.String(64)))
    op.add_column("runs", sa.Column("seen", sa.JSON))
    op.add_column("runs", sa.Column("reused_from", sa.BigInteger))
    op.add_column("runs", sa.Column("joined_to", sa.BigInteger))
    op.add_column("runs", sa.Column("handed_over_at", sa.DateTime(timezone=True)))
    op.create_index("runs_by_request", "runs", ["request_key"])
    op.create_index("files_by_location", "files", ["location"])
