-- External tools, developer keys and tokens.

-- table: developer_keys
-- Key 1 is the one of tokens that people make by hand; keys without an account are the site's.
SELECT
    *,
    CASE WHEN email IS NOT NULL THEN 1 END AS user_id,
    ['https://keys.example.com/return'] AS redirect_uris,
    id * 3 AS access_token_count,
    scopes IS NOT NULL AS require_scopes,
    days_ago(id, 'key birth', 200, 2000) AS created_at,
    days_ago(id, 'key change', 0, 200) AS updated_at
FROM (VALUES
    (1, NULL, 'User-Generated', 'site@example.com', 'active', true, false, NULL),
    (2, NULL, 'Mobile App', 'mobile@example.com', 'active', true, false, NULL),
    (3, NULL, 'Site Study Tool', NULL, 'active', true, true,
        E'---\n- https://purl.example.org/scope/lineitem\n- https://purl.example.org/scope/score\n'),
    (4, NULL, 'Hidden Vendor Key', NULL, 'active', false, false, NULL),
    (5, 1, 'Registrar Sync', 'registrar@northfield.example.edu', 'active', true, false,
        E'---\n- url:GET|/api/v1/accounts/:id\n- url:POST|/api/v1/accounts/:account_id/reports/:report\n'),
    (6, 1, 'Library Reserves, LTI 1.3', 'library@northfield.example.edu', 'active', true, true, '[]'),
    (7, 1, 'Old Gradebook Script', NULL, 'inactive', false, false, NULL),
    (8, 1, 'Deleted Experiment', NULL, 'deleted', true, false, NULL),
    (9, 1, 'Portfolio "Dynamic" Tool', 'portfolio@example.com', 'active', true, true, '["scope:read"]'),
    (10, 11, 'Key of a College', NULL, 'active', true, false, NULL),
    (11, 1, NULL, '', 'active', true, false, NULL),
    (12, 1, 'Legacy LTI Tool', NULL, 'active', true, true, NULL)
) AS rows (id, account_id, name, email, workflow_state, visible, is_lti_key, scopes)

-- table: developer_key_account_bindings
SELECT
    *,
    CASE WHEN account_id = 2 THEN 2 ELSE 1 END AS root_account_id,
    days_ago(id, 'binding birth', 100, 900) AS created_at,
    days_ago(id, 'binding change', 0, 100) AS updated_at
FROM (VALUES
    (1, 2, 1, 'on'), (2, 2, 2, 'allow'), (3, 1, 2, 'off'), (4, 2, 3, 'off'), (5, 1, 3, 'on'),
    (6, 1, 5, 'on'), (7, 1, 6, 'allow'), (8, 11, 6, 'on'), (9, 1, 7, 'on'), (10, 1, 9, 'off'),
    (11, 11, 10, 'on'), (12, 12, 9, 'on'), (13, 12, 6, 'off')
) AS rows (id, account_id, developer_key_id, workflow_state)

-- table: lti_tool_configurations
SELECT
    *,
    'public' AS privacy_level,
    days_ago(id, 'configuration birth', 100, 900) AS created_at,
    days_ago(id, 'configuration change', 0, 100) AS updated_at
FROM (VALUES
    (1, 3, '{"title": "Study Tool"}', '[{"placement": "course_navigation"}, {"placement": "link_selection"}]', ['link_selection']),
    (2, 6, '{"title": "Reserves"}', '[{"placement": "editor_button", "enabled": true}, {"enabled": true}]', NULL),
    (3, 12, '{"title": "Legacy", "extensions": [{"platform": "other.example.com", "settings": {}}, '
        || '{"platform": "canvas.instructure.com", "settings": {"placements": [{"placement": "account_navigation"}, '
        || '{"placement": "user_navigation"}]}}]}', NULL, NULL),
    (4, 9, '{"title": "Not used"}', '[{"placement": "homework_submission"}]', NULL)
) AS rows (id, developer_key_id, settings, placements, disabled_placements)

-- table: lti_ims_registrations
SELECT
    1 AS id,
    9 AS developer_key_id,
    '{"domain": "portfolio.example.com", "messages": ['
    || '{"type": "LtiDeepLinkingRequest", "placements": ["RichTextEditor", "ContentArea"]}, '
    || '{"type": "LtiResourceLinkRequest"}, {"type": "LtiEulaRequest", "placements": ["file_menu"]}, '
    || '{"type": "LtiResourceLinkRequest", "placements": ["https://canvas.instructure.com/lti/course_navigation", '
    || '"no_such_placement", "ContentArea"]}]}' AS lti_tool_configuration,
    'Portfolio "Dynamic" Tool' AS client_name,
    '["scope:read"]' AS scopes,
    now_at() - INTERVAL 300 DAY AS created_at,
    now_at() - INTERVAL 200 DAY AS updated_at

-- table: lti_registrations
SELECT
    *,
    1 AS account_id,
    1 AS root_account_id,
    now_at() - INTERVAL 300 DAY AS created_at,
    now_at() - INTERVAL 200 DAY AS updated_at
FROM (VALUES
    (1, 'Library Reserves', 'Reserves', 'Library, Inc.', 'active'),
    (2, 'Portfolio', NULL, 'Portfolio GmbH', 'active'),
    (3, 'Legacy', NULL, NULL, 'deleted')
) AS rows (id, name, admin_nickname, vendor, workflow_state)

-- table: context_external_tools
WITH offers AS (
    SELECT * FROM (VALUES
        (0, 'Library Reserves', 'reserves', 'https://reserves.example.com/launch', 'public',
            E'--- !ruby/hash:ActiveSupport::HashWithIndifferentAccess\ncustom_fields:\n'
            || E'  canvas_user: $Canvas.user.id\n  term: ''Fall "A", 2025''\n'),
        (1, 'Wiki, shared', NULL, NULL, 'anonymous', E'---\n:custom_fields: {}\n:course_navigation:\n  :enabled: true\n'),
        (2, 'Café-Planer', 'planer', 'https://planer.example.com/lti?a=1&b=2', 'name_only',
            '{"custom_fields": {"level": 3, "on": true, "none": null}}'),
        (3, 'Video "Studio"', 'video', 'https://video.example.com/lti', 'email_only', '{}'),
        (4, 'Switched Off', NULL, 'https://off.example.com/lti', 'disabled', NULL),
        (5, 'Taken Away', 'gone', 'https://gone.example.com/lti', 'deleted',
            E'---\n:custom_fields:\n  :key: a \#{b} \\ c\n'),
        (6, 'Text Fields', NULL, 'https://text.example.com/lti', 'public', '{"custom_fields": "a=1\nb=2"}')
    ) AS rows (offer, name, tool_id, url, state, settings)
),
placed AS (
    SELECT 'Account' AS context_type, account_rows.id AS context_id, offer
    FROM account_rows, offers
    WHERE CASE
        WHEN account_rows.id = 1 THEN true
        WHEN account_rows.id IN (6, 7, 9) THEN offer < 2
        ELSE account_rows.id > 3 AND (account_rows.id + offer) % 8 = 3
    END
    UNION ALL
    SELECT 'Course', course_rows.id, offer
    FROM course_rows, offers
    WHERE (course_rows.id + offer * 5) % 33 IN (6, 22)
)
SELECT
    row_number() OVER (ORDER BY context_type, context_id, offer) AS id,
    context_id,
    context_type,
    name,
    CASE WHEN offer = 2 THEN E'Plans\nin two lines' END AS description,
    CASE WHEN url IS NULL THEN 'wiki.example.com' END AS domain,
    url,
    'key-' || offer AS consumer_key,
    tool_id,
    state AS workflow_state,
    settings,
    days_ago(context_id * 10 + offer, 'tool birth', 60, 1500) AS created_at,
    days_ago(context_id * 10 + offer, 'tool change', 0, 60) AS updated_at,
    CASE offer WHEN 0 THEN 6 WHEN 2 THEN 12 END AS developer_key_id,
    1 AS root_account_id,
    CASE offer WHEN 0 THEN 1 WHEN 2 THEN 3 END AS lti_registration_id
FROM placed JOIN offers USING (offer)
ORDER BY id

-- table: access_tokens
WITH holders AS (
    SELECT *, unnest(range(CASE WHEN id % 60 = 5 THEN 3 WHEN kind IN ('admin', 'teacher') THEN 2 ELSE 1 END)) AS number
    FROM people
    WHERE kind <> 'tester' AND (kind = 'admin' OR id % 10 = 5)
),
numbered AS (
    SELECT row_number() OVER (ORDER BY id, number) AS id, id AS user_id, number FROM holders
)
SELECT
    id,
    [1, 1, 2, 5, 3, 8][CAST(1 + id % 6 AS INTEGER)] AS developer_key_id,
    user_id,
    CASE WHEN id % 4 <> 2 THEN days_ago(id, 'token use', 0, 200) END AS last_used_at,
    CASE WHEN developer_key_id = 2 THEN now_at() + INTERVAL 1 HOUR END AS expires_at,
    CASE WHEN id % 5 = 3 THEN NULL WHEN id % 7 = 2 THEN 'Grades, "export"' ELSE format('Script {}', id) END AS purpose,
    CASE WHEN id % 29 <> 7 THEN left(code(id, 'token'), 5) END AS token_hint,
    CASE WHEN id % 6 = 3 THEN E'---\n- url:GET|/api/v1/accounts/:id\n' END AS scopes,
    CASE WHEN id % 31 <> 8 THEN days_ago(id, 'token birth', 200, 900) END AS created_at,
    days_ago(id, 'token change', 0, 200) AS updated_at,
    CASE WHEN id % 9 = 4 THEN 'deleted' WHEN id % 13 = 5 THEN 'pending' ELSE 'active' END AS workflow_state,
    CASE id % 5
        WHEN 0 THEN days_ago(id, 'token end', 1, 300)
        WHEN 1 THEN now_at() + to_days(CAST(1 + roll(id, 'token end', 300) AS INTEGER))
    END AS permanent_expires_at,
    1 AS root_account_id
FROM numbered

-- table: feature_flags
SELECT
    *,
    days_ago(id, 'flag birth', 50, 900) AS created_at,
    days_ago(id, 'flag change', 0, 50) AS updated_at
FROM (VALUES
    (1, 1, 'Account', 'temporary_enrollments', 'on'),
    (2, 1, 'Account', 'institutional_tags', 'allowed_on'),
    (3, 1, 'Account', 'final_grades_override', 'allowed'),
    (4, 8, 'Account', 'final_grades_override', 'off'),
    (5, 1, 'Account', 'account_level_mastery_scales', 'off'),
    (6, 11, 'Account', 'account_level_mastery_scales', 'on'),
    (7, 1, 'Account', 'outcome_service_results_to_canvas', 'off'),
    (8, 2, 'User', 'use_semi_colon_field_separators_in_gradebook_exports', 'on'),
    (9, 2, 'User', 'include_byte_order_mark_in_gradebook_exports', 'on'),
    (10, 3, 'User', 'autodetect_field_separators_for_gradebook_exports', 'on'),
    (11, 1, 'Course', 'final_grades_override', 'on')
) AS rows (id, context_id, context_type, feature, state)

-- table: account_reports
SELECT
    *,
    start_at AS created_at,
    start_at + INTERVAL 4 MINUTE AS end_at,
    start_at + INTERVAL 4 MINUTE AS updated_at
FROM (VALUES
    (1, 1, 1, 'provisioning_csv', '{"users": "1"}', 'complete', 100, 161, now_at() - INTERVAL 9 DAY),
    (2, 1, 1, 'grade_export_csv', E'--- {}\n', 'complete', 100, 900, now_at() - INTERVAL 5 DAY),
    (3, 2, 8, 'unused_courses_csv', NULL, 'error', 40, NULL, now_at() - INTERVAL 2 DAY)
) AS rows (
    id, user_id, account_id, report_type, parameters, workflow_state, progress, current_line, start_at
)

-- table: eportfolios
WITH authors AS (
    SELECT *, unnest(range(CASE WHEN id % 40 = 9 THEN 2 ELSE 1 END)) AS number
    FROM people
    WHERE (kind = 'student' AND id % 8 = 1) OR (kind = 'guest' AND id % 2 = 0)
),
numbered AS (
    SELECT row_number() OVER (ORDER BY id, number) AS id, id AS user_id, name AS author, kind FROM authors
)
SELECT
    id,
    user_id,
    CASE id % 6
        WHEN 0 THEN 'Buy cheap watches, now!!!'
        WHEN 1 THEN format('The work of {}', author)
        WHEN 2 THEN 'Mi "portafolio"'
        WHEN 3 THEN '我的作品集'
        ELSE 'My ePortfolio'
    END AS name,
    CASE WHEN id % 7 = 3 THEN NULL ELSE id % 2 = 0 END AS public,
    CASE WHEN id % 5 = 3 OR (kind = 'guest' AND user_id % 6 = 2) THEN 'deleted' ELSE 'active' END
        AS workflow_state,
    code(id, 'portfolio') AS uuid,
    CASE WHEN id % 41 <> 6 THEN days_ago(id, 'portfolio birth', 30, 900) END AS created_at,
    days_ago(id, 'portfolio change', 0, 30) AS updated_at,
    CASE WHEN workflow_state = 'deleted' THEN updated_at END AS deleted_at,
    CASE WHEN id % 6 = 0 THEN 'flagged_as_possible_spam' END AS spam_status
FROM numbered
