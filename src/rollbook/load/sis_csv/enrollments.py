"""enrollments.csv (data_sources.md, 3.2)."""

from __future__ import annotations

from rollbook.load.sis_csv.institution import BATCH, ROOT
from rollbook.load.sis_csv.rows import Draft

_COURSE_ROLES = (
    "'StudentEnrollment', 'TeacherEnrollment', 'TaEnrollment', 'DesignerEnrollment', "
    "'ObserverEnrollment'"
)


def load_enrollments(draft: Draft) -> None:
    """Add or change enrollments, with default sections where a row names only a course."""
    find_logins(draft)
    find_roles(draft)
    draft.execute(f"CREATE OR REPLACE TEMP TABLE found_enrollments AS {_FOUND}")
    _refuse(draft)
    _default_sections(draft)
    draft.execute(f"CREATE OR REPLACE TEMP TABLE placed_enrollments AS {_PLACED}")
    for _ in draft.turns("placed_enrollments", "key"):
        draft.execute(f"CREATE OR REPLACE TEMP TABLE others AS {_OTHERS}")
        draft.institution.upsert_keyed("enrollments", _ENROLLMENTS, origin="section/user/role")


def find_logins(draft: Draft) -> None:
    """Make `logins`, by SIS id, and `integrations`, by integration id: live ones first."""
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE logins AS "
        "SELECT sis_user_id, id, user_id, workflow_state FROM pseudonyms"
    )
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE integrations AS "
        "SELECT integration_id, id, user_id, workflow_state FROM pseudonyms "
        "WHERE integration_id IS NOT NULL QUALIFY row_number() OVER "
        "(PARTITION BY integration_id ORDER BY workflow_state = 'deleted', id) = 1"
    )


def find_roles(draft: Draft) -> None:
    """Make `role_words`: what files call the roles, custom names before Canvas's words."""
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE role_words AS "
        "SELECT name AS word, id, base_role_type FROM roles WHERE workflow_state <> 'built_in' "
        "UNION ALL SELECT lower(replace(name, 'Enrollment', '')), id, base_role_type FROM roles "
        "WHERE workflow_state = 'built_in'"
    )


# A role's own name first, then Canvas's words in any case; `student` also as a beginning.
_ROLE_OF_WORD = """
    (SELECT any_value(custom.id) FROM role_words custom WHERE custom.word = staged.role),
    (SELECT any_value(plain.id) FROM role_words plain WHERE plain.word = lower(
        CASE WHEN starts_with(lower(staged.role), 'student') THEN 'student'
             ELSE replace(staged.role, 'Enrollment', '') END))
"""

_ROLES = f"""
    SELECT staged.role, staged.role_id, by_id.id AS number, coalesce({_ROLE_OF_WORD}) AS named
    FROM (SELECT DISTINCT role, role_id FROM {{rows}}) AS staged
    LEFT JOIN roles by_id ON by_id.id = TRY_CAST(staged.role_id AS BIGINT)
"""
"""Each pair of role and role_id with the roles they mean; an unknown id gives way to the word."""


def roles_of(rows: str) -> str:
    """SQL that gives `role`, `role_id`, `number` (by id) and `named` (by word) of staged rows."""
    return _ROLES.format(rows=rows)


def refuse_roles(draft: Draft, rows: str, base_types: str, place: str) -> None:
    """Refuse rows whose role is unknown, ambiguous or of the other kind.

    Args:
        draft: what is worked on.
        rows: a relation with `role`, `role_id`, `number` and `named`.
        base_types: SQL list of the base types that are fit.
        place: where such a role would belong, in words.
    """
    draft.refuse(
        rows,
        "number IS NULL AND named IS NULL AND (role IS NOT NULL OR role_id IS NOT NULL)",
        "there is no role; add it to the custom roles if it is one:",
        naming="coalesce(role, role_id)",
    )
    draft.refuse(
        rows,
        "number <> named",
        "role_id and role mean different roles; set the ids of the built-in roles:",
        naming="role_id || ', ' || role",
    )
    draft.refuse(
        rows,
        f"coalesce(number, named) NOT IN (SELECT id FROM roles WHERE base_role_type IN ({base_types}))",
        f"this is no role for {place}:",
        naming="coalesce(role, role_id)",
    )


_FOUND = f"""
    SELECT staged.*, role.number, role.named, coalesce(role.number, role.named) AS role_number,
        kind.base_role_type AS type, section.id AS section, course.id AS course,
        section.course_id AS section_course, section.nonxlist_course_id AS original_course,
        CASE WHEN staged.user_integration_id IS NULL THEN login.id ELSE integration.id END AS login,
        CASE WHEN staged.user_integration_id IS NULL THEN login.user_id
             ELSE integration.user_id END AS person,
        CASE WHEN staged.user_integration_id IS NULL THEN login.workflow_state
             ELSE integration.workflow_state END AS login_state,
        CASE WHEN kind.base_role_type = 'ObserverEnrollment' THEN staged.associated_user_id END
            AS observed_id,
        observed.user_id AS observed, lender.user_id AS lender
    FROM in_enrollments staged
    LEFT JOIN ({roles_of("in_enrollments")}) role ON role.role IS NOT DISTINCT FROM staged.role
        AND role.role_id IS NOT DISTINCT FROM staged.role_id
    LEFT JOIN roles kind ON kind.id = coalesce(role.number, role.named)
    LEFT JOIN course_sections section ON section.sis_source_id = staged.section_id
    LEFT JOIN courses course ON course.sis_source_id = staged.course_id
    LEFT JOIN logins login ON login.sis_user_id = staged.user_id
    LEFT JOIN integrations integration ON integration.integration_id = staged.user_integration_id
    LEFT JOIN logins observed ON observed.sis_user_id = staged.associated_user_id
        AND kind.base_role_type = 'ObserverEnrollment'
    LEFT JOIN logins lender ON lender.sis_user_id = staged.temporary_enrollment_source_user_id
"""


def _refuse(draft: Draft) -> None:
    rows = "found_enrollments"
    draft.refuse_unknown(rows, "section_id", "section", "section")
    draft.refuse(
        rows,
        "section_id IS NULL AND course_id IS NOT NULL AND course IS NULL",
        "there is no course",
        naming="course_id",
    )
    draft.refuse(
        rows,
        "section IS NOT NULL AND course_id IS NOT NULL AND (course IS NULL OR "
        "(course <> section_course AND course IS DISTINCT FROM original_course))",
        "the section is not in the course",
        naming="course_id",
    )
    draft.refuse(
        rows,
        "coalesce(user_id, user_integration_id) IS NOT NULL AND person IS NULL",
        "there is no user",
        naming="coalesce(user_integration_id, user_id)",
    )
    draft.refuse_unknown(rows, "observed_id", "observed", "user")
    draft.refuse_unknown(rows, "temporary_enrollment_source_user_id", "lender", "user")
    refuse_roles(draft, rows, _COURSE_ROLES, "a course")
    draft.warn(
        rows,
        "coalesce(start_date, '') <> '' AND coalesce(end_date, '') = '' "
        "OR coalesce(start_date, '') = '' AND coalesce(end_date, '') <> ''",
        "an enrollment needs both dates or none, so its date is left out",
    )


def _default_sections(draft: Draft) -> None:
    """Create the default section of courses that have none (3.2: no SIS id, the course's name)."""
    draft.institution.upsert_keyed(
        "course_sections",
        "SELECT CAST(course.id AS VARCHAR) AS key, min(staged.seq) AS seq, "
        "course.id AS course_id, course.name, true AS default_section, "
        f"'active' AS workflow_state, {ROOT}::BIGINT AS root_account_id, "
        "false AS restrict_enrollments_to_section_dates "
        "FROM found_enrollments staged ANTI JOIN refused USING (file, line) "
        "JOIN courses course ON course.id = staged.course WHERE staged.section_id IS NULL "
        "AND course.id NOT IN (SELECT course_id FROM course_sections "
        "WHERE default_section AND workflow_state <> 'deleted') GROUP BY course.id, course.name",
        origin="default of course",
    )


_PLACED = """
    SELECT staged.* REPLACE (coalesce(staged.section, home.id) AS section,
            coalesce(staged.section_course, home.course_id) AS section_course),
        concat_ws('/', coalesce(staged.section, home.id), staged.person, staged.role_number,
            staged.observed) AS key
    FROM found_enrollments staged ANTI JOIN refused USING (file, line)
    LEFT JOIN (SELECT course_id, min(id) AS id FROM course_sections
        WHERE default_section AND workflow_state <> 'deleted' GROUP BY course_id) home
        ON home.course_id = staged.course AND staged.section_id IS NULL
"""

_OTHERS = """
    SELECT user_id, course_id FROM enrollments other WHERE workflow_state = 'active'
        AND NOT EXISTS (SELECT 1 FROM turn JOIN ids ON ids.key = turn.key
            AND ids.table_name = 'enrollments' WHERE ids.id = other.id)
    UNION
    SELECT person, section_course FROM turn WHERE state = 'active' AND login_state <> 'deleted'
"""
"""Who is active in which course, apart from the enrollments that the rows end."""

# `deleted_last_completed`: deleted while another active enrollment in the course is left.
_ENROLLMENTS = f"""
    SELECT turn.key, turn.seq, turn.person AS user_id, turn.section_course AS course_id,
        turn.section AS course_section_id, {ROOT}::BIGINT AS root_account_id, turn.type,
        turn.role_number AS role_id, turn.login AS sis_pseudonym_id,
        turn.observed AS associated_user_id, {BATCH}::BIGINT AS sis_batch_id, settled.state
            AS workflow_state,
        CASE WHEN settled.state = 'completed' THEN coalesce(
            CASE WHEN old.workflow_state = 'completed' THEN old.completed_at END, load_time()) END
            AS completed_at,
        CASE WHEN turn.start_date IS NULL THEN old.start_at
             WHEN moment(turn.end_date) IS NOT NULL THEN moment(turn.start_date) END AS start_at,
        CASE WHEN turn.end_date IS NULL THEN old.end_at
             WHEN moment(turn.start_date) IS NOT NULL THEN moment(turn.end_date) END AS end_at,
        coalesce(truth(turn.limit_section_privileges), old.limit_privileges_to_course_section,
            false) AS limit_privileges_to_course_section,
        coalesce(turn.lender, old.temporary_enrollment_source_user_id)
            AS temporary_enrollment_source_user_id
    FROM turn
    JOIN (SELECT row.seq, CASE
            WHEN row.state = 'active' AND row.login_state = 'deleted' THEN 'deleted'
            WHEN row.state <> 'deleted_last_completed' THEN row.state
            WHEN max(row.seq) FILTER (row.state = 'deleted_last_completed')
                OVER (PARTITION BY row.person, row.section_course) > row.seq THEN 'deleted'
            WHEN (row.person, row.section_course) IN (FROM others) THEN 'deleted'
            ELSE 'completed' END AS state
        FROM turn AS row) AS settled ON settled.seq = turn.seq
    LEFT JOIN ids ON ids.table_name = 'enrollments' AND ids.origin = 'section/user/role'
        AND ids.key = turn.key
    LEFT JOIN enrollments old ON old.id = ids.id
"""
