"""Group categories, groups, memberships, and the same as differentiation tags (3.2)."""

from __future__ import annotations

from rollbook.load.sis_csv.institution import BATCH, ROOT
from rollbook.load.sis_csv.rows import Draft


def load_group_categories(
    draft: Draft, kind: str = "group_categories", *, tags: bool = False
) -> None:
    """Add or change group categories, or with `tags` sets of differentiation tags."""
    draft.find(kind, "group_categories", "group_category_id", needed=["category_name"])
    _place(draft, kind)
    for _ in draft.turns(f"placed_{kind}", "group_category_id"):
        draft.institution.upsert_keyed("group_categories", _CATEGORIES.format(tags=tags))


_CONTEXT = """CASE WHEN turn.course IS NOT NULL THEN 'Course'
             WHEN turn.account IS NOT NULL THEN 'Account' END"""

_CATEGORIES = f"""
    SELECT turn.group_category_id AS key, turn.seq,
        coalesce(turn.category_name, old.name) AS name,
        turn.group_category_id AS sis_source_id, {BATCH}::BIGINT AS sis_batch_id,
        {ROOT}::BIGINT AS root_account_id,
        coalesce({_CONTEXT}, old.context_type, 'Account') AS context_type,
        coalesce(turn.course, turn.account, old.context_id, {ROOT}) AS context_id,
        CASE WHEN turn.state = 'deleted' THEN coalesce(old.deleted_at, load_time()) END
            AS deleted_at,
        {{tags}} AS non_collaborative
    FROM turn LEFT JOIN group_categories old ON old.sis_source_id = turn.group_category_id
"""


def _place(draft: Draft, kind: str) -> None:
    """Find the account or course that rows name."""
    draft.execute(
        f"CREATE OR REPLACE TEMP TABLE placed_{kind} AS SELECT found.*, "
        f"account.id AS account, course.id AS course FROM found_{kind} found "
        "LEFT JOIN accounts account ON account.sis_source_id = found.account_id "
        "LEFT JOIN courses course ON course.sis_source_id = found.course_id"
    )
    draft.refuse_unknown(f"placed_{kind}", "account_id", "account", "account")
    draft.refuse_unknown(f"placed_{kind}", "course_id", "course", "course")
    draft.refuse(
        f"placed_{kind}",
        "account_id IS NOT NULL AND course_id IS NOT NULL",
        "account_id and course_id are both given; only one can be",
    )


def load_groups(draft: Draft, kind: str = "groups", *, tags: bool = False) -> None:
    """Add or change groups; one that names no account or course lies where its category does."""
    draft.find(kind, "groups", "group_id", needed=["name"])
    _place(draft, kind)
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE sorted_groups AS SELECT placed.*, category.id AS category, "
        "category.context_type AS category_type, category.context_id AS category_place "
        f"FROM placed_{kind} placed LEFT JOIN group_categories category "
        "ON category.sis_source_id = placed.group_category_id"
    )
    draft.refuse_unknown("sorted_groups", "group_category_id", "category", "group category")
    for _ in draft.turns("sorted_groups", "group_id"):
        draft.institution.upsert_keyed("groups", _GROUPS.format(tags=tags))


_GROUPS = f"""
    SELECT placed.* EXCLUDE (course_account),
        CASE WHEN context_type = 'Course' THEN course_account ELSE context_id END AS account_id
    FROM (
        SELECT turn.group_id AS key, turn.seq, coalesce(turn.name, old.name) AS name,
            turn.group_id AS sis_source_id, {BATCH}::BIGINT AS sis_batch_id,
            {ROOT}::BIGINT AS root_account_id, turn.state AS workflow_state,
            coalesce(turn.category, old.group_category_id) AS group_category_id,
            coalesce({_CONTEXT}, old.context_type, turn.category_type, 'Account') AS context_type,
            coalesce(turn.course, turn.account, old.context_id, turn.category_place, {ROOT})
                AS context_id,
            CASE WHEN turn.state = 'deleted' THEN coalesce(old.deleted_at, load_time()) END
                AS deleted_at,
            {{tags}} AS non_collaborative, home.account_id AS course_account
        FROM turn LEFT JOIN groups old ON old.sis_source_id = turn.group_id
        LEFT JOIN courses home ON home.id =
            coalesce(turn.course, turn.account, old.context_id, turn.category_place)
    ) AS placed
"""


def load_memberships(draft: Draft, kind: str = "groups_membership") -> None:
    """Put users into groups, or take them out."""
    draft.execute(
        f"CREATE OR REPLACE TEMP TABLE found_{kind} AS SELECT staged.*, team.id AS team, "
        f"login.user_id AS person FROM in_{kind} staged "
        "LEFT JOIN groups team ON team.sis_source_id = staged.group_id "
        "LEFT JOIN pseudonyms login ON login.sis_user_id = staged.user_id"
    )
    draft.refuse_unknown(f"found_{kind}", "group_id", "team", "group")
    draft.refuse_unknown(f"found_{kind}", "user_id", "person", "user")
    for _ in draft.turns(f"found_{kind}", "team, person"):
        draft.institution.upsert_keyed(
            "group_memberships",
            "SELECT team || '/' || person AS key, seq, team AS group_id, person AS user_id, "
            f"state AS workflow_state, {BATCH}::BIGINT AS sis_batch_id, "
            f"false AS moderator, {ROOT}::BIGINT AS root_account_id FROM turn",
            origin="group/user",
        )


def load_tag_sets(draft: Draft) -> None:
    """Add or change sets of differentiation tags."""
    load_group_categories(draft, "differentiation_tag_sets", tags=True)


def load_tags(draft: Draft) -> None:
    """Add or change differentiation tags."""
    load_groups(draft, "differentiation_tags", tags=True)


def load_tag_memberships(draft: Draft) -> None:
    """Give users differentiation tags, or take them away."""
    load_memberships(draft, "differentiation_tag_membership")
