-- The accounts of courses and users, by the rules that Rollbook derives them with elsewhere, but
-- in SQL that takes millions of rows.

-- table: course_account_associations
WITH course_homes AS (SELECT id AS course_id, account_id FROM course_rows),
live_sections AS (FROM section_rows WHERE state <> 'deleted'),
section_homes AS (
    SELECT course_id, id AS section_id, account_id
    FROM live_sections JOIN course_homes USING (course_id)
    UNION ALL
    SELECT live_sections.course_id, id, account_id
    FROM live_sections JOIN course_homes ON course_homes.course_id = nonxlist_course_id
),
belongings AS (
    SELECT course_id, NULL AS section_id, ancestor_id, depth
    FROM course_homes JOIN account_chains USING (account_id)
    UNION ALL
    SELECT course_id, section_id, ancestor_id, min(depth)
    FROM section_homes JOIN account_chains USING (account_id)
    GROUP BY course_id, section_id, ancestor_id
)
SELECT
    row_number() OVER (ORDER BY course_id, ancestor_id, section_id NULLS FIRST) AS id,
    course_id,
    ancestor_id AS account_id,
    section_id AS course_section_id,
    depth
FROM belongings
ORDER BY id

-- table: user_account_associations
WITH section_accounts AS (
    SELECT section_rows.id AS section_id, course_rows.account_id
    FROM section_rows JOIN course_rows ON course_rows.id = section_rows.course_id
    UNION
    SELECT section_rows.id, course_rows.account_id
    FROM section_rows JOIN course_rows ON course_rows.id = nonxlist_course_id
),
user_homes AS (
    SELECT DISTINCT user_id, account_id
    FROM enrollment_rows JOIN section_accounts USING (section_id)
    WHERE state <> 'deleted' AND type <> 'StudentViewEnrollment'
    UNION
    SELECT user_id, account_id FROM logins WHERE state <> 'deleted'
    UNION
    SELECT user_id, account_id FROM admin_rows WHERE state <> 'deleted'
),
belongings AS (
    SELECT user_id, ancestor_id, min(depth) AS depth
    FROM user_homes
    JOIN account_chains USING (account_id)
    JOIN people ON people.id = user_id
    WHERE people.state NOT IN ('deleted', 'creation_pending') AND people.kind <> 'tester'
    GROUP BY user_id, ancestor_id
)
SELECT
    row_number() OVER (ORDER BY user_id, ancestor_id) AS id,
    user_id,
    ancestor_id AS account_id,
    depth
FROM belongings
ORDER BY id
