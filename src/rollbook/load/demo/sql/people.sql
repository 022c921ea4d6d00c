-- People by ranges of ids (see macros.sql). What is odd about a person goes by the id alone, so
-- that even the smallest institution has each oddity.

-- stage: people
WITH kinds AS (
    SELECT
        id,
        CASE
            WHEN id <= n_admins() THEN 'admin'
            WHEN id <= n_admins() + n_teachers() THEN 'teacher'
            WHEN id < observer_id(0) THEN 'student'
            WHEN id < observer_id(0) + n_observers() THEN 'observer'
            WHEN id < tester_id(0) THEN 'guest'
            ELSE 'tester'
        END AS kind
    FROM range(1, n_users() + 1) AS numbers (id)
),
named AS (
    SELECT
        id,
        kind,
        CASE WHEN kind = 'tester' THEN 'Test' ELSE pick(id, 'given', given) END AS first_name,
        CASE WHEN kind = 'tester' THEN 'Student' ELSE pick(id, 'family', family) END AS last_name,
        CASE WHEN kind = 'tester' THEN ' ' ELSE joiner END AS joiner,
        is_family_first,
        joiner = ' ' AND slot < 64 AND kind <> 'tester' AS is_latin,
        CASE
            WHEN slot < 56 AND chance(id, 'middle', 180)
                THEN first_name || ' ' || chr(CAST(65 + roll(id, 'initial', 26) AS INTEGER)) || '.'
            ELSE first_name
        END AS given_names
    FROM kinds JOIN name_slots ON slot = id * 37 % 100
)
SELECT
    id,
    kind,
    first_name,
    last_name,
    CASE
        WHEN kind = 'tester' THEN 'Test Student'
        WHEN id % 23 = 4 THEN format('{} {} Jr.', given_names, last_name)
        WHEN id % 29 = 5 THEN format('{} {} {}', given_names, last_name, ['III', 'IV', 'Esq.'][1 + id % 3])
        WHEN id % 37 = 6 THEN format('{} "{}" {}', given_names, left(first_name, 3), last_name)
        WHEN id % 41 = 7 THEN format('{} {} 🎓', given_names, last_name)
        WHEN id % 43 = 8 THEN format('{} {}, PhD', given_names, last_name)
        WHEN id % 59 = 9 THEN first_name
        WHEN id % 67 = 11 THEN format('{}  {} ', given_names, last_name)
        WHEN id % 79 = 14 THEN format('{}{}{}', given_names, chr(160), last_name)
        WHEN is_family_first THEN last_name || joiner || given_names
        ELSE given_names || ' ' || last_name
    END AS name,
    CASE
        WHEN kind = 'tester' THEN 'Student, Test'
        WHEN id % 23 = 4 THEN format('{}, {}, Jr.', last_name, given_names)
        WHEN id % 29 = 5 THEN format('{}, {}, {}', last_name, given_names, ['III', 'IV', 'Esq.'][1 + id % 3])
        WHEN id % 43 = 8 THEN format('{}, {}, PhD', last_name, given_names)
        WHEN id % 59 = 9 THEN first_name
        WHEN id % 67 = 11 THEN format(' {} ,  {} ', last_name, given_names)
        WHEN id % 71 = 10 THEN NULL
        WHEN id % 73 = 12 THEN format('{} {}', given_names, last_name)
        ELSE format('{}, {}', last_name, given_names)
    END AS sortable_name,
    CASE
        WHEN id % 41 = 7 THEN first_name || ' 🎓'
        WHEN chance(id, 'short', 150) THEN first_name
        ELSE name
    END AS short_name,
    CASE
        WHEN kind IN ('admin', 'teacher', 'tester') THEN 'registered'
        WHEN id % 47 = 15 THEN 'deleted'
        WHEN id % 53 = 16 THEN 'pre_registered'
        WHEN id % 61 = 17 THEN 'creation_pending'
        ELSE 'registered'
    END AS state,
    CASE WHEN is_latin
        THEN lower(regexp_replace(strip_accents(left(first_name, 1) || last_name), '[^A-Za-z]', '', 'g'))
        ELSE 'user' END || id AS login
FROM named
ORDER BY id

-- table: users
SELECT
    id,
    name,
    sortable_name,
    short_name,
    state AS workflow_state,
    code(id, 'user') AS uuid,
    days_ago(id, 'user birth', 30, 2500) AS created_at,
    days_ago(id, 'user change', 0, 30) AS updated_at,
    CASE WHEN state = 'deleted' THEN updated_at END AS deleted_at,
    CASE WHEN chance(id, 'user zone', 250) THEN pick(id, 'zone', [
        'America/Los_Angeles', 'Europe/London', 'Asia/Kolkata', 'Asia/Tokyo', 'UTC', 'America/New_York'
    ]) END AS time_zone,
    CASE WHEN chance(id, 'user locale', 120) THEN pick(id, 'locale', ['es', 'fr', 'de', 'ar', 'zh-Hans'])
    END AS locale,
    code(id, 'user lti') AS lti_context_id,
    code(id, 'user lti id') AS lti_id,
    CASE WHEN kind <> 'tester' AND chance(id, 'pronouns', 350) THEN pick(id, 'which pronouns', [
        'she_her', 'he_him', 'they_them', 'she_her', 'he_him', 'ze/zir', 'any, really'
    ]) END AS pronouns,
    CASE WHEN state = 'deleted' AND id % 2 = 0 THEN id - 1 END AS merged_into_user_id,
    [1] AS root_account_ids
FROM people

-- stage: logins
-- Number 1 is the usual login, 2 and 3 further ones, 4 one at the partner college, 5 one at the
-- site admin account, 6 a shadow login of the vendor's identity service.
WITH numbered AS (
    SELECT people.*, unnest([1, 2, 3, 4, 5, 6]) AS number
    FROM people
    WHERE kind <> 'tester'
),
given AS (
    SELECT *
    FROM numbered
    WHERE CASE number
        WHEN 1 THEN id % 83 <> 18 AND id <> 4
        WHEN 2 THEN id % 13 = 3
        WHEN 3 THEN id % 39 = 3
        WHEN 4 THEN id % 31 = 19
        WHEN 5 THEN id IN (1, 2, 4)
        WHEN 6 THEN id % 97 = 20
    END
)
SELECT
    row_number() OVER (ORDER BY id, number) AS id,
    id AS user_id,
    number,
    kind,
    [1, 1, 1, 3, 2, 1][number] AS account_id,
    CASE
        WHEN state = 'deleted' THEN 'deleted'
        WHEN number = 1 AND kind <> 'admin' AND id % 37 = 21 THEN 'deleted'
        WHEN number = 1 AND kind <> 'admin' AND id % 41 = 22 THEN 'suspended'
        WHEN number = 2 AND id % 26 = 3 THEN 'deleted'
        WHEN number = 3 AND id % 5 = 2 THEN 'suspended'
        ELSE 'active'
    END AS state,
    CASE number
        WHEN 1 THEN login
        WHEN 2 THEN login || '@northfield.example.edu'
        WHEN 3 THEN upper(left(login, 1)) || substr(login, 2) || '.old'
        WHEN 6 THEN login || '@identity.example.com'
        ELSE login
    END AS unique_id,
    CASE
        WHEN number IN (2, 6) OR id % 17 = 2 THEN NULL
        WHEN number = 4 THEN format('LS{:07d}', id)
        WHEN number = 5 THEN NULL
        WHEN number = 3 THEN format('OLD-{}', id)
        WHEN kind = 'guest' THEN format('{:09d}', id)
        ELSE format('{}{:08d}', CASE kind WHEN 'student' THEN 'S' WHEN 'observer' THEN 'P' ELSE 'E' END, id)
    END AS sis_id
FROM given
ORDER BY user_id, number

-- table: pseudonyms
SELECT
    id,
    user_id,
    account_id,
    state AS workflow_state,
    unique_id,
    sis_id AS sis_user_id,
    CASE WHEN number = 1 AND chance(id, 'login integration', 170) THEN 'int-' || user_id END
        AS integration_id,
    CASE WHEN sis_id IS NOT NULL THEN sis_batch(id, 'login batch', 850) END AS sis_batch_id,
    CASE account_id
        WHEN 3 THEN 5
        WHEN 2 THEN 6
        ELSE CASE WHEN chance(id, 'provider', 600) THEN pick(id, 'which provider', [1, 1, 2, 3, 4]) END
    END AS authentication_provider_id,
    CASE WHEN number <> 6 AND chance(id, 'used', 880) THEN days_ago(id, 'request', 0, 300) END
        AS last_request_at,
    last_request_at - INTERVAL 1 DAY AS last_login_at,
    last_request_at - INTERVAL 20 MINUTE AS current_login_at,
    CASE WHEN last_request_at IS NOT NULL
        THEN format('203.0.113.{}', roll(id, 'last address', 255)) END AS last_login_ip,
    CASE
        WHEN last_request_at IS NULL THEN NULL
        WHEN chance(id, 'modern', 100) THEN format('2001:db8::{:x}', roll(id, 'address', 65000))
        ELSE format('198.51.100.{}', roll(id, 'address', 255))
    END AS current_login_ip,
    CASE WHEN last_request_at IS NULL THEN 0 ELSE 1 + roll(id, 'logins', 400) END AS login_count,
    CASE WHEN id % 11 <> 0 THEN number END AS position,
    days_ago(user_id, 'user birth', 30, 2500) AS created_at,
    days_ago(id, 'login change', 0, 30) AS updated_at,
    CASE WHEN state = 'deleted' THEN updated_at END AS deleted_at,
    CASE kind
        WHEN 'student' THEN 'student'
        WHEN 'teacher' THEN 'teacher'
        WHEN 'observer' THEN 'observer'
        WHEN 'admin' THEN 'administrative'
    END AS declared_user_type,
    number = 6 AS is_inst_id
FROM logins

-- table: communication_channels
-- Channels 1 and 2 are e-mail addresses at the university, 3 a private one, 4 and 5 telephones.
WITH numbered AS (
    SELECT people.*, unnest([1, 2, 3, 4, 5]) AS channel
    FROM people
    WHERE kind <> 'tester'
)
SELECT
    people.id * 5 + channel - 5 AS id,
    people.id AS user_id,
    logins.id AS pseudonym_id,
    CASE channel
        WHEN 1 THEN login || '@northfield.example.edu'
        WHEN 2 THEN login || '@students.northfield.example.edu'
        WHEN 3 THEN login || '@mail.example.com'
        ELSE format('+1555{:07d}', people.id)
    END AS path,
    ['email', 'email', 'personal_email', 'sms', 'push'][channel] AS path_type,
    CASE WHEN people.id % 33 <> 9 THEN channel END AS position,
    CASE
        WHEN channel = 1 AND people.id % 19 = 3 THEN 'retired'
        WHEN channel = 1 AND people.id % 22 = 4 THEN 'unconfirmed'
        WHEN channel = 2 AND people.id % 38 = 3 THEN 'retired'
        WHEN channel > 2 AND people.id % 3 = 1 THEN 'unconfirmed'
        ELSE 'active'
    END AS workflow_state,
    CASE WHEN people.id % 50 = 5 THEN 3 ELSE 0 END AS bounce_count,
    days_ago(people.id, 'user birth', 30, 2500) AS created_at,
    days_ago(people.id, 'channel change', 0, 400) AS updated_at
FROM numbered AS people
LEFT JOIN logins ON logins.user_id = people.id AND logins.number = 1
WHERE CASE channel
    WHEN 1 THEN people.id % 27 <> 8
    WHEN 2 THEN people.id % 19 = 3 OR people.id % 22 = 4
    WHEN 3 THEN people.id % 9 = 2
    WHEN 4 THEN people.id % 12 = 1
    WHEN 5 THEN people.id % 10 = 6
END
ORDER BY people.id, channel

-- table: user_past_lti_ids
SELECT
    row_number() OVER (ORDER BY id) AS id,
    id AS user_id,
    1 AS context_id,
    'Account' AS context_type,
    code(id, 'former user') AS user_uuid,
    code(id, 'former lti id') AS user_lti_id,
    code(id, 'former lti') AS user_lti_context_id
FROM people
WHERE state = 'registered' AND id % 45 = 1
