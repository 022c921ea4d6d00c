-- Group sets and groups of accounts and of courses, and who is in them.

-- stage: category_rows
WITH of_accounts AS (
    SELECT id AS context_id, unnest(range(CASE WHEN id = 1 THEN 4 ELSE 1 END)) AS number
    FROM account_rows
    WHERE id = 1 OR kind = 'college' OR id IN (6, 8) OR (kind = 'department' AND id % 4 = 1)
),
of_courses AS (
    SELECT id AS context_id, unnest(range(1 + id % 2)) AS number
    FROM course_rows
    WHERE size > 11 AND id % 4 = 1
)
SELECT row_number() OVER (ORDER BY context_type, context_id, number) AS id, *
FROM (
    SELECT 'Account' AS context_type, * FROM of_accounts
    UNION ALL
    SELECT 'Course', * FROM of_courses
)
ORDER BY id

-- table: group_categories
SELECT
    id,
    context_id,
    context_type,
    CASE
        WHEN context_type = 'Account' THEN format('Clubs {}, and Societies', number + 1)
        WHEN number = 0 THEN 'Project Teams'
        ELSE 'Lab "B" Partners'
    END AS name,
    CASE WHEN id % 9 = 4 AND context_type = 'Course' THEN 'student_organized' END AS role,
    CASE WHEN id % 10 = 7 THEN days_ago(id, 'category end', 0, 100) END AS deleted_at,
    CASE id % 4 WHEN 1 THEN 'enabled' WHEN 2 THEN 'restricted' END AS self_signup,
    CASE WHEN id % 3 = 1 THEN 12 END AS group_limit,
    CASE id % 5 WHEN 1 THEN 'first' WHEN 2 THEN 'random' END AS auto_leader,
    days_ago(id, 'category birth', 100, 400) AS created_at,
    days_ago(id, 'category change', 0, 100) AS updated_at,
    CASE WHEN id % 3 <> 2 THEN 'GC-' || id END AS sis_source_id,
    CASE WHEN id % 3 = 0 OR id % 10 = 7 THEN 1 + id % 5 END AS sis_batch_id,
    1 AS root_account_id,
    id % 40 = 22 AS non_collaborative
FROM category_rows

-- stage: group_rows
SELECT
    category_rows.id * 3 + ordinal - 2 AS id,
    category_rows.id AS category_id,
    context_type,
    context_id,
    ordinal,
    CASE WHEN context_type = 'Account' THEN context_id ELSE course_rows.account_id END AS account_id,
    CASE WHEN (category_rows.id + ordinal) % 9 = 5 THEN 'deleted' ELSE 'available' END AS state
FROM (SELECT *, unnest([0, 1, 2]) AS ordinal FROM category_rows) AS category_rows
LEFT JOIN course_rows ON context_type = 'Course' AND course_rows.id = context_id
ORDER BY category_rows.id, ordinal

-- table: groups
SELECT
    id,
    CASE WHEN id % 14 = 2 THEN format('Équipe n° {} — «les {}»', ordinal + 1, id)
        ELSE format('Team {}', ordinal + 1) END AS name,
    context_id,
    context_type,
    account_id,
    1 AS root_account_id,
    category_id AS group_category_id,
    CASE WHEN id % 4 <> 1 THEN 'GRP-' || id END AS sis_source_id,
    CASE WHEN id % 4 IN (0, 2) THEN 1 + id % 5 END AS sis_batch_id,
    state AS workflow_state,
    CASE WHEN id % 5 = 3 THEN 10 END AS max_membership,
    id % 6 = 0 AS is_public,
    ['parent_context_auto_join', 'parent_context_request', 'invitation_only'][
        CAST(1 + id % 3 AS INTEGER)
    ] AS join_level,
    code(id, 'group') AS uuid,
    CASE WHEN state = 'deleted' THEN days_ago(id, 'group change', 0, 100) END AS deleted_at,
    days_ago(id, 'group birth', 100, 400) AS created_at,
    days_ago(id, 'group change', 0, 100) AS updated_at,
    category_id % 40 = 22 AS non_collaborative
FROM group_rows

-- table: group_memberships
WITH of_courses AS (
    SELECT group_rows.id AS group_id, user_id
    FROM group_rows
    JOIN enrollment_rows
        ON context_type = 'Course'
        AND enrollment_rows.home_course_id = context_id
        AND enrollment_rows.slot % 3 = ordinal
        AND slot BETWEEN 4 AND 30
        AND type IN ('StudentEnrollment', 'StudentViewEnrollment')
),
of_accounts AS (
    SELECT group_rows.id, student_id(roll(group_rows.id, 'club', n_students()) + unnest(range(0, 40, 3)))
    FROM group_rows
    WHERE context_type = 'Account'
)
SELECT
    row_number() OVER (ORDER BY group_id, user_id) AS id,
    group_id,
    user_id,
    CASE
        WHEN (group_id + user_id) % 10 = 3 THEN 'deleted'
        WHEN (group_id + user_id) % 25 = 6 THEN 'invited'
        WHEN (group_id + user_id) % 35 = 9 THEN 'requested'
        WHEN (group_id + user_id) % 45 = 12 THEN 'rejected'
        ELSE 'accepted'
    END AS workflow_state,
    (group_id + user_id) % 50 = 8 AS moderator,
    CASE WHEN (group_id + user_id) % 4 < 2 THEN 1 + user_id % 5 END AS sis_batch_id,
    code(group_id * 10000000 + user_id, 'membership') AS uuid,
    days_ago(user_id, 'membership birth', 50, 400) AS created_at,
    days_ago(user_id, 'membership change', 0, 50) AS updated_at,
    1 AS root_account_id
FROM (FROM of_courses UNION FROM of_accounts)
ORDER BY id
