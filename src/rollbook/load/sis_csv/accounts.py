"""accounts.csv and terms.csv (data_sources.md, 3.2)."""

from __future__ import annotations

from collections.abc import Mapping

from rollbook.load.sis_csv.institution import BATCH, ROOT
from rollbook.load.sis_csv.rows import Draft

_OVERRIDE_TYPES = "'StudentEnrollment', 'TeacherEnrollment', 'TaEnrollment', 'DesignerEnrollment'"


def load_accounts(draft: Draft) -> None:
    """Add or change accounts. A parent may come after its children, as exports write them."""
    draft.find("accounts", "accounts", "account_id", needed=["name"])
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE named_accounts AS SELECT found_accounts.*, "
        "parent.id AS parent FROM found_accounts "
        "LEFT JOIN accounts parent ON parent.sis_source_id = found_accounts.parent_account_id"
    )
    while _refuse_orphans(draft) or _refuse_loops(draft):
        pass
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE good_accounts AS "
        "SELECT * FROM named_accounts ANTI JOIN refused USING (file, line)"
    )
    draft.institution.identify(
        "accounts", "sis", "SELECT account_id AS key, seq FROM good_accounts"
    )
    for _ in draft.turns("good_accounts", "account_id"):
        draft.institution.upsert_keyed("accounts", _ACCOUNTS)


_ACCOUNTS = f"""
    SELECT turn.account_id AS key, turn.seq, coalesce(turn.name, old.name) AS name,
        turn.state AS workflow_state, coalesce(turn.parent, ids.id, {ROOT}) AS parent_account_id,
        {ROOT}::BIGINT AS root_account_id, turn.account_id AS sis_source_id,
        coalesce(turn.integration_id, old.integration_id) AS integration_id,
        {BATCH}::BIGINT AS sis_batch_id,
        CASE WHEN turn.state = 'deleted' THEN coalesce(old.deleted_at, load_time()) END
            AS deleted_at
    FROM turn LEFT JOIN accounts old ON old.sis_source_id = turn.account_id
    LEFT JOIN ids ON ids.table_name = 'accounts' AND ids.origin = 'sis'
        AND ids.key = turn.parent_account_id
"""


def _refuse_orphans(draft: Draft) -> int:
    return draft.refuse(
        "named_accounts",
        "parent_account_id IS NOT NULL AND parent IS NULL "
        "AND (file, line) NOT IN (SELECT (file, line) FROM refused) AND parent_account_id NOT IN "
        "(SELECT account_id FROM in_accounts ANTI JOIN refused USING (file, line) "
        "WHERE account_id IS NOT NULL)",
        "there is no account",
        naming="parent_account_id",
    )


def _refuse_loops(draft: Draft) -> int:
    """Refuse accounts that would be their own ancestor."""
    parents = dict(
        draft.institution.connection.execute(
            "SELECT child.sis_source_id, parent.sis_source_id FROM accounts child "
            "JOIN accounts parent ON parent.id = child.parent_account_id "
            "WHERE child.sis_source_id IS NOT NULL "
            "UNION ALL SELECT account_id, parent_account_id FROM (SELECT * FROM named_accounts "
            "ANTI JOIN refused USING (file, line) ORDER BY seq)"
        ).fetchall()
    )
    loops = [(account,) for account in parents if _is_in_loop(account, parents)]
    draft.execute("CREATE OR REPLACE TEMP TABLE loops (account_id VARCHAR)")
    if loops:
        draft.institution.connection.executemany("INSERT INTO loops VALUES (?)", loops)
    return draft.refuse(
        "named_accounts",
        "account_id IN (SELECT account_id FROM loops)",
        "the account would be below itself",
    )


def _is_in_loop(account: str, parents: Mapping[str, str | None]) -> bool:
    seen: set[str] = set()
    current = parents.get(account)
    while current is not None and current not in seen:
        if current == account:
            return True
        seen.add(current)
        current = parents.get(current)
    return False


def load_terms(draft: Draft) -> None:
    """Add or change terms, then the date overrides of terms for one type of enrollment."""
    draft.find("terms", "enrollment_terms", "term_id")
    is_override = "date_override_enrollment_type IS NOT NULL"
    draft.execute(
        f"CREATE OR REPLACE TEMP TABLE plain_terms AS SELECT *, bool_or(name IS NOT NULL) "
        "OVER (PARTITION BY term_id ORDER BY seq) AS has_name "
        f"FROM found_terms WHERE NOT ({is_override})"
    )
    draft.refuse("plain_terms", "old_id IS NULL AND NOT has_name", "name is missing")
    for _ in draft.turns("plain_terms", "term_id"):
        draft.institution.upsert_keyed("enrollment_terms", _TERMS)
    _load_overrides(draft, is_override)


_TERMS = f"""
    SELECT turn.term_id AS key, turn.seq, coalesce(turn.name, old.name) AS name,
        turn.state AS workflow_state, {ROOT}::BIGINT AS root_account_id,
        turn.term_id AS sis_source_id, {BATCH}::BIGINT AS sis_batch_id,
        coalesce(turn.integration_id, old.integration_id) AS integration_id,
        CASE WHEN turn.start_date IS NULL THEN old.start_at ELSE moment(turn.start_date) END
            AS start_at,
        CASE WHEN turn.end_date IS NULL THEN old.end_at ELSE moment(turn.end_date) END AS end_at
    FROM turn LEFT JOIN enrollment_terms old ON old.sis_source_id = turn.term_id
"""


def _load_overrides(draft: Draft, is_override: str) -> None:
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE overrides AS SELECT staged.*, term.id AS term FROM "
        f"in_terms staged LEFT JOIN enrollment_terms term ON term.sis_source_id = staged.term_id "
        f"WHERE {is_override}"
    )
    draft.refuse_unknown("overrides", "term_id", "term", "term")
    draft.refuse(
        "overrides",
        f"date_override_enrollment_type NOT IN ({_OVERRIDE_TYPES})",
        "unknown date_override_enrollment_type",
        naming="left(date_override_enrollment_type, 40)",
    )
    for _ in draft.turns("overrides", "term, date_override_enrollment_type"):
        draft.institution.upsert_keyed(
            "enrollment_dates_overrides", _OVERRIDES, origin="term and type"
        )
        draft.execute(
            "DELETE FROM enrollment_dates_overrides AS old USING turn "
            "WHERE turn.state = 'deleted' AND old.enrollment_term_id = turn.term "
            "AND old.enrollment_type = turn.date_override_enrollment_type"
        )


_OVERRIDES = f"""
    SELECT term || '/' || date_override_enrollment_type AS key, seq, term AS enrollment_term_id,
        date_override_enrollment_type AS enrollment_type, {ROOT}::BIGINT AS context_id,
        'Account' AS context_type, moment(start_date) AS start_at, moment(end_date) AS end_at
    FROM turn WHERE state = 'active'
"""
