"""What a source lacks of Canvas's tables and other tables or settings say (data_sources.md, 2.3)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from rollbook.canvas.associations import DERIVED
from rollbook.engines.lake import SCHEMA
from rollbook.load.loading import Load

_ASSOCIATION_SOURCES = frozenset(
    {"accounts", "courses", "course_sections", "enrollments", "users", "pseudonyms"}
    | {"account_users"}
)
"""What association tables are derived from."""


def complete_tables(
    load: Load,
    *,
    given: Collection[str],
    account_settings: Mapping[str, Any],
    observers_from_enrollments: bool,
) -> None:
    """Add what the source lacks, once its tables are in the lake.

    Args:
        load: what is going on; tables that it wrote are those that changed.
        given: which of the tables that can be derived the source has itself.
        account_settings: the settings of root accounts, for a source that lacks the column.
        observers_from_enrollments: make `user_observers` of observer enrollments.
    """
    if account_settings and "accounts" in load.rows:
        _add_account_settings(load, account_settings)
    derived = [name for name in DERIVED if name not in given]
    if _ASSOCIATION_SOURCES & load.rows.keys() and load.present().keys() >= _ASSOCIATION_SOURCES:
        load.derive_associations(derived)
    if observers_from_enrollments and "user_observers" not in given:
        _derive_observers(load)


def _add_account_settings(load: Load, settings: Mapping[str, Any]) -> None:
    if "settings" in load.present()["accounts"].names:
        return
    accounts = f"lake.{SCHEMA}.accounts"
    load.connection.execute(
        "CREATE OR REPLACE TEMP TABLE with_settings AS SELECT *, "
        f"CASE WHEN parent_account_id IS NULL THEN ? END AS settings FROM {accounts}",
        [json.dumps(dict(settings))],
    )
    load.connection.execute(f"CREATE OR REPLACE TABLE {accounts} AS FROM with_settings")
    load.connection.execute("DROP TABLE with_settings")


def _derive_observers(load: Load) -> None:
    if "enrollments" not in load.present():
        return
    load.replace(
        "user_observers",
        "SELECT row_number() OVER (ORDER BY associated_user_id, user_id) AS id, "
        "associated_user_id AS user_id, user_id AS observer_id, "
        "CASE WHEN bool_or(workflow_state <> 'deleted') THEN 'active' ELSE 'deleted' END "
        "AS workflow_state, min(created_at) AS created_at, max(updated_at) AS updated_at "
        f"FROM lake.{SCHEMA}.enrollments WHERE type = 'ObserverEnrollment' "
        "AND associated_user_id IS NOT NULL GROUP BY associated_user_id, user_id",
    )
