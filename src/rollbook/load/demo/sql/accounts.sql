-- Accounts 1 to 3 are roots: the university, the site admin account and a partner college whose
-- logins some people have. Colleges lie under 1, departments under colleges, programs under some
-- departments. Account 6 is deleted and has a live account below it.

-- stage: account_rows
WITH fixed AS (
    SELECT * FROM (VALUES
        (1, NULL, 'Northfield State University', 'root', 'active', 'NSU', 'America/New_York'),
        (2, NULL, 'Site Admin', 'site', 'active', NULL, NULL),
        (3, NULL, 'Lakeshore College', 'site', 'active', 'LAKE', 'America/Chicago'),
        (4, 1, 'Manually-Created Courses', 'unit', 'active', NULL, NULL),
        (5, 1, 'Sandboxes, Training & "Play"', 'unit', 'active', NULL, NULL),
        (6, 1, 'Harbor Campus (closed)', 'unit', 'deleted', 'HARBOR', NULL),
        (7, 6, 'Harbor Evening Programs', 'unit', 'active', 'HARBOR-EVE', NULL),
        (8, 1, 'Études internationales', 'unit', 'active', 'INTL', 'Europe/London'),
        (9, 8, 'Old Exchange Office', 'unit', 'deleted', NULL, 'Pacific Time (US & Canada)')
    ) AS rows (id, parent_id, name, kind, state, sis_id, zone)
),
colleges AS (
    SELECT
        10 + college AS id,
        1 AS parent_id,
        format(
            'College of {}{}',
            ['Arts', 'Sciences', 'Engineering', 'Health', 'Business', 'Education', 'Law'][
                1 + (college - 1) % 7
            ],
            CASE WHEN college > 7 THEN format(', Campus {}', 1 + (college - 1) // 7) ELSE '' END
        ) AS name,
        'college' AS kind,
        'active' AS state,
        CASE WHEN college % 4 <> 3 THEN format('COL-{:02d}', college) END AS sis_id,
        CASE WHEN college % 5 = 2 THEN 'Pacific/Honolulu' END AS zone,
        college
    FROM range(1, n_colleges() + 1) AS numbers (college)
),
departments AS (
    SELECT
        100 + (college - 1) * 20 + department AS id,
        colleges.id AS parent_id,
        format('Department of {}', subject) AS name,
        'department' AS kind,
        CASE WHEN chance(colleges.id * 100 + department, 'closed', 30) THEN 'deleted' ELSE 'active' END
            AS state,
        CASE WHEN (college + department) % 6 <> 1
            THEN format('DEP-{}-{:02d}-{:02d}', subject_code, college, department) END AS sis_id,
        NULL AS zone,
        subjects.number AS subject
    FROM colleges
    CROSS JOIN range(1, n_departments() + 1) AS numbers (department)
    JOIN subjects
        ON subjects.number = ((college - 1) * n_departments() + department - 1)
            % (SELECT count(*) FROM subjects)
),
programs AS (
    SELECT
        10000 + departments.id * 10 + program AS id,
        departments.id AS parent_id,
        format('{} {}', subjects.subject, ['Honors', 'Online', 'Graduate'][program]) AS name,
        'program' AS kind,
        departments.state AS state,
        CASE WHEN program < 3 THEN format('PRG-{}-{}', departments.id, program) END AS sis_id,
        CASE WHEN program = 2 THEN 'Asia/Kathmandu' END AS zone,
        departments.subject
    FROM departments
    JOIN subjects ON subjects.number = departments.subject
    CROSS JOIN range(1, 4) AS numbers (program)
    WHERE departments.id % 2 = 0 AND program <= 1 + departments.id % 3
)
SELECT *, CAST(id % 19 AS BIGINT) AS subject FROM fixed
UNION ALL SELECT * EXCLUDE (college), CAST(college % 19 AS BIGINT) FROM colleges
UNION ALL SELECT * FROM departments
UNION ALL SELECT * FROM programs
ORDER BY id

-- stage: account_chains
WITH RECURSIVE chains AS (
    SELECT id AS account_id, id AS ancestor_id, 0 AS depth FROM account_rows
    UNION ALL
    SELECT account_id, parent_id, depth + 1
    FROM chains JOIN account_rows ON account_rows.id = chains.ancestor_id
    WHERE parent_id IS NOT NULL
)
SELECT * FROM chains

-- stage: homes
-- The accounts that hold courses, numbered: mostly departments and programs.
WITH holders AS (
    SELECT account_rows.*, kind IN ('department', 'program') AS is_usual
    FROM account_rows
    WHERE kind IN ('root', 'unit', 'college', 'department', 'program')
)
SELECT
    id AS account_id,
    subject,
    is_usual,
    row_number() OVER (PARTITION BY is_usual ORDER BY id) - 1 AS number,
    count(*) OVER (PARTITION BY is_usual) AS total
FROM holders
WHERE state = 'active' OR id = 6
ORDER BY id

-- table: accounts
SELECT
    id,
    name,
    state AS workflow_state,
    parent_id AS parent_account_id,
    -- A root's own is NULL in older databases and 0 in newer ones.
    CASE WHEN id IN (2, 3) THEN 0 WHEN id > 3 THEN 1 END AS root_account_id,
    sis_id AS sis_source_id,
    CASE WHEN id % 8 = 1 THEN 'acct-int-' || id END AS integration_id,
    CASE WHEN parent_id IS NOT NULL AND sis_id IS NOT NULL THEN sis_batch(id, 'account batch', 800) END
        AS sis_batch_id,
    CASE WHEN state = 'deleted' THEN days_ago(id, 'account end', 100, 900) END AS deleted_at,
    days_ago(id, 'account birth', 1000, 4000) AS created_at,
    days_ago(id, 'account change', 0, 900) AS updated_at,
    zone AS default_time_zone,
    CASE WHEN id = 8 THEN 'fr' WHEN kind = 'college' AND id % 6 = 1 THEN 'de' END AS default_locale,
    code(id, 'account') AS uuid,
    CASE id
        WHEN 1 THEN '---
:can_add_pronouns: true
:enable_sis_export_pronouns: true
:include_integration_ids_in_gradebook_exports: false
:restrict_student_future_view:
  :value: true
  :locked: false
'
        WHEN 8 THEN '{"can_add_pronouns": false}'
        WHEN 3 THEN '--- {}
'
    END AS settings,
    524288000 AS default_storage_quota,
    code(id, 'account lti') AS lti_context_id,
    CASE
        WHEN kind = 'root' THEN 1
        WHEN id = 8 THEN 3
        WHEN kind = 'college' AND id % 3 = 2 THEN 5
    END AS grading_standard_id
FROM account_rows

-- table: account_domains
SELECT * FROM (VALUES
    (1, 1, 'northfield.example.edu', 'production', 1),
    (2, 1, 'canvas.northfield.example.edu', 'production', 2),
    (3, 3, 'lakeshore.example.edu', 'production', 1)
) AS rows (id, account_id, host, host_type, position)

-- table: authentication_providers
SELECT
    *,
    days_ago(id, 'provider birth', 1000, 3000) AS created_at,
    days_ago(id, 'provider change', 0, 900) AS updated_at
FROM (VALUES
    (1, 1, 'saml', 1, 'active', true),
    (2, 1, 'canvas', 2, 'active', false),
    (3, 1, 'ldap', 3, 'deleted', false),
    (4, 1, 'google', 4, 'active', true),
    (5, 3, 'canvas', 1, 'active', false),
    (6, 2, 'canvas', 1, 'active', false)
) AS rows (id, account_id, auth_type, position, workflow_state, jit_provisioning)

-- table: settings
SELECT * FROM (VALUES
    (1, 'site_admin_account_id', '2'),
    (2, 'attachment_minimum_size_for_quota', '512'),
    (3, 'User-Generated_developer_key_id', '1')
) AS rows (id, name, value)

-- table: sis_batches
SELECT
    id,
    1 AS account_id,
    CASE WHEN id = 6 THEN 'failed_with_messages' ELSE 'imported_with_messages' END AS workflow_state,
    1 + id % n_admins() AS user_id,
    id = 3 AS batch_mode,
    CASE WHEN id = 3 THEN 2 END AS batch_mode_term_id,
    CASE WHEN id % 2 = 0 THEN 'nightly' END AS diffing_data_set_identifier,
    now_at() - to_days(CAST(400 - id * 60 AS INTEGER)) AS created_at,
    created_at + to_minutes(1) AS started_at,
    created_at + to_minutes(9) AS ended_at
FROM range(1, 7) AS numbers (id)

-- stage: term_rows
-- A term is four months; the current one began 60 days ago and is the only one that holds now.
WITH cycle AS (
    SELECT
        number,
        CAST(now_at() AS DATE) - INTERVAL 60 DAY + to_months(CAST(number * 4 AS INTEGER)) AS start_at,
        CAST(now_at() AS DATE) - INTERVAL 61 DAY + to_months(CAST(number * 4 + 4 AS INTEGER))
            + INTERVAL 4 HOUR AS end_at,
        start_at + INTERVAL 2 MONTH AS middle,
        ['Spring', 'Summer', 'Fall'][CAST(1 + (month(middle) - 1) // 4 AS INTEGER)] AS season,
        CASE WHEN number < 0 THEN 'past' WHEN number = 0 THEN 'current' ELSE 'future' END AS kind
    FROM range(-n_past_terms(), 3) AS numbers (number)
),
regular AS (
    SELECT
        20 + number AS id,
        1 AS root_id,
        format('{} {}', season, year(middle)) AS name,
        CASE WHEN number <> -3 THEN format('{}{}', year(middle), upper(left(season, 2))) END AS sis_id,
        start_at,
        end_at,
        'active' AS state,
        kind,
        CASE WHEN number IN (0, -1) THEN 1 WHEN number IN (-2, -3) THEN -number END AS period_group_id
    FROM cycle
),
fixed AS (
    SELECT * FROM (VALUES
        (1, 1, 'Default Term', NULL, NULL, NULL, 'active', 'default'),
        (2, 1, 'Pilot Term', 'PILOT', now_at() - INTERVAL 900 DAY, NULL, 'deleted', 'past'),
        (3, 1, 'Professional Development', NULL, NULL, NULL, 'active', 'default'),
        (4, 1, 'Before Canvas, Migrated', 'MIGRATED', NULL, now_at() - INTERVAL 2000 DAY, 'active', 'past'),
        (5, 1, 'Cancelled Session', NULL, now_at() - INTERVAL 20 DAY, now_at() + INTERVAL 20 DAY,
            'deleted', 'past'),
        (6, 3, 'Default Term', NULL, NULL, NULL, 'active', 'partner'),
        (7, 2, 'Default Term', NULL, NULL, NULL, 'active', 'partner')
    ) AS rows (id, root_id, name, sis_id, start_at, end_at, state, kind)
)
SELECT *, NULL AS period_group_id FROM fixed UNION ALL SELECT * FROM regular ORDER BY id

-- table: enrollment_terms
SELECT
    id,
    root_id AS root_account_id,
    name,
    sis_id AS sis_source_id,
    CASE WHEN id % 3 = 2 AND root_id = 1 THEN 'term-int-' || id END AS integration_id,
    CASE WHEN sis_id IS NOT NULL THEN sis_batch(id, 'term batch', 750) END AS sis_batch_id,
    start_at,
    end_at,
    CASE WHEN sis_id IS NOT NULL THEN lower(sis_id) END AS term_code,
    period_group_id AS grading_period_group_id,
    state AS workflow_state,
    days_ago(id, 'term birth', 1000, 2000) AS created_at,
    days_ago(id, 'term change', 0, 500) AS updated_at
FROM term_rows

-- table: enrollment_dates_overrides
SELECT
    row_number() OVER (ORDER BY term_rows.id, type) AS id,
    term_rows.id AS enrollment_term_id,
    type AS enrollment_type,
    root_id AS context_id,
    'Account' AS context_type,
    start_at - INTERVAL 14 DAY AS start_at,
    CASE WHEN type = 'TeacherEnrollment' THEN end_at + INTERVAL 30 DAY ELSE end_at END AS end_at,
    days_ago(term_rows.id, 'override birth', 500, 1000) AS created_at,
    days_ago(term_rows.id, 'override change', 0, 500) AS updated_at
FROM term_rows
CROSS JOIN (VALUES ('TeacherEnrollment'), ('DesignerEnrollment')) AS types (type)
WHERE start_at IS NOT NULL AND end_at IS NOT NULL
