-- Files and folders of courses, groups and people.

-- table: folders
SELECT
    id,
    'course files' AS name,
    'course files' AS full_name,
    id AS context_id,
    'Course' AS context_type,
    NULL AS parent_folder_id,
    CASE WHEN is_empty THEN 'deleted' ELSE 'visible' END AS workflow_state,
    id % 19 = 1 AS locked,
    days_ago(id, 'folder', 60, 1200) AS created_at,
    days_ago(id, 'folder change', 0, 60) AS updated_at,
    NULL AS unique_type
FROM content_courses
UNION ALL
SELECT
    n_courses() + id, 'Слайды, week 1', 'course files/Слайды, week 1', id, 'Course', id, 'visible', false,
    now_at() - INTERVAL 50 DAY, now_at() - INTERVAL 40 DAY, NULL
FROM content_courses
WHERE id % 6 = 1

-- table: attachments
-- Number 0 is an original; later ones may be copies of it.
WITH of_courses AS (
    SELECT
        id * 8 + number AS id,
        id AS context_id,
        'Course' AS context_type,
        CASE WHEN id % 6 = 1 AND number = 1 THEN n_courses() + id ELSE id END AS folder_id,
        teacher_id(first_teacher) AS user_id,
        number,
        CASE WHEN number > 1 AND (id + number) % 4 = 1 THEN id * 8 END AS root_id,
        only_state
    FROM (SELECT *, unnest(range(roll(id, 'files', 7))) AS number FROM content_courses)
),
of_groups AS (
    SELECT (n_courses() + 1) * 8 + row_number() OVER (ORDER BY id), id, 'Group', NULL, 1, 0, NULL, NULL
    FROM group_rows
    WHERE id % 10 = 4
),
of_people AS (
    SELECT
        (n_courses() + 1) * 8 + (SELECT count(*) FROM group_rows) + row_number() OVER (ORDER BY id),
        id, 'User', NULL, id, 0, NULL, NULL
    FROM people
    WHERE kind = 'student' AND id % 8 = 5
)
SELECT
    id,
    context_id,
    context_type,
    folder_id,
    user_id,
    CASE id % 5
        WHEN 0 THEN 'syllabus.pdf'
        WHEN 1 THEN 'Résumé, final (2).docx'
        WHEN 2 THEN 'lecture "01".mp4'
        WHEN 3 THEN '講義ノート.pdf'
        ELSE 'data.csv'
    END AS display_name,
    format('file_{}', id) AS filename,
    ['application/pdf', 'application/msword', 'video/mp4', 'application/pdf', 'text/csv'][
        CAST(1 + id % 5 AS INTEGER)
    ] AS content_type,
    CASE
        WHEN id % 23 = 1 THEN NULL
        WHEN id % 23 = 2 THEN 0
        WHEN id % 23 = 3 THEN 131072
        WHEN id % 23 = 4 THEN 100
        WHEN id % 5 = 2 THEN 1000000 * roll(id, 'video size', 900)
        ELSE 1000 * roll(id, 'size', 4000)
    END AS size,
    coalesce(only_state, CASE
        WHEN id % 11 = 3 THEN 'hidden'
        WHEN id % 13 = 4 THEN 'deleted'
        WHEN id % 97 = 5 THEN 'errored'
        WHEN id % 89 = 6 THEN 'broken'
        ELSE 'available'
    END) AS file_state,
    'processed' AS workflow_state,
    root_id AS root_attachment_id,
    code(id, 'file') AS uuid,
    md5(CAST(id AS VARCHAR)) AS md5,
    'account_1' AS namespace,
    id % 29 = 7 AS locked,
    CASE WHEN file_state = 'deleted' THEN days_ago(id, 'file change', 0, 60) END AS deleted_at,
    days_ago(id, 'file', 60, 1200) AS created_at,
    days_ago(id, 'file change', 0, 60) AS updated_at
FROM (FROM of_courses UNION ALL FROM of_groups UNION ALL FROM of_people)
