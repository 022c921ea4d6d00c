"""courses.csv (data_sources.md, 3.2)."""

from __future__ import annotations

from rollbook.load.sis_csv.institution import BATCH, DEFAULT_TERM, ROOT
from rollbook.load.sis_csv.rows import Draft


def load_courses(draft: Draft) -> None:
    """Add or change courses and their ties to blueprint courses."""
    draft.find("courses", "courses", "course_id", needed=["short_name", "long_name"])
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE placed_courses AS SELECT found_courses.*, "
        "account.id AS account, term.id AS term FROM found_courses "
        "LEFT JOIN accounts account ON account.sis_source_id = found_courses.account_id "
        "LEFT JOIN enrollment_terms term ON term.sis_source_id = found_courses.term_id"
    )
    _refuse_unknown_blueprints(draft)
    _warn(draft)
    for _ in draft.turns("placed_courses", "course_id"):
        draft.institution.upsert_keyed("courses", _COURSES)
    _load_blueprints(draft)


_COURSES = f"""
    SELECT turn.course_id AS key, turn.seq, coalesce(turn.long_name, old.name) AS name,
        coalesce(turn.short_name, old.course_code) AS course_code,
        CASE WHEN turn.account_id IS NULL THEN coalesce(old.account_id, {ROOT})
             ELSE coalesce(turn.account, {ROOT}) END AS account_id,
        CASE WHEN turn.term_id IS NULL THEN coalesce(old.enrollment_term_id, {DEFAULT_TERM})
             ELSE coalesce(turn.term, {DEFAULT_TERM}) END AS enrollment_term_id,
        {ROOT}::BIGINT AS root_account_id, turn.course_id AS sis_source_id,
        {BATCH}::BIGINT AS sis_batch_id,
        coalesce(turn.integration_id, old.integration_id) AS integration_id,
        CASE WHEN turn.state = 'published' THEN 'available'
             WHEN turn.state <> 'active' THEN turn.state
             WHEN old.workflow_state = 'completed' THEN 'available'
             WHEN coalesce(old.workflow_state, 'deleted') = 'deleted' THEN 'claimed'
             ELSE old.workflow_state END AS workflow_state,
        CASE WHEN turn.state = 'deleted' THEN coalesce(old.deleted_at, load_time()) END
            AS deleted_at,
        CASE WHEN turn.start_date IS NULL THEN old.start_at ELSE moment(turn.start_date) END
            AS start_at,
        CASE WHEN turn.end_date IS NULL THEN old.conclude_at ELSE moment(turn.end_date) END
            AS conclude_at,
        CASE WHEN turn.start_date IS NULL AND turn.end_date IS NULL
             THEN coalesce(old.restrict_enrollments_to_course_dates, false)
             ELSE coalesce(
                CASE WHEN turn.start_date IS NULL THEN old.start_at
                     ELSE moment(turn.start_date) END,
                CASE WHEN turn.end_date IS NULL THEN old.conclude_at
                     ELSE moment(turn.end_date) END) IS NOT NULL
             END AS restrict_enrollments_to_course_dates,
        CASE WHEN turn.grade_passback_setting IS NULL THEN old.grade_passback_setting
             ELSE nullif(nullif(turn.grade_passback_setting, ''), 'not_set') END
            AS grade_passback_setting,
        coalesce(truth(turn.homeroom_course), old.homeroom_course, false) AS homeroom_course,
        with_setting(
            with_setting(old.settings, 'course_format', known_format(turn.course_format)),
            'friendly_name', turn.friendly_name) AS settings
    FROM turn LEFT JOIN courses old ON old.sis_source_id = turn.course_id
"""

COURSE_MACROS = (
    # NULL leaves a setting as it is, empty text takes it away.
    """CREATE TEMP MACRO with_setting(settings, name, value) AS
        CASE WHEN value IS NULL THEN settings
             ELSE CAST(json_merge_patch(coalesce(settings, '{}'),
                                        json_object(name, nullif(value, ''))) AS VARCHAR) END""",
    """CREATE TEMP MACRO known_format(word) AS
        CASE WHEN lower(word) IN ('on_campus', 'online', 'blended') THEN lower(word)
             WHEN lower(word) IN ('', 'not_set') THEN '' END""",
)


def _warn(draft: Draft) -> None:
    draft.warn(
        "placed_courses",
        "coalesce(account_id, '') <> '' AND account IS NULL",
        "the course's account is not there, so it goes to the root account",
    )
    draft.warn(
        "placed_courses",
        "coalesce(term_id, '') <> '' AND term IS NULL",
        "the course's term is not there, so it gets the default term",
    )
    draft.warn(
        "placed_courses",
        "course_format IS NOT NULL AND known_format(course_format) IS NULL",
        "course_format is none of on_campus, online, blended, and is left out",
    )


def _refuse_unknown_blueprints(draft: Draft) -> None:
    draft.refuse(
        "placed_courses",
        "blueprint_course_id <> 'dissociate' AND blueprint_course_id NOT IN "
        "(SELECT sis_source_id FROM courses WHERE sis_source_id IS NOT NULL "
        "UNION ALL SELECT course_id FROM in_courses ANTI JOIN refused USING (file, line) "
        "WHERE course_id IS NOT NULL)",
        "there is no blueprint course",
        naming="blueprint_course_id",
    )


def _load_blueprints(draft: Draft) -> None:
    """Subscribe courses to blueprint courses, or end that; the last row of a course decides."""
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE ties AS SELECT child.id AS child, blueprint.id AS blueprint, "
        "tie.seq FROM (SELECT course_id, arg_max(blueprint_course_id, seq) AS blueprint_course_id, "
        "max(seq) AS seq FROM placed_courses ANTI JOIN refused USING (file, line) "
        "WHERE blueprint_course_id IS NOT NULL GROUP BY course_id) AS tie "
        "JOIN courses child ON child.sis_source_id = tie.course_id "
        "LEFT JOIN courses blueprint ON blueprint.sis_source_id = tie.blueprint_course_id"
    )
    draft.execute(
        "UPDATE master_courses_child_subscriptions AS old SET workflow_state = 'deleted' "
        "FROM ties WHERE ties.child = old.child_course_id"
    )
    draft.institution.upsert_keyed(
        "master_courses_master_templates",
        "SELECT CAST(blueprint AS VARCHAR) AS key, min(seq) AS seq, blueprint AS course_id, "
        f"'active' AS workflow_state, true AS full_course, {ROOT}::BIGINT AS root_account_id "
        "FROM ties WHERE blueprint IS NOT NULL GROUP BY blueprint",
        origin="course",
    )
    draft.institution.upsert_keyed(
        "master_courses_child_subscriptions",
        "SELECT template.id || '/' || child AS key, seq, template.id AS master_template_id, "
        "child AS child_course_id, 'active' AS workflow_state, "
        f"{ROOT}::BIGINT AS root_account_id FROM ties "
        "JOIN master_courses_master_templates template ON template.course_id = ties.blueprint",
        origin="template and course",
    )
