"""sections.csv and xlists.csv (data_sources.md, 3.2)."""

from __future__ import annotations

from rollbook.load.sis_csv.institution import BATCH, ROOT
from rollbook.load.sis_csv.rows import Draft

_LONG_AGO = "TIMESTAMP '1970-01-01'"


def load_sections(draft: Draft) -> None:
    """Add or change sections.

    A cross-listed section stays where it is when its row names the original course; any other
    course ends the cross-listing and takes the section.
    """
    draft.find("sections", "course_sections", "section_id", needed=["name"])
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE placed_sections AS SELECT found_sections.*, "
        "course.id AS course FROM found_sections "
        "LEFT JOIN courses course ON course.sis_source_id = found_sections.course_id"
    )
    draft.refuse_unknown("placed_sections", "course_id", "course", "course")
    for _ in draft.turns("placed_sections", "section_id"):
        draft.institution.upsert_keyed("course_sections", _SECTIONS)
    follow_sections(draft)


_SECTIONS = f"""
    SELECT turn.section_id AS key, turn.seq, coalesce(turn.name, old.name) AS name,
        CASE WHEN old.nonxlist_course_id = turn.course THEN old.course_id ELSE turn.course END
            AS course_id,
        CASE WHEN turn.course IN (old.course_id, old.nonxlist_course_id)
             THEN old.nonxlist_course_id END AS nonxlist_course_id,
        {ROOT}::BIGINT AS root_account_id, turn.section_id AS sis_source_id,
        {BATCH}::BIGINT AS sis_batch_id, turn.state AS workflow_state,
        coalesce(turn.integration_id, old.integration_id) AS integration_id,
        coalesce(old.default_section, false) AS default_section,
        CASE WHEN turn.start_date IS NULL THEN old.start_at ELSE moment(turn.start_date) END
            AS start_at,
        CASE WHEN turn.end_date IS NULL THEN old.end_at ELSE moment(turn.end_date) END AS end_at,
        CASE WHEN turn.start_date IS NULL AND turn.end_date IS NULL
             THEN coalesce(old.restrict_enrollments_to_section_dates, false)
             ELSE coalesce(
                CASE WHEN turn.start_date IS NULL THEN old.start_at
                     ELSE moment(turn.start_date) END,
                CASE WHEN turn.end_date IS NULL THEN old.end_at
                     ELSE moment(turn.end_date) END) IS NOT NULL
             END AS restrict_enrollments_to_section_dates
    FROM turn LEFT JOIN course_sections old ON old.sis_source_id = turn.section_id
"""


def load_xlists(draft: Draft) -> None:
    """Move sections to other courses, or back to their original ones."""
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE found_xlists AS SELECT staged.*, section.id AS section "
        "FROM in_xlists staged "
        "LEFT JOIN course_sections section ON section.sis_source_id = staged.section_id"
    )
    draft.refuse_unknown("found_xlists", "section_id", "section", "section")
    for _ in draft.turns("found_xlists", "section"):
        _create_courses(draft)
        if draft.institution.options.keep_exported_xlists:
            _mark_exported(draft)
        draft.institution.upsert("course_sections", _XLISTS)
    follow_sections(draft)


_XLISTS = """
    SELECT section.id,
        CASE WHEN turn.state = 'active' THEN course.id
             ELSE coalesce(section.nonxlist_course_id, section.course_id) END AS course_id,
        CASE WHEN turn.state = 'active' AND section.course_id = course.id
             THEN section.nonxlist_course_id
             WHEN turn.state = 'active' THEN coalesce(section.nonxlist_course_id, section.course_id)
             END AS nonxlist_course_id
    FROM turn JOIN course_sections section ON section.id = turn.section
    LEFT JOIN courses course ON course.sis_source_id = turn.xlist_course_id
"""


def _create_courses(draft: Draft) -> None:
    """Create cross-list courses that are not there, each from the section's course."""
    draft.institution.upsert_keyed(
        "courses",
        "SELECT turn.xlist_course_id AS key, turn.seq, model.name, model.course_code, "
        "model.account_id, model.enrollment_term_id, model.root_account_id, "
        f"turn.xlist_course_id AS sis_source_id, {BATCH}::BIGINT AS sis_batch_id, "
        "'claimed' AS workflow_state, model.id AS template_course_id, model.start_at, "
        "model.conclude_at, model.restrict_enrollments_to_course_dates "
        "FROM turn JOIN course_sections section ON section.id = turn.section "
        "JOIN courses model ON model.id = section.course_id "
        "WHERE turn.state = 'active' AND turn.xlist_course_id NOT IN "
        "(SELECT sis_source_id FROM courses WHERE sis_source_id IS NOT NULL) "
        "QUALIFY row_number() OVER (PARTITION BY turn.xlist_course_id ORDER BY turn.seq) = 1",
    )


def _mark_exported(draft: Draft) -> None:
    """Give exported cross-listed sections an original course that stands for the unknown one."""
    draft.institution.upsert_keyed(
        "courses",
        "SELECT 'unknown' AS key, 0 AS seq, 'Original course unknown' AS name, "
        "'Original course unknown' AS course_code, 'deleted' AS workflow_state, "
        f"{ROOT}::BIGINT AS account_id, {ROOT}::BIGINT AS root_account_id, "
        f"{_LONG_AGO} AS created_at, {_LONG_AGO} AS updated_at, {_LONG_AGO} AS deleted_at",
        origin="original course",
    )
    draft.institution.upsert(
        "course_sections",
        "SELECT section.id, ids.id AS nonxlist_course_id FROM turn "
        "JOIN course_sections section ON section.id = turn.section "
        "JOIN courses course ON course.id = section.course_id "
        "AND course.sis_source_id = turn.xlist_course_id "
        "JOIN ids ON ids.table_name = 'courses' AND ids.origin = 'original course' "
        "WHERE turn.state = 'active' AND section.nonxlist_course_id IS NULL",
    )


def follow_sections(draft: Draft) -> None:
    """Keep enrollments in the course of their section."""
    draft.execute(
        "UPDATE enrollments SET course_id = section.course_id FROM course_sections section "
        "WHERE section.id = enrollments.course_section_id "
        "AND section.course_id IS DISTINCT FROM enrollments.course_id"
    )
