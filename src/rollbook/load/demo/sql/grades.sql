-- Grading schemes, grading periods and scores.

-- table: grading_standards
SELECT
    *,
    context_type || '_' || context_id AS context_code,
    1 AS user_id,
    days_ago(id, 'scheme birth', 400, 2000) AS created_at,
    days_ago(id, 'scheme change', 0, 400) AS updated_at
FROM (VALUES
    (1, 'Letters', E'---\n- - A\n  - 0.9\n- - B\n  - 0.8\n- - C\n  - 0.7\n- - D\n  - 0.6\n- - F\n  - 0\n',
        1, 'Account', 2, 'active', 1.0, false),
    (2, 'Pass or not', '[["Pass", 0.6], ["Fail", 0]]', 1, 'Account', 2, 'active', 1.0, false),
    (3, 'First version, upper bounds', E'---\n- - A\n  - 1.0\n- - B\n  - 0.89\n- - F\n  - 0.59\n',
        1, 'Account', 1, 'active', NULL, NULL),
    (4, 'Withdrawn', E'---\n- - "Distinction, first"\n  - 0.895\n- - Échec\n  - 0.0\n',
        1, 'Account', 2, 'deleted', 1.0, false),
    (5, 'Scheme of the college', E'---\n- - Meets "all"\n  - 0.75\n- - Not yet\n  - 0\n',
        11, 'Account', 2, 'active', 1.0, false),
    (6, 'Four points', E'---\n- - F\n  - 0.0\n- - "4"\n  - 0.93\n- - "3"\n  - 0.83\n- - "2"\n  - 0.73\n',
        1, 'Course', 2, 'active', 4.0, true)
) AS rows (
    id, title, data, context_id, context_type, version, workflow_state, scaling_factor, points_based
)

-- table: grading_period_groups
SELECT
    *,
    true AS display_totals_for_all_grading_periods,
    days_ago(id, 'set birth', 400, 900) AS created_at,
    days_ago(id, 'set change', 0, 400) AS updated_at
FROM (VALUES
    (1, 1, NULL, 'Halves of a term', 'active', true),
    (2, 1, NULL, 'Thirds, "tried once"', 'active', false),
    (3, 1, NULL, 'Withdrawn set', 'deleted', false),
    (4, NULL, 1, 'Set of a course', 'active', false)
) AS rows (id, account_id, course_id, title, workflow_state, weighted)

-- stage: period_rows
SELECT
    *,
    now_at() - to_days(CAST(60 + 122 * [0, 2, 3, 0][group_id] - 20 * position AS INTEGER)) AS start_date,
    start_date + INTERVAL 60 DAY AS end_date
FROM (VALUES
    (1, 1, 0, 'First Half', 'active'),
    (2, 1, 3, 'Second Half', 'active'),
    (3, 1, 1, 'Dropped Half', 'deleted'),
    (4, 2, 2, 'Third 3, late', 'active'),
    (5, 2, 0, 'Third 1', 'active'),
    (6, 2, 1, 'Third 2', 'active'),
    (7, 3, 0, 'Whole Term', 'active'),
    (8, 4, 0, 'Of a Course', 'active')
) AS rows (id, group_id, position, title, state)

-- table: grading_periods
SELECT
    id,
    group_id AS grading_period_group_id,
    title,
    start_date,
    end_date,
    end_date + INTERVAL 5 DAY AS close_date,
    CASE WHEN group_id = 1 THEN 50.0 END AS weight,
    state AS workflow_state,
    start_date - INTERVAL 100 DAY AS created_at,
    start_date - INTERVAL 90 DAY AS updated_at
FROM period_rows

-- table: custom_grade_statuses
SELECT
    *,
    1 AS root_account_id,
    1 AS created_by_id,
    days_ago(id, 'status birth', 100, 300) AS created_at,
    days_ago(id, 'status change', 0, 100) AS updated_at
FROM (VALUES
    (1, 'Incomplete', '#FFE8E5', 'active'),
    (2, 'In Appeal', '#E5F3FF', 'active'),
    (3, 'On Leave', '#DDDDDD', 'deleted')
) AS rows (id, name, color, workflow_state)

-- stage: score_rows
-- One score for the course, number 0, and one for each grading period that has begun.
WITH terms_with_periods AS (
    SELECT term_rows.id AS term_id, period_rows.id AS period_id,
        row_number() OVER (PARTITION BY term_rows.id ORDER BY period_rows.id) AS number
    FROM term_rows
    JOIN period_rows ON period_rows.group_id = term_rows.period_group_id
    WHERE term_rows.kind = 'past' OR start_date < now_at()
),
parts AS (
    SELECT DISTINCT id AS term_id, NULL AS period_id, 0 AS number FROM term_rows
    UNION ALL
    FROM terms_with_periods
)
SELECT
    enrollment_rows.id * 4 + number AS id,
    enrollment_rows.id AS enrollment_id,
    enrollment_rows.user_id,
    period_id,
    CASE
        WHEN enrollment_rows.state = 'deleted' THEN 'deleted'
        WHEN (enrollment_rows.id + number) % 43 = 1 THEN 'deleted'
        ELSE 'active'
    END AS state,
    CASE (enrollment_rows.id + number) % 101
        WHEN 1 THEN 89.99
        WHEN 2 THEN 90
        WHEN 3 THEN 0
        WHEN 4 THEN NULL
        WHEN 5 THEN 105.5
        WHEN 6 THEN 66.666666666667
        WHEN 7 THEN -5
        ELSE round(45 + 55 * sqrt(roll(enrollment_rows.id * 4 + number, 'score', 10000) / 10000), 2)
    END AS score
FROM enrollment_rows
JOIN course_rows ON course_rows.id = home_course_id
JOIN parts USING (term_id)
WHERE type = 'StudentEnrollment'
    AND enrollment_rows.id % 13 <> 7
    AND (period_id IS NULL OR enrollment_rows.id % 8 <> 5)
    -- Few scores are left of the period that was dropped.
    AND (period_id IS DISTINCT FROM 3 OR enrollment_rows.id % 12 = 1)

-- table: scores
SELECT
    id,
    enrollment_id,
    period_id AS grading_period_id,
    CAST(score AS DOUBLE) AS current_score,
    CASE WHEN id % 3 = 0 THEN CAST(coalesce(score, 0) AS DOUBLE)
        ELSE round(coalesce(score, 0) * (0.5 + roll(id, 'final', 51) / 100), 2) END AS final_score,
    state AS workflow_state,
    days_ago(enrollment_id, 'score birth', 20, 60) AS created_at,
    days_ago(id, 'score change', 0, 20) AS updated_at,
    period_id IS NULL AS course_score,
    CASE WHEN id % 5 = 0 THEN round(score + 1.5, 2) ELSE current_score END AS unposted_current_score,
    CASE WHEN id % 5 = 0 THEN round(final_score + 1.25, 2) ELSE final_score END AS unposted_final_score,
    round(score * 2, 1) AS current_points,
    round(score * 2, 1) AS unposted_current_points,
    round(score * 2, 1) AS final_points,
    round(score * 2, 1) AS unposted_final_points,
    CASE WHEN enrollment_id % 23 = 9 THEN CAST(60 + roll(id, 'override', 400) / 10 AS DOUBLE) END AS override_score,
    CASE WHEN enrollment_id % 211 = 10 THEN 1 + id % 3 END AS custom_grade_status_id
FROM score_rows

-- table: score_metadata
SELECT
    id,
    id AS score_id,
    format('{{"current": {{"dropped": [{}]}}}}', id) AS calculation_details,
    state AS workflow_state,
    now_at() - INTERVAL 9 DAY AS created_at,
    now_at() - INTERVAL 2 DAY AS updated_at
FROM score_rows
WHERE id % 200 = 4
