-- Courses 1 to n_courses(). State and oddities go by the id, term and size by chance.

-- stage: term_slots
-- A hundred slots: 24 for the current term, 8 for the two future ones, 8 for terms without dates,
-- 2 for terms long past, the others for past terms.
WITH placed AS (
    SELECT range AS slot, CASE
        WHEN range < 24 THEN 20
        WHEN range < 30 THEN 21
        WHEN range < 32 THEN 22
        WHEN range < 38 THEN 1
        WHEN range < 40 THEN 3
        WHEN range < 41 THEN 2
        WHEN range < 42 THEN 4
        ELSE 19 - (range - 42) % n_past_terms()
    END AS term_id
    FROM range(100)
)
SELECT
    slot,
    term_id,
    kind AS term_kind,
    start_at AS term_start,
    end_at AS term_end,
    sis_id AS term_sis_id
FROM placed JOIN term_rows ON term_rows.id = term_id

-- stage: course_rows
WITH drawn AS (
    SELECT
        id,
        id % 23 <> 19 AS is_usual_home,
        CASE
            WHEN id % 50 IN (10, 11, 12) THEN 'available'
            WHEN id % 16 = 6 THEN 'deleted'
            WHEN term_kind = 'past' THEN
                CASE WHEN id % 16 IN (1, 9) THEN 'available' WHEN id % 16 = 4 THEN 'claimed' ELSE 'completed' END
            WHEN term_kind = 'future' THEN
                CASE WHEN id % 4 = 0 THEN 'created' WHEN id % 4 = 1 THEN 'available' ELSE 'claimed' END
            WHEN id % 16 = 12 THEN 'created'
            WHEN id % 16 = 4 THEN 'claimed'
            WHEN id % 32 = 24 THEN 'completed'
            ELSE 'available'
        END AS state,
        term_slots.* EXCLUDE (slot),
        chance(id, 'empty', 90) AND id % 50 <> 10 AS is_empty
    FROM range(1, n_courses() + 1) AS numbers (id)
    JOIN term_slots ON slot = CASE WHEN id % 50 IN (10, 11, 12) THEN 5 ELSE roll(id, 'term', 100) END
),
housed AS (
    SELECT drawn.*, totals.total AS homes_total, roll(id, 'home', totals.total) AS home_number
    FROM drawn
    JOIN (SELECT DISTINCT is_usual, total FROM homes) AS totals ON totals.is_usual = is_usual_home
),
weighted AS (
    SELECT
        housed.*,
        homes.account_id,
        homes.subject,
        CASE
            WHEN state = 'created' THEN 0
            WHEN state = 'claimed' THEN roll(id, 'few', 3)
            WHEN id % 29 = 7 THEN 0
            ELSE 4 + roll(id, 'size', 14)
        END AS weight
    FROM housed
    JOIN homes ON homes.is_usual = is_usual_home AND homes.number = home_number
),
bounds AS (
    -- The whole number of enrollments shared out by weight, to the last one.
    SELECT
        *,
        sum(weight) OVER (ORDER BY id) * n_enrollments() // sum(weight) OVER () AS slots_end
    FROM weighted
)
SELECT
    bounds.*,
    CAST(lag(slots_end, 1, 0) OVER (ORDER BY id) AS BIGINT) AS slots_start,
    CAST(slots_end AS BIGINT) - slots_start AS size,
    CASE
        WHEN size < 25 AND id % 5 <> 2 THEN 1
        ELSE 2 + roll(id, 'sections', 3)
    END AS sections,
    -- Where in the row of students the course begins: near those of its department, or anywhere.
    CASE WHEN chance(id, 'own students', 850)
        THEN home_number * n_students() // homes_total + roll(id, 'cohort', n_students() // homes_total + 1)
        ELSE roll(id, 'any cohort', n_students())
    END AS first_student,
    home_number * n_teachers() // homes_total + roll(id, 'teacher', n_teachers() // homes_total + 1)
        AS first_teacher,
    CASE WHEN id % 9 <> 5 AND is_usual_home
        THEN format('{}-{}-{:06d}', subject_code, coalesce(term_sis_id, 'OPEN'), id) END AS sis_id,
    format('{} {}', subject_code, 100 + roll(id, 'level', 400)) AS course_code,
    CASE
        WHEN id % 17 = 9 THEN odd_titles.title
        ELSE format(
            '{} {}',
            pick(id, 'level name', ['Introduction to', 'Advanced', 'Seminar in', 'Topics in', 'Methods of']),
            subjects.subject
        )
    END AS name,
    CASE
        WHEN state = 'deleted' AND id % 3 = 0 THEN days_ago(id, 'deleted', 0, 29)
        WHEN state = 'deleted' AND id % 3 = 1 THEN days_ago(id, 'deleted', 31, 119)
        WHEN state = 'deleted' THEN days_ago(id, 'deleted', 121, 500)
        ELSE days_ago(id, 'course change', 0, 200)
    END AS updated_at
FROM bounds
JOIN subjects ON subjects.number = bounds.subject
JOIN odd_titles ON odd_titles.number = id // 17 % 10
ORDER BY id

-- table: courses
SELECT
    id,
    name,
    course_code,
    account_id,
    1 AS root_account_id,
    term_id AS enrollment_term_id,
    sis_id AS sis_source_id,
    CASE WHEN id % 5 = 1 THEN 'course-int-' || id END AS integration_id,
    CASE WHEN sis_id IS NOT NULL THEN sis_batch(id, 'course batch', 900) END AS sis_batch_id,
    state AS workflow_state,
    CASE WHEN id % 5 < 3 THEN coalesce(term_start, now_at() - INTERVAL 90 DAY)
        + to_days(CAST(roll(id, 'late start', 20) AS INTEGER)) + INTERVAL 123456 MICROSECOND END AS start_at,
    CASE WHEN id % 10 < 5 THEN coalesce(term_end, now_at() + INTERVAL 30 DAY)
        - to_days(CAST(roll(id, 'early end', 20) AS INTEGER)) END AS conclude_at,
    CASE WHEN id % 4 = 1 THEN true WHEN id % 8 <> 3 THEN false END AS restrict_enrollments_to_course_dates,
    CASE WHEN id % 13 = 3 THEN true WHEN id % 7 <> 5 THEN false END AS is_public,
    CASE WHEN NOT is_empty OR id % 2 = 0 THEN 7000 + id END AS wiki_id,
    CASE
        WHEN id = 1 THEN 6
        WHEN id % 40 = 21 THEN 0
        WHEN chance(id, 'scheme', 300) THEN pick(id, 'which scheme', [1, 1, 2, 3, 4])
    END AS grading_standard_id,
    CASE WHEN id % 3 = 0 THEN 'percent' ELSE 'equal' END AS group_weighting_scheme,
    code(id, 'course') AS uuid,
    524288000 AS storage_quota,
    CASE
        WHEN id % 4 = 0 THEN format(
            '{{"course_format": "{}", "is_public_to_auth_users": false}}',
            pick(id, 'format', ['online', 'on_campus', 'blended'])
        )
        WHEN id % 4 = 1 THEN format(
            E'---\n:course_format: {}\n:final_grade_override: ''true''\n',
            pick(id, 'format', ['online', 'on_campus', 'blended'])
        )
        WHEN id % 8 = 2 THEN E'---\n:hide_final_grades: true\n'
        WHEN id % 8 = 6 THEN '{}'
    END AS settings,
    CASE WHEN id % 30 = 8 THEN 'America/Chicago' END AS time_zone,
    CASE WHEN id % 45 = 9 THEN 'es' END AS locale,
    least(updated_at, days_ago(id, 'course birth', 60, 1200)) AS created_at,
    updated_at,
    id % 199 = 53 AS template,
    id % 97 = 20 AS homeroom_course,
    CASE WHEN state = 'deleted' THEN updated_at END AS deleted_at,
    code(id, 'course lti') AS lti_context_id
FROM course_rows

-- table: master_courses_master_templates
SELECT
    id // 50 + 1 AS id,
    id AS course_id,
    CASE WHEN id % 150 = 60 THEN 'deleted' ELSE 'active' END AS workflow_state,
    id % 250 <> 110 AS full_course,
    days_ago(id, 'blueprint birth', 200, 900) AS created_at,
    days_ago(id, 'blueprint change', 0, 200) AS updated_at,
    1 AS root_account_id
FROM course_rows
WHERE id % 50 = 10

-- table: master_courses_child_subscriptions
SELECT
    row_number() OVER (ORDER BY id) AS id,
    id // 50 + 1 AS master_template_id,
    id AS child_course_id,
    CASE WHEN id % 50 = 13 THEN 'deleted' ELSE 'active' END AS workflow_state,
    days_ago(id, 'subscription birth', 100, 500) AS created_at,
    days_ago(id, 'subscription change', 0, 100) AS updated_at,
    1 AS root_account_id
FROM course_rows
WHERE id % 50 IN (11, 12, 13)

-- stage: section_rows
-- A section may be cross-listed into the next course of the same term; its own course stays known.
WITH followed AS (
    SELECT *, lead(id) OVER (PARTITION BY term_id, state = 'deleted' ORDER BY id) AS next_course
    FROM course_rows
),
numbered AS (
    SELECT followed.*, unnest(range(sections)) AS ordinal FROM followed
)
SELECT
    row_number() OVER (ORDER BY id, ordinal) AS id,
    id AS home_course_id,
    ordinal,
    ordinal > 0 AND sections > 2 AND (id + ordinal) % 4 = 1 AND next_course IS NOT NULL AS is_crosslisted,
    CASE WHEN is_crosslisted THEN next_course ELSE id END AS course_id,
    CASE WHEN is_crosslisted THEN id END AS nonxlist_course_id,
    CASE
        WHEN state = 'deleted' AND id % 32 <> 6 THEN 'deleted'
        WHEN ordinal > 0 AND (id + ordinal) % 9 = 4 THEN 'deleted'
        ELSE 'active'
    END AS state,
    CASE
        WHEN sis_id IS NULL OR (ordinal = 0 AND sections = 1 AND id % 3 = 0) THEN NULL
        WHEN (id + ordinal) % 14 = 5 THEN NULL
        ELSE format('{}-{}', sis_id, ordinal + 1)
    END AS sis_id,
    CASE WHEN ordinal = 0 THEN name ELSE format('{} Section {}', course_code, ordinal + 1) END AS name,
    term_start,
    term_end
FROM numbered
ORDER BY id

-- table: course_sections
SELECT
    id,
    course_id,
    1 AS root_account_id,
    name,
    sis_id AS sis_source_id,
    CASE WHEN id % 6 = 1 THEN 'section-int-' || id END AS integration_id,
    CASE WHEN sis_id IS NOT NULL THEN sis_batch(id, 'section batch', 900) END AS sis_batch_id,
    nonxlist_course_id,
    ordinal = 0 AS default_section,
    state AS workflow_state,
    CASE WHEN id % 3 = 1 THEN coalesce(term_start, now_at() - INTERVAL 80 DAY) + INTERVAL 5 DAY END AS start_at,
    CASE WHEN id % 6 = 1 THEN coalesce(term_end, now_at() + INTERVAL 60 DAY) - INTERVAL 5 DAY END AS end_at,
    CASE WHEN id % 4 = 3 THEN true WHEN id % 4 < 2 THEN false END AS restrict_enrollments_to_section_dates,
    id % 5 <> 0 AS accepting_enrollments,
    days_ago(id, 'section birth', 60, 1200) AS created_at,
    days_ago(id, 'section change', 0, 60) AS updated_at
FROM section_rows
