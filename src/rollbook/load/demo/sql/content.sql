-- What courses hold. An empty course with an even id has content, but all of it deleted.

-- stage: content_courses
SELECT
    *,
    CASE WHEN is_empty THEN 'deleted' END AS only_state,
    term_id IN (19, 20) AND NOT is_empty AS is_recent,
    id % 2 = 1 AND NOT is_empty AS has_quiz
FROM course_rows
WHERE NOT is_empty OR id % 2 = 0
ORDER BY id

-- stage: assignment_rows
-- Number 0 and 1 are handed in by all, 2 is a draft or the like, 3 belongs to the quiz, 4 is a
-- checkpoint of number 1.
SELECT
    id * 8 + number AS id,
    id AS course_id,
    number,
    CASE
        WHEN only_state IS NOT NULL THEN only_state
        WHEN number = 0 AND id % 37 = 4 THEN 'deleted'
        WHEN number < 2 THEN 'published'
        WHEN number = 2 AND id % 3 = 0 THEN 'deleted'
        WHEN number = 2 AND id % 24 = 1 THEN 'fail_to_import'
        WHEN number = 2 THEN 'unpublished'
        ELSE 'published'
    END AS state,
    coalesce(term_start, now_at() - INTERVAL 100 DAY) + to_days(CAST(10 + 20 * number AS INTEGER)) AS due_at
FROM (SELECT *, unnest([0, 1, 2, 3, 4]) AS number FROM content_courses)
WHERE CASE number
    WHEN 3 THEN has_quiz AND id % 10 <> 3
    WHEN 4 THEN id % 20 = 1 AND NOT is_empty
    ELSE true
END
ORDER BY id

-- table: assignments
SELECT
    id,
    CASE
        WHEN number = 0 AND id % 7 = 1 THEN 'Essay 1: "On Method", first draft'
        WHEN number = 1 AND id % 5 = 2 THEN 'Тест № 2 ✓'
        ELSE format('{} {}', ['Essay', 'Problem Set', 'Draft', 'Quiz', 'Checkpoint'][number + 1], course_id)
    END AS title,
    course_id AS context_id,
    'Course' AS context_type,
    state AS workflow_state,
    ['online_text_entry,online_upload', 'online_upload', 'none', 'online_quiz', 'discussion_topic'][number + 1]
        AS submission_types,
    [20.0, 100.0, NULL, 10.0, 5.0][number + 1] AS points_possible,
    due_at,
    CASE WHEN id % 3 = 0 THEN due_at - INTERVAL 20 DAY END AS unlock_at,
    CASE WHEN id % 4 = 0 THEN due_at + INTERVAL 10 DAY END AS lock_at,
    CASE WHEN id % 11 = 5 THEN 'pass_fail' ELSE 'points' END AS grading_type,
    CASE WHEN id % 6 = 1 THEN 'assignment-int-' || id END AS integration_id,
    id % 13 = 2 AS only_visible_to_overrides,
    id % 17 = 3 AS omit_from_final_grade,
    due_at - INTERVAL 60 DAY AS created_at,
    due_at - INTERVAL 30 DAY AS updated_at,
    CASE WHEN id % 9 = 1 THEN 'ASG-' || id END AS sis_source_id,
    1 AS root_account_id,
    CASE WHEN number = 4 THEN course_id * 8 + 1 END AS parent_assignment_id,
    CASE WHEN number = 4 THEN 'SubAssignment' ELSE 'Assignment' END AS type
FROM assignment_rows

-- stage: recent_students
-- Each student once in each course of the current and the last term.
SELECT
    min(enrollment_rows.id) AS enrollment_id,
    enrollment_rows.course_id,
    user_id,
    min(slot) AS slot,
    bool_or(term_id = 20) AS is_current,
    bool_or(has_quiz) AND enrollment_rows.course_id % 4 = 1 AND min(slot) < 30 AS takes_quiz
FROM enrollment_rows
JOIN content_courses ON content_courses.id = enrollment_rows.course_id
WHERE type = 'StudentEnrollment' AND enrollment_rows.state NOT IN ('rejected', 'creation_pending') AND is_recent
GROUP BY enrollment_rows.course_id, user_id
ORDER BY enrollment_id

-- table: submissions
WITH due AS (
    SELECT *, unnest(range(4)) AS number FROM recent_students
),
drawn AS (
    SELECT
        due.*,
        enrollment_id * 4 + number AS submission_id,
        course_id * 8 + number AS assignment_id,
        roll(submission_id, 'submission', 1000) AS luck
    FROM due
    WHERE number < n_scored_assignments()
        OR (number = 3 AND takes_quiz AND course_id % 10 <> 3)
),
stated AS (
    SELECT *, CASE
        WHEN luck < 20 THEN 'deleted'
        WHEN luck < 250 THEN 'unsubmitted'
        WHEN luck < 450 THEN 'submitted'
        WHEN luck < 480 THEN 'pending_review'
        ELSE 'graded'
    END AS state
    FROM drawn
)
SELECT
    submission_id AS id,
    assignment_id,
    user_id,
    state AS workflow_state,
    CASE
        WHEN state = 'unsubmitted' OR luck > 930 THEN NULL
        WHEN number = 3 THEN 'online_quiz'
        WHEN luck % 2 = 0 THEN 'online_text_entry'
        ELSE 'online_upload'
    END AS submission_type,
    CASE WHEN state IN ('graded', 'deleted') THEN
        CASE number WHEN 0 THEN roll(submission_id, 'points', 41) / 2 ELSE roll(submission_id, 'points', 1001) / 10 END
    END AS score,
    CASE WHEN state = 'graded' THEN CAST(score AS VARCHAR) END AS grade,
    CASE
        WHEN submission_type IS NULL THEN NULL
        WHEN is_current THEN days_ago(submission_id, 'handed in', 0, 45) + INTERVAL 250 MILLISECOND
        ELSE days_ago(submission_id, 'handed in', 70, 170)
    END AS submitted_at,
    CASE WHEN submitted_at IS NOT NULL THEN 1 + luck % 3 END AS attempt,
    CASE WHEN score IS NOT NULL THEN coalesce(submitted_at, now_at() - INTERVAL 20 DAY) END AS graded_at,
    luck BETWEEN 250 AND 260 AS excused,
    CASE WHEN number = 3 THEN enrollment_id END AS quiz_submission_id,
    CASE WHEN is_current THEN 1 END AS grading_period_id,
    CASE WHEN luck BETWEEN 240 AND 249 THEN 'missing' WHEN luck BETWEEN 450 AND 470 THEN 'late' END
        AS late_policy_status,
    now_at() - INTERVAL 55 DAY AS created_at,
    coalesce(graded_at, submitted_at, created_at) AS updated_at,
    course_id,
    1 AS root_account_id,
    graded_at AS posted_at,
    CASE WHEN luck = 500 THEN 1 END AS custom_grade_status_id
FROM stated

-- table: quizzes
SELECT
    id,
    CASE WHEN id % 14 = 1 THEN 'Midterm, "open book"' ELSE format('Quiz {}', id) END AS title,
    id AS context_id,
    'Course' AS context_type,
    CASE WHEN id % 10 <> 3 THEN id * 8 + 3 END AS assignment_id,
    CASE WHEN id % 21 = 2 THEN 'deleted' WHEN id % 15 = 7 THEN 'unpublished' ELSE 'available' END AS workflow_state,
    10.0 AS points_possible,
    CASE WHEN id % 10 = 3 THEN 'survey' ELSE 'assignment' END AS quiz_type,
    days_ago(id, 'quiz', 40, 90) AS published_at,
    days_ago(id, 'quiz', 40, 90) AS created_at,
    days_ago(id, 'quiz change', 0, 40) AS updated_at
FROM content_courses
WHERE has_quiz

-- table: quiz_submissions
SELECT
    enrollment_id AS id,
    course_id AS quiz_id,
    user_id,
    CASE WHEN course_id % 10 <> 3 THEN enrollment_id * 4 + 3 END AS submission_id,
    2 AS quiz_version,
    CASE WHEN enrollment_id % 19 <> 4 THEN roll(enrollment_id, 'quiz score', 21) / 2 END AS score,
    roll(enrollment_id, 'quiz score', 21) / 2 AS kept_score,
    1 + enrollment_id % 2 AS attempt,
    CASE WHEN enrollment_id % 19 = 4 THEN 'untaken' ELSE 'complete' END AS workflow_state,
    days_ago(enrollment_id, 'quiz taken', 1, 40) AS started_at,
    CASE WHEN enrollment_id % 19 <> 4 THEN started_at + INTERVAL 25 MINUTE END AS finished_at,
    started_at + INTERVAL 60 MINUTE AS end_at,
    10.0 AS quiz_points_possible,
    started_at AS created_at,
    started_at AS updated_at
FROM recent_students
WHERE takes_quiz

-- stage: bank_courses
SELECT id FROM content_courses WHERE has_quiz AND is_recent AND id % 4 = 1

-- table: assessment_question_banks
SELECT
    id,
    format('Bank of course {}', id) AS title,
    id AS context_id,
    'Course' AS context_type,
    CASE WHEN id % 40 = 9 THEN 'deleted' ELSE 'active' END AS workflow_state,
    now_at() - INTERVAL 90 DAY AS created_at,
    now_at() - INTERVAL 80 DAY AS updated_at
FROM bank_courses

-- table: assessment_questions
SELECT
    id * 2 + number AS id,
    ['Question, "first"', 'Frage №2'][number + 1] AS name,
    id AS assessment_question_bank_id,
    id AS context_id,
    'Course' AS context_type,
    'active' AS workflow_state,
    number + 1 AS position,
    format(E'---\n:question_type: essay_question\n:points_possible: 5.0\n:name: Question {}\n', number + 1)
        AS question_data,
    now_at() - INTERVAL 90 DAY AS created_at,
    now_at() - INTERVAL 80 DAY AS updated_at
FROM (SELECT id, unnest([0, 1]) AS number FROM bank_courses)

-- table: quiz_questions
SELECT
    id * 2 + number AS id,
    id AS quiz_id,
    id * 2 + number AS assessment_question_id,
    '{"question_type": "essay_question", "points_possible": 5.0}' AS question_data,
    number + 1 AS position,
    CASE WHEN id % 28 = 5 AND number = 1 THEN 'deleted' ELSE 'active' END AS workflow_state,
    now_at() - INTERVAL 90 DAY AS created_at,
    now_at() - INTERVAL 80 DAY AS updated_at
FROM (SELECT id, unnest([0, 1]) AS number FROM bank_courses)

-- table: discussion_topics
SELECT
    id * 2 + number AS id,
    id AS context_id,
    'Course' AS context_type,
    ['Introduce yourself', 'Welcome, everybody! 👋'][number + 1] AS title,
    CASE WHEN number = 1 THEN 'Announcement' END AS type,
    coalesce(only_state, CASE WHEN id % 8 = 3 THEN 'unpublished' WHEN id % 19 = 4 THEN 'deleted' ELSE 'active' END)
        AS workflow_state,
    days_ago(id, 'topic', 30, 200) AS posted_at,
    days_ago(id, 'topic', 30, 200) AS created_at,
    days_ago(id, 'topic change', 0, 30) AS updated_at
FROM (SELECT *, unnest([0, 1]) AS number FROM content_courses)
WHERE number = 0 OR id % 3 = 0

-- table: context_modules
SELECT
    id,
    id AS context_id,
    'Course' AS context_type,
    'Week 1' AS name,
    coalesce(only_state, CASE WHEN id % 6 = 2 THEN 'unpublished' ELSE 'active' END) AS workflow_state,
    CASE WHEN only_state = 'deleted' THEN now_at() - INTERVAL 30 DAY END AS deleted_at,
    days_ago(id, 'module', 30, 200) AS created_at,
    days_ago(id, 'module change', 0, 30) AS updated_at
FROM content_courses
WHERE id % 5 <> 4

-- table: wiki_pages
SELECT
    id,
    7000 + id AS wiki_id,
    id AS context_id,
    'Course' AS context_type,
    'Home' AS title,
    coalesce(only_state, CASE WHEN id % 7 = 2 THEN 'unpublished' ELSE 'active' END) AS workflow_state,
    days_ago(id, 'page', 30, 200) AS created_at,
    days_ago(id, 'page change', 0, 30) AS updated_at
FROM content_courses
WHERE id % 4 <> 3

-- table: post_policies
SELECT
    id,
    id AS course_id,
    CASE WHEN id % 3 = 0 THEN id * 8 END AS assignment_id,
    id % 4 = 1 AS post_manually,
    now_at() - INTERVAL 90 DAY AS created_at,
    now_at() - INTERVAL 80 DAY AS updated_at
FROM content_courses

-- table: custom_gradebook_columns
SELECT
    id,
    id AS course_id,
    CASE WHEN id % 2 = 0 THEN 'Notes' ELSE 'Seat, row' END AS title,
    1 AS position,
    CASE WHEN id % 3 = 0 THEN 'hidden' ELSE 'active' END AS workflow_state,
    id % 2 = 0 AS teacher_notes,
    now_at() - INTERVAL 50 DAY AS created_at,
    now_at() - INTERVAL 40 DAY AS updated_at,
    false AS read_only
FROM content_courses
WHERE id % 20 < 3

-- table: web_conferences
SELECT
    id,
    id AS context_id,
    'Course' AS context_type,
    'Office hours' AS title,
    'BigBlueButton' AS conference_type,
    teacher_id(first_teacher) AS user_id,
    days_ago(id, 'conference', 1, 90) AS started_at,
    started_at + INTERVAL 50 MINUTE AS ended_at,
    started_at AS created_at,
    started_at AS updated_at
FROM content_courses
WHERE id % 25 = 1

-- table: asset_user_accesses
SELECT
    enrollment_id AS id,
    user_id,
    course_id AS context_id,
    'Course' AS context_type,
    CASE WHEN enrollment_id % 3 = 0 THEN format('wiki_page_{}', course_id)
        ELSE format('assignment_{}', course_id * 8) END AS asset_code,
    CASE WHEN enrollment_id % 3 = 0 THEN 'wiki' ELSE 'assignments' END AS asset_category,
    days_ago(enrollment_id, 'seen', 0, 40) AS last_access,
    1 + roll(enrollment_id, 'views', 30) AS view_score,
    roll(enrollment_id, 'participations', 4) AS participate_score,
    CASE WHEN participate_score > 0 THEN 'participate' ELSE 'view' END AS action_level,
    now_at() - INTERVAL 50 DAY AS created_at,
    last_access AS updated_at
FROM recent_students
WHERE enrollment_id % 3 < 2
