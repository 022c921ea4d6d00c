"""admins.csv and user_observers.csv (data_sources.md, 3.2)."""

from __future__ import annotations

from rollbook.load.sis_csv.enrollments import find_roles, refuse_roles, roles_of
from rollbook.load.sis_csv.institution import BATCH, ROOT
from rollbook.load.sis_csv.rows import Draft


def load_admins(draft: Draft) -> None:
    """Give users roles in accounts, or take them away."""
    find_roles(draft)
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE found_admins AS SELECT staged.*, role.number, role.named, "
        "coalesce(role.number, role.named) AS role_number, "
        f"CASE WHEN staged.account_id IS NULL THEN {ROOT} ELSE account.id END AS account, "
        "login.user_id AS person FROM in_admins staged "
        f"LEFT JOIN ({roles_of('in_admins')}) role "
        "ON role.role IS NOT DISTINCT FROM staged.role "
        "AND role.role_id IS NOT DISTINCT FROM staged.role_id "
        "LEFT JOIN accounts account ON account.sis_source_id = staged.account_id "
        "LEFT JOIN pseudonyms login ON login.sis_user_id = staged.user_id"
    )
    draft.refuse_unknown("found_admins", "user_id", "person", "user")
    draft.refuse_unknown("found_admins", "account_id", "account", "account")
    refuse_roles(draft, "found_admins", "'AccountMembership'", "an account")
    for _ in draft.turns("found_admins", "account, person, role_number"):
        draft.institution.upsert_keyed(
            "account_users",
            "SELECT concat_ws('/', account, person, role_number) AS key, seq, "
            "account AS account_id, person AS user_id, role_number AS role_id, "
            f"state AS workflow_state, {BATCH}::BIGINT AS sis_batch_id, "
            f"{ROOT}::BIGINT AS root_account_id FROM turn",
            origin="account/user/role",
        )


def load_observers(draft: Draft) -> None:
    """Link observers to students; their enrollments are left to enrollments.csv."""
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE found_observers AS SELECT staged.*, "
        "observer.user_id AS observer, student.user_id AS student FROM in_user_observers staged "
        "LEFT JOIN pseudonyms observer ON observer.sis_user_id = staged.observer_id "
        "LEFT JOIN pseudonyms student ON student.sis_user_id = staged.student_id"
    )
    draft.refuse_unknown("found_observers", "observer_id", "observer", "user")
    draft.refuse_unknown("found_observers", "student_id", "student", "user")
    draft.refuse("found_observers", "observer = student", "a user cannot observe themself")
    for _ in draft.turns("found_observers", "observer, student"):
        draft.institution.upsert_keyed(
            "user_observers",
            "SELECT student || '/' || observer AS key, seq, student AS user_id, "
            "observer AS observer_id, state AS workflow_state, "
            f"{BATCH}::BIGINT AS sis_batch_id, {ROOT}::BIGINT AS root_account_id FROM turn",
            origin="student/observer",
        )
