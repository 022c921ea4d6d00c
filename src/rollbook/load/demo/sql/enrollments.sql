-- The slots of a course are filled in turn: a teacher, an assistant, an observer, a designer,
-- sometimes a test student, then students; in large courses further assistants and observers.

-- stage: role_rows
SELECT * FROM (VALUES
    (1, 'StudentEnrollment', 'StudentEnrollment', NULL, 'built_in'),
    (2, 'TeacherEnrollment', 'TeacherEnrollment', NULL, 'built_in'),
    (3, 'TaEnrollment', 'TaEnrollment', NULL, 'built_in'),
    (4, 'DesignerEnrollment', 'DesignerEnrollment', NULL, 'built_in'),
    (5, 'ObserverEnrollment', 'ObserverEnrollment', NULL, 'built_in'),
    (6, 'AccountAdmin', 'AccountAdmin', NULL, 'built_in'),
    (7, 'AccountMembership', 'AccountMembership', NULL, 'built_in'),
    (11, 'Auditor', 'StudentEnrollment', 1, 'active'),
    (12, 'Course Coordinator', 'TeacherEnrollment', 1, 'active'),
    (13, 'Grader, "blind"', 'TaEnrollment', 1, 'active'),
    (14, 'Parent', 'ObserverEnrollment', 1, 'inactive'),
    (15, 'Librarian', 'DesignerEnrollment', 1, 'deleted'),
    (16, 'Report Reader', 'AccountMembership', 1, 'active'),
    (17, 'Department Admin', 'AccountMembership', 1, 'active'),
    (18, 'Help Desk', 'AccountMembership', 1, 'active'),
    (19, 'Former Registrar', 'AccountMembership', 1, 'deleted')
) AS rows (id, name, base_role_type, account_id, state)

-- table: roles
SELECT
    id,
    name,
    base_role_type,
    account_id,
    1 AS root_account_id,
    state AS workflow_state,
    days_ago(id, 'role birth', 1000, 3000) AS created_at,
    days_ago(id, 'role change', 100, 900) AS updated_at,
    CASE WHEN state = 'deleted' THEN updated_at END AS deleted_at
FROM role_rows

-- stage: enrollment_rows
WITH slots AS (
    SELECT
        slots_start + slot + 1 AS id,
        slot,
        course_rows.id AS home_course_id,
        size,
        sections,
        first_student,
        first_teacher,
        term_kind,
        course_rows.state AS course_state,
        CASE
            WHEN slot = 0 THEN 'TeacherEnrollment'
            WHEN slot = 1 AND size > 6 THEN
                CASE WHEN course_rows.id % 6 = 1 THEN 'TeacherEnrollment' ELSE 'TaEnrollment' END
            WHEN slot = 2 AND size > 9 THEN 'ObserverEnrollment'
            WHEN slot = 3 AND size > 12 AND course_rows.id % 2 = 0 THEN 'DesignerEnrollment'
            WHEN slot = 4 AND size > 9 AND course_rows.id % 6 = 5 THEN 'StudentViewEnrollment'
            WHEN slot % 40 = 25 THEN 'TaEnrollment'
            WHEN slot % 16 = 14 THEN 'ObserverEnrollment'
            ELSE 'StudentEnrollment'
        END AS type
    FROM (SELECT *, unnest(range(size)) AS slot FROM course_rows) AS course_rows
),
people_in AS (
    SELECT
        *,
        CASE type
            WHEN 'TeacherEnrollment' THEN teacher_id(first_teacher + slot)
            WHEN 'DesignerEnrollment' THEN teacher_id(first_teacher + slot)
            -- Assistants are students that come after those who take the course.
            WHEN 'TaEnrollment' THEN student_id(first_student + size + slot)
            -- An observer comes with the student of the next slot.
            WHEN 'ObserverEnrollment' THEN observer_id(student_id(first_student + slot + 1))
            WHEN 'StudentViewEnrollment' THEN tester_id(home_course_id)
            -- Sometimes the last slot is a student's second section.
            ELSE student_id(first_student
                + CASE WHEN slot = size - 1 AND size > 30 AND home_course_id % 3 = 0 AND sections > 1
                    THEN slot - 1 ELSE slot END)
        END AS user_id,
        -- The next slot may hold nobody whom one could observe.
        CASE WHEN type = 'ObserverEnrollment' AND slot + 1 < size AND (slot <> 2 OR home_course_id % 6 = 1)
            AND home_course_id % 11 <> 4
            THEN student_id(first_student + slot + 1) END AS associated_user_id
    FROM slots
),
placed AS (
    SELECT
        people_in.*,
        section_rows.id AS section_id,
        section_rows.course_id,
        section_rows.state AS section_state,
        people.state AS user_state,
        roll(people_in.id, 'enrollment state', 1000) AS luck
    FROM people_in
    JOIN section_rows
        ON section_rows.home_course_id = people_in.home_course_id
        AND section_rows.ordinal = people_in.slot % people_in.sections
    JOIN people ON people.id = people_in.user_id
)
SELECT
    * EXCLUDE (luck, user_state, first_student, first_teacher),
    CASE
        WHEN user_state = 'deleted' THEN 'deleted'
        WHEN (course_state = 'deleted' OR section_state = 'deleted') AND luck < 800 THEN 'deleted'
        WHEN type = 'StudentViewEnrollment' OR slot = 0 THEN 'active'
        WHEN user_state = 'creation_pending' THEN 'creation_pending'
        WHEN luck < 50 THEN 'deleted'
        WHEN luck < 75 THEN 'inactive'
        WHEN luck < 85 THEN 'rejected'
        WHEN luck < 95 THEN 'creation_pending'
        WHEN luck < 130 AND term_kind <> 'past' THEN 'invited'
        WHEN luck < 150 THEN 'completed'
        WHEN term_kind = 'past' AND luck < 800 THEN 'completed'
        ELSE 'active'
    END AS state,
    CASE
        WHEN type = 'TaEnrollment' AND slot > 1 THEN 13
        WHEN type = 'TeacherEnrollment' AND slot = 1 THEN 12
        WHEN type = 'ObserverEnrollment' AND home_course_id % 5 = 2 THEN 14
        WHEN type = 'DesignerEnrollment' AND home_course_id % 8 = 2 THEN 15
        WHEN type = 'StudentEnrollment' AND chance(id, 'auditor', 15) THEN 11
        ELSE CASE type
            WHEN 'TeacherEnrollment' THEN 2
            WHEN 'TaEnrollment' THEN 3
            WHEN 'DesignerEnrollment' THEN 4
            WHEN 'ObserverEnrollment' THEN 5
            ELSE 1
        END
    END AS role_id
FROM placed

-- stage: second_logins
SELECT user_id, min(id) AS login_id FROM logins WHERE number IN (2, 3) GROUP BY user_id

-- table: enrollments
SELECT
    enrollment_rows.id,
    enrollment_rows.user_id,
    course_id,
    section_id AS course_section_id,
    1 AS root_account_id,
    type,
    role_id,
    state AS workflow_state,
    associated_user_id,
    CASE WHEN home_course_id % 9 <> 5 AND type <> 'StudentViewEnrollment'
        THEN sis_batch(enrollment_rows.id, 'enrollment batch', 850) END AS sis_batch_id,
    CASE WHEN state = 'completed' THEN days_ago(home_course_id, 'completed', 10, 400) END AS completed_at,
    enrollment_rows.id % 31 = 2 AS limit_privileges_to_course_section,
    CASE
        WHEN state IN ('invited', 'creation_pending', 'rejected') OR term_kind = 'future' THEN NULL
        WHEN enrollment_rows.id % 7 = 3 THEN NULL
        WHEN term_kind = 'past' THEN days_ago(enrollment_rows.id, 'activity', 90, 700)
        ELSE days_ago(enrollment_rows.id, 'activity', 0, 45)
    END AS last_activity_at,
    CASE WHEN last_activity_at IS NOT NULL THEN 60 * roll(enrollment_rows.id, 'activity time', 3000) END
        AS total_activity_time,
    enrollment_rows.id % 67 = 5 AS self_enrolled,
    days_ago(home_course_id, 'enrollments birth', 20, 60) AS created_at,
    days_ago(enrollment_rows.id, 'enrollment change', 0, 120) AS updated_at,
    CASE WHEN enrollment_rows.id % 3 = 0 THEN second_logins.login_id END AS sis_pseudonym_id,
    CASE WHEN type = 'TeacherEnrollment' AND slot = 1 AND home_course_id % 12 = 1
        THEN lag(enrollment_rows.user_id) OVER same_course END AS temporary_enrollment_source_user_id
FROM enrollment_rows
LEFT JOIN second_logins ON second_logins.user_id = enrollment_rows.user_id
WINDOW same_course AS (ORDER BY enrollment_rows.id)

-- table: enrollment_states
SELECT
    id AS enrollment_id,
    CASE
        WHEN state = 'active' AND term_kind = 'past' THEN 'completed'
        WHEN state = 'active' AND term_kind = 'future' AND type = 'StudentEnrollment' THEN 'pending_active'
        WHEN state = 'active' AND course_state = 'completed' THEN 'completed'
        WHEN state = 'invited' AND term_kind = 'future' THEN 'pending_invited'
        ELSE state
    END AS state,
    true AS state_is_current,
    days_ago(home_course_id, 'enrollments birth', 20, 60) AS state_started_at,
    state IN ('pending_active', 'pending_invited') AS restricted_access,
    true AS access_is_current,
    days_ago(id, 'state change', 0, 20) AS updated_at
FROM enrollment_rows

-- table: user_observers
-- Who observes a student in a course also observes them outside it; some links have no course.
WITH in_courses AS (
    SELECT DISTINCT associated_user_id AS student_id, user_id AS observer_id
    FROM enrollment_rows
    WHERE associated_user_id IS NOT NULL
),
others AS (
    SELECT id, observer_id(id + 1) FROM people WHERE kind = 'student' AND id % 45 = 7
)
SELECT
    row_number() OVER (ORDER BY student_id, observer_id) AS id,
    student_id AS user_id,
    observer_id,
    CASE WHEN chance(student_id, 'link end', 120) THEN 'deleted' ELSE 'active' END AS workflow_state,
    sis_batch(student_id, 'link batch', 500) AS sis_batch_id,
    days_ago(student_id, 'link birth', 100, 700) AS created_at,
    days_ago(student_id, 'link change', 0, 100) AS updated_at,
    1 AS root_account_id
FROM (FROM in_courses UNION FROM others)
ORDER BY id
