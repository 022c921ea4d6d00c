"""What no SIS file holds: the root account, roles, the default term (data_sources.md, 3.3)."""

from __future__ import annotations

from rollbook.errors import ConfigurationError
from rollbook.load.sis_csv.courses import COURSE_MACROS
from rollbook.load.sis_csv.institution import BATCH, DEFAULT_TERM, ROOT, Institution

_MACROS = (
    # Times: ISO 8601, also with a blank and without seconds; no zone is UTC; a bad one is NULL.
    r"""CREATE TEMP MACRO moment(t) AS
        CASE WHEN regexp_matches(t, '^\d{4}-\d{1,2}-\d{1,2}([T ]|$)') THEN
            make_timestamp(epoch_us(TRY_CAST(
                regexp_replace(t, '^(\S+[T ]\d{1,2}:\d{2})([^:\d]|$)', '\1:00\2') AS TIMESTAMPTZ)))
        END""",
    # Canvas's boolean words (sis_and_provisioning.md, 1); others are NULL.
    """CREATE TEMP MACRO truth(t) AS
        CASE WHEN lower(t) IN ('yes', 'y', 'true', 't', 'on', '1') THEN true
             WHEN lower(t) IN ('no', 'n', 'false', 'f', 'off', '0') THEN false END""",
    # "last word, other words"; a suffix word stays behind (sis_and_provisioning.md, 3.7).
    r"""CREATE TEMP MACRO is_suffix(w) AS regexp_matches(
        w, '(?i)^((sr|snr|jr|jnr|esq)\.?|senior|junior|ii|iii|iv|v|vi|esquire)$')""",
    """CREATE TEMP MACRO without_last(w) AS list_slice(w, 1, len(w) - 1)""",
    """CREATE TEMP MACRO words_surname_first(w) AS
        CASE WHEN len(w) > 2 AND is_suffix(w[-1]) THEN
                 w[-2] || ', ' || array_to_string(list_slice(w, 1, len(w) - 2), ' ') || ' ' || w[-1]
             WHEN len(w) > 1 AND NOT is_suffix(w[-1]) THEN
                 w[-1] || ', ' || array_to_string(without_last(w), ' ')
             ELSE array_to_string(w, ' ') END""",
    r"""CREATE TEMP MACRO surname_first(t) AS
        CASE WHEN contains(t, ',') THEN t
             ELSE words_surname_first(regexp_split_to_array(t, '\s+')) END""",
)


def lay_foundation(institution: Institution) -> None:
    """Add or update the objects that come from configuration, and define SQL macros."""
    moment = institution.options.moment.isoformat(sep=" ")
    institution.execute(f"CREATE TEMP MACRO load_time() AS TIMESTAMP '{moment}'")
    for macro in (*_MACROS, *COURSE_MACROS):
        institution.execute(macro)
    _root_account(institution)
    _default_term(institution)
    _roles(institution)
    if not institution.number("SELECT count(*) FROM sis_batches"):
        institution.execute(
            "INSERT INTO sis_batches BY NAME SELECT ? AS id, ? AS account_id, "
            "'imported' AS workflow_state",
            [BATCH, ROOT],
        )


def _root_account(institution: Institution) -> None:
    options = institution.options
    institution.execute(
        "CREATE OR REPLACE TEMP TABLE root AS SELECT CAST(? AS BIGINT) AS id, ? AS name, "
        "? AS default_time_zone, 'active' AS workflow_state",
        [ROOT, options.root_account_name, options.default_time_zone],
    )
    institution.upsert("accounts", "SELECT * FROM root")


def _default_term(institution: Institution) -> None:
    if not institution.number("SELECT count(*) FROM enrollment_terms WHERE id = ?", [DEFAULT_TERM]):
        institution.execute(
            "INSERT INTO enrollment_terms BY NAME SELECT ? AS id, ? AS root_account_id, "
            "'Default Term' AS name, 'active' AS workflow_state",
            [DEFAULT_TERM, ROOT],
        )


def _roles(institution: Institution) -> None:
    """Built-in roles with their ids, custom ones with the configured or an invented id."""
    options = institution.options
    roles: list[tuple[str, str, str, int | None]] = [
        (name, "AccountMembership" if name == "AccountAdmin" else name, "built_in", number)
        for name, number in options.built_in_role_ids.items()
    ]
    roles += [(role.name, role.base_role_type, "active", role.id) for role in options.custom_roles]
    institution.execute(
        "CREATE OR REPLACE TEMP TABLE given_roles "
        "(name VARCHAR, base_role_type VARCHAR, workflow_state VARCHAR, id BIGINT)"
    )
    institution.connection.executemany("INSERT INTO given_roles VALUES (?, ?, ?, ?)", roles)
    institution.identify(
        "roles",
        "name",
        "SELECT name AS key, row_number() OVER () AS seq FROM given_roles WHERE id IS NULL",
    )
    _refuse_other_ids(institution)
    # A role that is configured no longer stays: enrollments name it.
    institution.upsert("roles", _ROLES)


_ROLES = f"""
    SELECT coalesce(given.id, ids.id) AS id, given.name, given.base_role_type,
        given.workflow_state, {ROOT}::BIGINT AS account_id, {ROOT}::BIGINT AS root_account_id
    FROM given_roles given
    LEFT JOIN ids ON ids.table_name = 'roles' AND ids.origin = 'name' AND ids.key = given.name
"""


def _refuse_other_ids(institution: Institution) -> None:
    clash = institution.connection.execute(
        f"SELECT new.name, old.id, new.id FROM ({_ROLES}) new JOIN roles old "
        "ON (old.name = new.name) <> (old.id = new.id)"
    ).fetchone()
    if clash:
        raise ConfigurationError(
            f"The role {clash[0]!r} would get the id {clash[2]}, but an earlier load has the role, "
            f"or that id, otherwise (id {clash[1]}). Keep the ids of roles as they were, or load "
            "into a new lake."
        )
