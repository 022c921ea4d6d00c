-- Who administers what: built-in and custom roles on the root and below it.

-- stage: admin_rows
WITH live AS (
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS number
    FROM account_rows
    WHERE id > 3 AND state = 'active'
),
on_root AS (
    SELECT id AS user_id, 1 AS account_id, [6, 16, 18, 7][CAST(1 + (id - 1) % 4 AS INTEGER)] AS role_id
    FROM people
    WHERE kind = 'admin'
),
below AS (
    SELECT people.id AS user_id, live.id AS account_id, [17, 6, 16][CAST(1 + people.id % 3 AS INTEGER)] AS role_id
    FROM people JOIN live ON live.number = people.id * 7 % (SELECT count(*) FROM live)
    WHERE kind = 'admin' OR (kind = 'teacher' AND people.id % 6 = 1)
),
single AS (
    SELECT * FROM (VALUES
        (1, 2, 6), (2, 2, 6), (2, 6, 6), (4, 7, 17), (5, 9, 17), (6, 1, 19)
    ) AS rows (user_id, account_id, role_id)
)
SELECT
    row_number() OVER (ORDER BY account_id, user_id, role_id) AS id,
    user_id,
    account_id,
    role_id,
    CASE WHEN (user_id + account_id) % 7 = 4 OR role_id = 19 THEN 'deleted' ELSE 'active' END AS state
FROM (FROM on_root UNION FROM below UNION FROM single)
ORDER BY id

-- table: account_users
SELECT
    id,
    account_id,
    user_id,
    role_id,
    state AS workflow_state,
    days_ago(id, 'admin birth', 200, 2000) AS created_at,
    days_ago(id, 'admin change', 0, 200) AS updated_at,
    CASE WHEN id % 3 = 0 THEN sis_batch(id, 'admin batch', 900) END AS sis_batch_id,
    CASE WHEN account_id IN (2, 3) THEN account_id ELSE 1 END AS root_account_id
FROM admin_rows

-- table: role_overrides
SELECT
    *,
    'Account' AS context_type,
    days_ago(id, 'override birth', 200, 2000) AS created_at,
    days_ago(id, 'override change', 0, 200) AS updated_at
FROM (VALUES
    (1, 'read_reports', 16, 1, true, false, true, true),
    (2, 'view_all_reports', 16, 1, true, false, true, true),
    (3, 'read_reports', 17, 1, true, true, false, true),
    (4, 'read_reports', 18, 1, false, true, true, true),
    (5, 'read_reports', 18, 8, true, false, true, true),
    (6, 'manage_sis', 17, 8, true, false, true, false),
    (7, 'become_user', 18, 1, true, false, true, true),
    (8, 'read_reports', 13, 1, false, false, true, true)
) AS rows (
    id, permission, role_id, context_id, enabled, locked, applies_to_self, applies_to_descendants
)

-- table: institutional_tag_categories
SELECT
    *,
    CASE WHEN sis_source_id IS NOT NULL AND id <> 2 THEN 1 END AS sis_batch_id,
    1 AS root_account_id,
    1 AS account_id,
    days_ago(id, 'tag category birth', 100, 300) AS created_at,
    days_ago(id, 'tag category change', 0, 100) AS updated_at
FROM (VALUES
    (1, 'Residence', 'Where a student lives', 'TC-RES', 'active'),
    (2, 'Scholarship', 'Paid by whom, "in full" or in part', 'TC-SCH', 'active'),
    (3, 'Athletics', NULL, NULL, 'active'),
    (4, 'Old Cohorts', '', 'TC-OLD', 'deleted'),
    (5, 'Drafts', NULL, NULL, 'deleted')
) AS rows (id, name, description, sis_source_id, workflow_state)

-- table: institutional_tags
SELECT
    id,
    1 AS root_account_id,
    1 + id % 5 AS category_id,
    format('{} {}', ['Hall', 'Fund', 'Team', 'Cohort', 'Draft'][CAST(1 + id % 5 AS INTEGER)], id) AS name,
    CASE WHEN id % 3 <> 0 THEN format('Number {} of its kind, kept by the registrar', id) END AS description,
    CASE WHEN id % 4 <> 1 THEN format('TAG-{:03d}', id) END AS sis_source_id,
    CASE WHEN id % 4 IN (0, 2) THEN 2 END AS sis_batch_id,
    CASE WHEN id % 7 IN (5, 6) THEN 'deleted' ELSE 'active' END AS workflow_state,
    days_ago(id, 'tag birth', 50, 300) AS created_at,
    days_ago(id, 'tag change', 0, 50) AS updated_at
FROM range(1, 25) AS numbers (id)

-- table: institutional_tag_associations
SELECT
    row_number() OVER (ORDER BY id) AS id,
    1 AS root_account_id,
    1 + roll(id, 'tag', 24) AS institutional_tag_id,
    CASE WHEN id % 33 <> 1 THEN id END AS user_id,
    CASE WHEN id % 33 = 1 THEN 1 + roll(id, 'tagged course', n_courses()) END AS course_id,
    sis_batch(id, 'tagging batch', 600) AS sis_batch_id,
    CASE WHEN id % 8 = 3 THEN 'deleted' ELSE 'active' END AS workflow_state,
    days_ago(id, 'tagging birth', 20, 200) AS created_at,
    days_ago(id, 'tagging change', 0, 20) AS updated_at
FROM people
WHERE kind = 'student' AND id % 3 = 1
