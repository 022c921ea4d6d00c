"""users.csv and logins.csv: persons, their logins and addresses (data_sources.md, 3.2)."""

from __future__ import annotations

from rollbook.load.sis_csv.institution import BATCH, ROOT
from rollbook.load.sis_csv.rows import Draft

_USER_TYPES = "'administrative', 'observer', 'staff', 'student', 'student_other', 'teacher'"


def load_users(draft: Draft) -> None:
    """Add or change persons; each row is a login, found by its user_id."""
    _find_logins(draft, "users")
    while _refuse_taken(draft, "users"):
        pass
    _load_logins(draft, "found_users", "users")


def load_logins(draft: Draft) -> None:
    """Add logins to persons, also to persons that an earlier row of the files names."""
    _find_logins(draft, "logins")
    while _load_reachable_logins(draft):
        pass
    draft.refuse(
        "found_logins",
        "person IS NULL AND user_id IS NOT NULL",
        "there is no user such as existing_user_id, existing_integration_id or "
        "existing_canvas_user_id name",
    )


def _load_reachable_logins(draft: Draft) -> bool:
    """Load the logins whose person is there by now; whether there were any."""
    draft.execute(f"CREATE OR REPLACE TEMP TABLE owners AS {_OWNERS}")
    draft.execute(
        "UPDATE found_logins SET person = owners.person, is_next = true FROM owners "
        "WHERE owners.seq = found_logins.seq AND found_logins.person IS NULL"
    )
    draft.refuse(
        "found_logins",
        "is_next AND user_id IN (SELECT sis_user_id FROM pseudonyms old "
        "WHERE old.user_id <> found_logins.person)",
        "the user_id is that of another person",
    )
    while _refuse_taken(draft, "logins"):
        pass
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE next_logins AS SELECT * FROM found_logins WHERE is_next"
    )
    draft.execute("UPDATE found_logins SET is_next = false")
    _load_logins(draft, "next_logins", "logins")
    return draft.institution.number("SELECT count(*) FROM next_logins") > 0


_OWNERS = """
    SELECT staged.seq, any_value(coalesce(named.user_id, known.user_id, person.id)) AS person
    FROM in_logins staged
    LEFT JOIN pseudonyms named ON named.sis_user_id = staged.existing_user_id
    LEFT JOIN pseudonyms known ON known.integration_id = staged.existing_integration_id
        AND known.workflow_state <> 'deleted'
    LEFT JOIN users person ON person.id = TRY_CAST(staged.existing_canvas_user_id AS BIGINT)
    WHERE coalesce(named.user_id, known.user_id, person.id) IS NOT NULL
    GROUP BY staged.seq
"""


def _find_logins(draft: Draft, kind: str) -> None:
    person, state = "CAST(NULL AS BIGINT)", "'active'"
    if kind == "users":
        # Only the bare words mean something; what is longer means active.
        person = "old.user_id"
        state = "CASE WHEN lower(status) IN ('suspended', 'deleted') THEN lower(status) ELSE 'active' END"
    draft.execute(
        f"CREATE OR REPLACE TEMP TABLE found_{kind} AS "
        f"SELECT staged.* REPLACE ({state} AS state), old.id AS old_id, "
        f"{person} AS person, false AS is_next FROM in_{kind} staged "
        "LEFT JOIN pseudonyms old ON old.sis_user_id = staged.user_id"
    )
    draft.warn(
        f"found_{kind}",
        f"declared_user_type <> '' AND lower(declared_user_type) NOT IN ({_USER_TYPES})",
        "declared_user_type is no type of user, and is left out",
    )


def _refuse_taken(draft: Draft, kind: str) -> int:
    """Refuse rows whose login_id or integration_id would belong to two live logins.

    Who had it before keeps it, else the first row does.
    """
    draft.execute(f"CREATE OR REPLACE TEMP TABLE wanted AS {_WANTED.format(kind=kind)}")
    return _refuse_second(draft, "unique_id", "login_id") + _refuse_second(
        draft, "integration_id", "integration_id"
    )


_WANTED = """
    SELECT user_id AS sis_user_id, max(seq) AS seq, arg_max(file, seq) AS file,
        arg_max(line, seq) AS line, lower(arg_max(login_id, seq)) AS unique_id,
        arg_max(integration_id, seq) AS integration_id, arg_max(state, seq) AS state
    FROM found_{kind} ANTI JOIN refused USING (file, line)
    WHERE '{kind}' = 'users' OR is_next GROUP BY user_id
"""


def _refuse_second(draft: Draft, column: str, cell: str) -> int:
    # Logins as they would be after the load: `file` and `line` where a row says so.
    old_value = "lower(old.unique_id)" if column == "unique_id" else "old.integration_id"
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE claims AS "
        f"SELECT coalesce(wanted.sis_user_id, old.sis_user_id) AS owner, wanted.file, wanted.line, "
        f"coalesce(wanted.{column}, {old_value}) AS value, wanted.seq, "
        f"coalesce(wanted.{column}, {old_value}) IS NOT DISTINCT FROM {old_value} "
        "AND old.workflow_state <> 'deleted' AS was_first "
        "FROM pseudonyms old FULL JOIN wanted ON wanted.sis_user_id = old.sis_user_id "
        "WHERE coalesce(wanted.state, old.workflow_state) <> 'deleted'"
    )
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE taken AS SELECT file, line FROM claims "
        "WHERE value IS NOT NULL QUALIFY row_number() OVER "
        "(PARTITION BY value ORDER BY coalesce(was_first, false) DESC, seq) > 1"
    )
    return draft.refuse("taken", "file IS NOT NULL", f"the {cell} belongs to another user already")


def _load_logins(draft: Draft, rows: str, kind: str) -> None:
    _providers(draft, rows)
    for _ in draft.turns(rows, "user_id"):
        if kind == "users":
            draft.institution.identify(
                "users", "sis", "SELECT user_id AS key, seq FROM turn WHERE person IS NULL"
            )
            draft.execute(
                "UPDATE turn SET person = ids.id FROM ids WHERE turn.person IS NULL "
                "AND ids.table_name = 'users' AND ids.origin = 'sis' AND ids.key = turn.user_id"
            )
            draft.institution.upsert("users", _USERS)
        draft.institution.upsert_keyed("pseudonyms", _PSEUDONYMS)
        _addresses(draft)
        _let_go(draft)


_USERS = f"""
    SELECT person AS id, named.name,
        coalesce(turn.sortable_name, surname_first(turn.full_name),
            nullif(concat_ws(', ', turn.last_name, turn.first_name), ''), old.sortable_name,
            surname_first(named.name)) AS sortable_name,
        coalesce(turn.short_name, named.name) AS short_name,
        CASE WHEN turn.pronouns IS NULL THEN old.pronouns ELSE nullif(turn.pronouns, '') END
            AS pronouns,
        coalesce(old.workflow_state, CASE WHEN truth(turn.canvas_password_notification)
            THEN 'pre_registered' ELSE 'registered' END) AS workflow_state,
        [{ROOT}::BIGINT] AS root_account_ids
    FROM turn LEFT JOIN users old ON old.id = turn.person
    JOIN (SELECT given.seq, coalesce(given.full_name,
            nullif(concat_ws(' ', given.first_name, given.last_name), ''), earlier.name,
            given.sortable_name, given.short_name, given.login_id) AS name
        FROM turn given LEFT JOIN users earlier ON earlier.id = given.person) AS named
    ON named.seq = turn.seq
"""

_PSEUDONYMS = f"""
    SELECT turn.user_id AS key, turn.seq, turn.person AS user_id, {ROOT}::BIGINT AS account_id,
        turn.state AS workflow_state, turn.login_id AS unique_id, turn.user_id AS sis_user_id,
        coalesce(turn.integration_id, old.integration_id) AS integration_id,
        {BATCH}::BIGINT AS sis_batch_id,
        CASE WHEN turn.authentication_provider_id IS NULL THEN old.authentication_provider_id
             ELSE coalesce(TRY_CAST(turn.authentication_provider_id AS BIGINT), provider.id) END
            AS authentication_provider_id,
        CASE WHEN lower(turn.declared_user_type) IN ({_USER_TYPES})
             THEN lower(turn.declared_user_type)
             WHEN turn.declared_user_type = '' THEN NULL
             ELSE old.declared_user_type END AS declared_user_type,
        CASE WHEN turn.state = 'deleted' THEN coalesce(old.deleted_at, load_time()) END
            AS deleted_at
    FROM turn LEFT JOIN pseudonyms old ON old.sis_user_id = turn.user_id
    LEFT JOIN authentication_providers provider
        ON provider.auth_type = lower(turn.authentication_provider_id)
"""


def _providers(draft: Draft, rows: str) -> None:
    """Add a provider for each word that a file calls one by: no SIS file describes them."""
    draft.institution.upsert_keyed(
        "authentication_providers",
        "SELECT lower(authentication_provider_id) AS key, min(seq) AS seq, "
        "lower(authentication_provider_id) AS auth_type, 'active' AS workflow_state, "
        f"{ROOT}::BIGINT AS account_id FROM {rows} ANTI JOIN refused USING (file, line) "
        "WHERE authentication_provider_id <> '' "
        "AND TRY_CAST(authentication_provider_id AS BIGINT) IS NULL GROUP BY key, auth_type",
        origin="type",
    )


def _addresses(draft: Draft) -> None:
    """Give each login its address: one channel for each person and address."""
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE mail AS SELECT login.id AS login, turn.person, turn.email, "
        "turn.seq, first_value(login.id) OVER "
        "(PARTITION BY turn.person, lower(turn.email) ORDER BY turn.seq) AS owner "
        "FROM turn JOIN pseudonyms login ON login.sis_user_id = turn.user_id "
        "WHERE turn.email IS NOT NULL"
    )
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE addressed AS SELECT mail.*, same.id AS channel FROM mail "
        "LEFT JOIN (SELECT user_id, lower(path) AS path, min(id) AS id "
        "FROM communication_channels GROUP BY ALL) AS same "
        "ON same.user_id = mail.person AND same.path = lower(mail.email)"
    )
    draft.institution.identify(
        "communication_channels",
        "login",
        "SELECT CAST(owner AS VARCHAR) AS key, seq FROM addressed WHERE channel IS NULL",
    )
    draft.execute(
        "UPDATE addressed SET channel = ids.id FROM ids WHERE addressed.channel IS NULL "
        "AND ids.table_name = 'communication_channels' AND ids.key = CAST(owner AS VARCHAR)"
    )
    draft.institution.upsert("communication_channels", _CHANNELS)
    draft.execute(
        "UPDATE pseudonyms SET communication_channel_id = channel, "
        "sis_communication_channel_id = channel FROM addressed WHERE pseudonyms.id = login"
    )
    _retire_addresses(draft)


_CHANNELS = """
    SELECT channel AS id, person AS user_id, min(owner) AS pseudonym_id,
        arg_max(email, seq) AS path, 'email' AS path_type, 1 AS position,
        'active' AS workflow_state
    FROM addressed GROUP BY channel, person
"""


def _retire_addresses(draft: Draft) -> None:
    """An address is active as long as a live login uses it."""
    draft.execute(
        "UPDATE communication_channels AS channel SET workflow_state = "
        "CASE WHEN channel.id IN (SELECT sis_communication_channel_id FROM pseudonyms "
        "WHERE workflow_state <> 'deleted' AND sis_communication_channel_id IS NOT NULL) "
        "THEN 'active' ELSE 'retired' END "
        "WHERE channel.user_id IN (SELECT person FROM turn)"
    )


def _let_go(draft: Draft) -> None:
    """Who has lost the last login loses enrollments, memberships and admin roles."""
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE gone AS SELECT person FROM turn WHERE state = 'deleted' "
        "AND person NOT IN (SELECT user_id FROM pseudonyms WHERE workflow_state <> 'deleted')"
    )
    for table in ("enrollments", "group_memberships", "account_users"):
        draft.execute(
            f"UPDATE {table} SET workflow_state = 'deleted' "
            "WHERE user_id IN (SELECT person FROM gone)"
        )
