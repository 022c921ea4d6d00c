-- Outcomes of the root account (1 to 20) and of colleges, their groups and links, how courses are
-- aligned with them, and results.

-- stage: outcome_colleges
SELECT id AS account_id, id * 100 AS base FROM account_rows WHERE kind = 'college' OR id = 8

-- table: learning_outcome_groups
WITH of_root AS (
    SELECT * FROM (VALUES
        (1, 1, 'Northfield State University', NULL, NULL, 'active', NULL),
        (2, 1, 'Critical Thinking', 1, '<p>How to <em>argue</em>, "fairly"</p>', 'active', 'nsu:thinking'),
        (3, 1, 'Communication, Written & Oral', 1, NULL, 'active', NULL),
        (4, 1, 'Evidence', 2, '', 'active', 'nsu:evidence'),
        (5, 1, 'Retired Group', 1, NULL, 'deleted', 'nsu:retired'),
        (6, 1, 'Below a Retired Group', 5, NULL, 'active', 'nsu:below'),
        (7, 1, 'Quellen & Daten', 4, NULL, 'active', NULL)
    ) AS rows (id, account_id, title, parent_id, description, state, guid)
),
of_colleges AS (
    SELECT
        base + number,
        account_id,
        CASE number WHEN 0 THEN format('Outcomes of account {}', account_id) WHEN 1 THEN 'Practice' ELSE 'Lab, field' END,
        CASE WHEN number > 0 THEN base + number - 1 END,
        CASE WHEN number = 1 THEN E'Two\nlines' END,
        'active',
        CASE WHEN number = 1 THEN format('group:{}', base) END
    FROM outcome_colleges CROSS JOIN (VALUES (0), (1), (2)) AS numbers (number)
)
SELECT
    id,
    account_id AS context_id,
    'Account' AS context_type,
    title,
    description,
    parent_id AS learning_outcome_group_id,
    CASE WHEN parent_id IS NOT NULL THEN CASE WHEN id < 100 THEN 1 ELSE id // 100 * 100 END END
        AS root_learning_outcome_group_id,
    state AS workflow_state,
    guid AS vendor_guid,
    days_ago(id, 'outcome group', 300, 1500) AS created_at,
    days_ago(id, 'outcome group change', 0, 300) AS updated_at
FROM (FROM of_root UNION ALL FROM of_colleges)

-- stage: outcome_rows
-- The scale of an outcome is one of four: as Postgres has it, as JSON, of whole numbers, none.
WITH numbered AS (
    SELECT id, 1 AS account_id, CAST(1 AS BIGINT) AS base, id AS number FROM range(1, 21) AS numbers (id)
    UNION ALL
    SELECT base + number, account_id, base, number
    FROM outcome_colleges CROSS JOIN range(1, 6) AS numbers (number)
)
SELECT
    *,
    id % 4 AS scale,
    CASE WHEN id = 19 THEN NULL ELSE account_id END AS context_id,
    CASE WHEN base = 1 THEN [1, 2, 3, 4, 5, 7][CAST(1 + id % 6 AS INTEGER)] ELSE base + id % 3 END AS group_id,
    CASE
        WHEN id = 18 THEN 'deleted'
        WHEN number % 9 = 8 THEN 'archived'
        WHEN number % 9 = 7 THEN 'retired'
        ELSE 'active'
    END AS state
FROM numbered

-- table: learning_outcomes
SELECT
    id,
    context_id,
    CASE WHEN context_id IS NOT NULL THEN 'Account' END AS context_type,
    format('{} {}', pick(number, 'outcome', [
        'Argues from evidence', 'Écrit clairement', 'Weighs sources, "old" and new', '数的思考', 'Works with others'
    ]), id) AS short_description,
    CASE WHEN id % 3 = 1 THEN format('I can do {}', id) END AS display_name,
    CASE WHEN id % 5 <> 2 THEN format('<p>Outcome {}, at length</p>', id) END AS description,
    CASE scale
        WHEN 1 THEN format(E'---\n:rubric_criterion:\n  :description: Criterion {}\n  :ratings:\n'
            || E'  - :description: Strong\n    :points: 4.0\n  - :description: Fair, mostly\n    :points: 2.5\n'
            || E'  - :description: Weak\n    :points: 0.0\n  :mastery_points: 2.5\n  :points_possible: 4.0\n', id)
        WHEN 2 THEN '{"rubric_criterion": {"description": "As JSON", "mastery_points": 3.0, '
            || '"points_possible": 5.0, "ratings": [{"description": "Excellent", "points": 5.0}, '
            || '{"description": "Good", "points": 3.0}, {"description": "Not yet", "points": 0.0}]}}'
        WHEN 3 THEN E'---\n:rubric_criterion:\n  :description: Whole numbers\n  :ratings:\n'
            || E'  - :description: Yes\n    :points: 1\n  - :description: "No"\n    :points: 0\n'
            || E'  :mastery_points: 1\n  :points_possible: 1\n'
    END AS data,
    state AS workflow_state,
    ['decaying_average', 'n_mastery', 'latest', 'highest', 'average'][CAST(1 + id % 5 AS INTEGER)]
        AS calculation_method,
    [65, 5, NULL, NULL, NULL][CAST(1 + id % 5 AS INTEGER)] AS calculation_int,
    CASE WHEN id % 3 <> 2 THEN format('outcome:{}', id) END AS vendor_guid,
    days_ago(id, 'outcome birth', 300, 1500) AS created_at,
    days_ago(id, 'outcome change', 0, 300) AS updated_at
FROM outcome_rows

-- stage: outcome_courses
-- Courses aligned with an outcome through their first assignment; those with a bank also through it.
SELECT
    content_courses.id AS course_id,
    content_courses.first_teacher,
    CASE WHEN content_courses.id % 4 = 2 AND college.base IS NOT NULL
        THEN college.base + 1 + content_courses.id % 5 ELSE 1 + content_courses.id % 20 END AS outcome_id,
    1 + (content_courses.id + 7) % 20 AS quiz_outcome_id,
    bank_courses.id IS NOT NULL AS has_bank
FROM content_courses
LEFT JOIN bank_courses ON bank_courses.id = content_courses.id
LEFT JOIN (
    SELECT account_chains.account_id, outcome_colleges.base
    FROM account_chains JOIN outcome_colleges ON outcome_colleges.account_id = ancestor_id
) AS college ON college.account_id = content_courses.account_id
WHERE is_recent AND (content_courses.id % 5 < 2 OR bank_courses.id IS NOT NULL)

-- table: content_tags
WITH links AS (
    SELECT id AS outcome_id, account_id, group_id, 0 AS number, base FROM outcome_rows
    UNION ALL
    -- Some outcomes lie in a second group, or are linked from another account.
    SELECT id, account_id, CASE WHEN base = 1 THEN 3 ELSE base + 2 END, 1, base
    FROM outcome_rows WHERE id % 5 = 3
    UNION ALL
    SELECT 1 + account_id % 20, account_id, base + 1, 2, base FROM outcome_colleges
),
association_tags AS (
    SELECT
        row_number() OVER (ORDER BY account_id, outcome_id, number) AS id,
        outcome_id AS content_id,
        'LearningOutcome' AS content_type,
        account_id AS context_id,
        'Account' AS context_type,
        'learning_outcome_association' AS tag_type,
        CASE WHEN number = 1 AND outcome_id % 10 = 3 THEN 'deleted' ELSE 'active' END AS workflow_state,
        group_id AS associated_asset_id,
        'LearningOutcomeGroup' AS associated_asset_type,
        NULL AS learning_outcome_id,
        NULL AS rubric_association_id,
        NULL AS mastery_score,
        NULL AS context_module_id,
        NULL AS title
    FROM links
),
alignment_tags AS (
    SELECT
        100000 + course_id * 2,
        course_id * 8,
        'Assignment',
        course_id,
        'Course',
        'learning_outcome',
        CASE WHEN course_id % 35 = 1 THEN 'deleted' ELSE 'active' END,
        NULL,
        NULL,
        outcome_id,
        course_id,
        NULL,
        NULL,
        'Essay'
    FROM outcome_courses
),
bank_tags AS (
    SELECT
        100001 + course_id * 2, course_id, 'AssessmentQuestionBank', course_id, 'Course', 'learning_outcome',
        'active', NULL, NULL, quiz_outcome_id, NULL, 0.6, NULL, 'Bank'
    FROM outcome_courses WHERE has_bank
),
module_tags AS (
    SELECT
        1000000 + id, id * 8, 'Assignment', id, 'Course', 'context_module',
        CASE WHEN id % 6 = 2 THEN 'unpublished' ELSE 'active' END, NULL, NULL, NULL, NULL, NULL, id, 'Essay'
    FROM content_courses WHERE id % 5 = 1 AND NOT is_empty
)
SELECT
    *,
    1 AS position,
    days_ago(id, 'tag birth', 100, 400) AS created_at,
    days_ago(id, 'tag change', 0, 100) AS updated_at
FROM (
    FROM association_tags UNION ALL FROM alignment_tags UNION ALL FROM bank_tags UNION ALL FROM module_tags
)

-- table: rubrics
SELECT
    course_id AS id,
    course_id AS context_id,
    'Course' AS context_type,
    format('Rubric {}', course_id) AS title,
    format(E'---\n- :id: criterion_{}\n  :learning_outcome_id: {}\n  :points: 4.0\n', course_id, outcome_id) AS data,
    4.0 AS points_possible,
    CASE WHEN course_id % 35 = 1 THEN 'deleted' ELSE 'active' END AS workflow_state,
    teacher_id(first_teacher) AS user_id,
    1 AS association_count,
    now_at() - INTERVAL 70 DAY AS created_at,
    now_at() - INTERVAL 60 DAY AS updated_at
FROM outcome_courses

-- table: rubric_associations
SELECT
    course_id AS id,
    course_id AS rubric_id,
    course_id * 8 AS association_id,
    'Assignment' AS association_type,
    course_id AS context_id,
    'Course' AS context_type,
    'grading' AS purpose,
    course_id % 2 = 0 AS use_for_grading,
    format('Rubric {}', course_id) AS title,
    now_at() - INTERVAL 70 DAY AS created_at,
    now_at() - INTERVAL 60 DAY AS updated_at,
    CASE WHEN course_id % 35 = 1 THEN 'deleted' ELSE 'active' END AS workflow_state,
    course_id % 11 = 2 AS hide_points
FROM outcome_courses

-- stage: result_rows
-- Two of three students have a result of the assignment; whoever takes a quiz with a bank has
-- one of it, too.
WITH drawn AS (
    SELECT enrollment_id * 2 AS id, recent_students.*, outcome_courses.* EXCLUDE (course_id), false AS of_quiz
    FROM recent_students JOIN outcome_courses USING (course_id)
    WHERE enrollment_id % 3 <> 2
    UNION ALL
    SELECT enrollment_id * 2 + 1, recent_students.*, outcome_courses.* EXCLUDE (course_id), true
    FROM recent_students JOIN outcome_courses USING (course_id)
    WHERE has_bank AND takes_quiz AND enrollment_id % 3 <> 1
)
SELECT
    *,
    roll(id, 'outcome score', 9) / 2 AS points,
    days_ago(id, 'assessed', 1, 40) AS assessed_at,
    CASE WHEN id % 31 = 4 THEN 'deleted' ELSE 'active' END AS state,
    id % 27 = 5 AS hides_points
FROM drawn

-- table: rubric_assessments
SELECT
    enrollment_id AS id,
    course_id AS rubric_id,
    course_id AS rubric_association_id,
    user_id,
    teacher_id(first_teacher) AS assessor_id,
    enrollment_id * 4 AS artifact_id,
    'Submission' AS artifact_type,
    'grading' AS assessment_type,
    points AS score,
    format(E'---\n- :criterion_id: criterion_{}\n  :points: {}\n', course_id, points) AS data,
    1 AS artifact_attempt,
    assessed_at AS created_at,
    assessed_at AS updated_at,
    hides_points AS hide_points
FROM result_rows
WHERE NOT of_quiz

-- table: learning_outcome_results
SELECT
    id,
    user_id,
    CASE WHEN of_quiz THEN quiz_outcome_id ELSE outcome_id END AS learning_outcome_id,
    CASE WHEN of_quiz THEN 100001 ELSE 100000 END + course_id * 2 AS content_tag_id,
    course_id AS context_id,
    'Course' AS context_type,
    'course_' || course_id AS context_code,
    CASE WHEN of_quiz THEN course_id WHEN id % 4 = 0 THEN course_id ELSE course_id * 8 END AS association_id,
    CASE
        WHEN of_quiz AND id % 7 = 1 THEN 'Quiz'
        WHEN of_quiz THEN 'Quizzes::Quiz'
        WHEN id % 4 = 0 THEN 'RubricAssociation'
        ELSE 'Assignment'
    END AS association_type,
    course_id * 8 AS associated_asset_id,
    'Assignment' AS associated_asset_type,
    CASE
        WHEN of_quiz THEN enrollment_id
        WHEN id % 46 = 6 THEN enrollment_id * 4
        WHEN id % 46 <> 8 THEN enrollment_id
    END AS artifact_id,
    CASE
        WHEN of_quiz AND id % 7 = 1 THEN 'QuizSubmission'
        WHEN of_quiz THEN 'Quizzes::QuizSubmission'
        WHEN id % 46 = 6 THEN 'Submission'
        WHEN id % 46 <> 8 THEN 'RubricAssessment'
    END AS artifact_type,
    CASE WHEN id % 37 <> 9 THEN points END AS score,
    CASE WHEN id % 39 <> 10 THEN 4.0 END AS possible,
    CASE WHEN id % 5 < 3 THEN points / 4 END AS percent,
    CASE WHEN id % 43 <> 11 THEN points >= 2.5 END AS mastery,
    1 + id % 3 AS attempt,
    points AS original_score,
    4.0 AS original_possible,
    points >= 2.5 AS original_mastery,
    format('Result {}', id) AS title,
    assessed_at,
    assessed_at - INTERVAL 2 DAY AS submitted_at,
    assessed_at AS created_at,
    assessed_at AS updated_at,
    state AS workflow_state,
    false AS hidden,
    hides_points AS hide_points,
    code(user_id, 'user') AS user_uuid
FROM result_rows

-- table: learning_outcome_question_results
SELECT
    id * 2 + number AS id,
    id AS learning_outcome_result_id,
    quiz_outcome_id AS learning_outcome_id,
    course_id * 2 + number AS associated_asset_id,
    'AssessmentQuestion' AS associated_asset_type,
    roll(id * 2 + number, 'question score', 11) / 2 AS score,
    5.0 AS possible,
    score / 5 AS percent,
    score >= 3 AS mastery,
    1 + id % 3 AS attempt,
    score AS original_score,
    5.0 AS original_possible,
    score >= 3 AS original_mastery,
    format('Question {}', number + 1) AS title,
    assessed_at,
    assessed_at AS submitted_at,
    assessed_at AS created_at,
    assessed_at AS updated_at
FROM (SELECT *, unnest([0, 1]) AS number FROM result_rows WHERE of_quiz AND id % 5 <> 2)

-- table: outcome_proficiencies
SELECT
    *,
    1 AS root_account_id,
    days_ago(id, 'proficiency birth', 100, 400) AS created_at,
    days_ago(id, 'proficiency change', 0, 100) AS updated_at
FROM (VALUES
    (1, 1, 'Account', 1, 'active'),
    (2, 11, 'Account', 11, 'active'),
    (3, 12, 'Account', 12, 'deleted'),
    (4, 1, 'Course', NULL, 'active')
) AS rows (id, context_id, context_type, account_id, workflow_state)

-- table: outcome_proficiency_ratings
SELECT
    proficiency_id * 10 + number AS id,
    proficiency_id AS outcome_proficiency_id,
    ['Exceeds', 'Meets, fully', 'Nearly "there"', 'Not yet'][number] AS description,
    CAST([4, 3, 1.5, 0][number] + CASE WHEN proficiency_id = 2 THEN 6 ELSE 0 END AS DOUBLE) AS points,
    number = 2 AS mastery,
    ['127A1B', '0B874B', 'FAB901', 'E0061F'][number] AS color,
    CASE WHEN proficiency_id = 3 THEN 'deleted' ELSE 'active' END AS workflow_state,
    1 AS root_account_id,
    days_ago(proficiency_id, 'proficiency birth', 100, 400) AS created_at,
    days_ago(proficiency_id, 'proficiency change', 0, 100) AS updated_at
FROM (SELECT unnest([1, 2, 3, 4]) AS proficiency_id) CROSS JOIN (SELECT unnest([1, 2, 3, 4]) AS number)

-- table: outcome_calculation_methods
SELECT
    *,
    1 AS root_account_id,
    days_ago(id, 'method birth', 100, 400) AS created_at,
    days_ago(id, 'method change', 0, 100) AS updated_at
FROM (VALUES
    (1, 'Account', 1, 65, 'decaying_average', 'active'),
    (2, 'Account', 11, NULL, 'highest', 'active'),
    (3, 'Course', 1, 5, 'n_mastery', 'deleted')
) AS rows (id, context_type, context_id, calculation_int, calculation_method, workflow_state)

-- table: outcome_friendly_descriptions
SELECT
    row_number() OVER (ORDER BY outcome_rows.id, accounts.account_id) AS id,
    outcome_rows.id AS learning_outcome_id,
    'Account' AS context_type,
    accounts.account_id AS context_id,
    format('In plain words, for account {}: outcome {}', accounts.account_id, outcome_rows.id) AS description,
    CASE WHEN outcome_rows.id % 6 = 5 THEN 'deleted' ELSE 'active' END AS workflow_state,
    1 AS root_account_id,
    days_ago(outcome_rows.id, 'friendly birth', 100, 400) AS created_at,
    days_ago(outcome_rows.id, 'friendly change', 0, 100) AS updated_at
FROM outcome_rows CROSS JOIN (VALUES (1), (11)) AS accounts (account_id)
WHERE outcome_rows.id % 3 = 2 AND (accounts.account_id = 1 OR outcome_rows.id % 4 = 1)
