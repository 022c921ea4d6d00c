"""What must hold in a demo institution, as data for its tests."""

from datetime import UTC, datetime

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
"""When the tested institutions are loaded."""

STATES = {
    "accounts": ("workflow_state", {"active", "deleted"}),
    "enrollment_terms": ("workflow_state", {"active", "deleted"}),
    "courses": (
        "workflow_state",
        {"created", "claimed", "available", "completed", "deleted"},
    ),
    "course_sections": ("workflow_state", {"active", "deleted"}),
    "users": (
        "workflow_state",
        {"registered", "pre_registered", "creation_pending", "deleted"},
    ),
    "pseudonyms": ("workflow_state", {"active", "suspended", "deleted"}),
    "communication_channels": ("workflow_state", {"active", "unconfirmed", "retired"}),
    "enrollments": (
        "workflow_state",
        {
            "active",
            "invited",
            "creation_pending",
            "completed",
            "inactive",
            "rejected",
            "deleted",
        },
    ),
    "enrollment_states": (
        "state",
        {
            "active",
            "pending_active",
            "invited",
            "pending_invited",
            "creation_pending",
            "completed",
            "inactive",
            "rejected",
            "deleted",
        },
    ),
    "groups": ("workflow_state", {"available", "deleted"}),
    "group_memberships": (
        "workflow_state",
        {"accepted", "invited", "requested", "rejected", "deleted"},
    ),
    "user_observers": ("workflow_state", {"active", "deleted"}),
    "account_users": ("workflow_state", {"active", "deleted"}),
    "roles": ("workflow_state", {"built_in", "active", "inactive", "deleted"}),
    "scores": ("workflow_state", {"active", "deleted"}),
    "submissions": (
        "workflow_state",
        {"unsubmitted", "submitted", "graded", "pending_review", "deleted"},
    ),
    "attachments": ("file_state", {"available", "hidden", "deleted", "errored", "broken"}),
    "context_external_tools": (
        "workflow_state",
        {"public", "name_only", "email_only", "anonymous", "disabled", "deleted"},
    ),
    "developer_keys": ("workflow_state", {"active", "inactive", "deleted"}),
    "developer_key_account_bindings": ("workflow_state", {"on", "off", "allow"}),
    "access_tokens": ("workflow_state", {"active", "pending", "deleted"}),
    "eportfolios": ("workflow_state", {"active", "deleted"}),
    "learning_outcomes": ("workflow_state", {"active", "archived", "retired", "deleted"}),
    "learning_outcome_results": ("workflow_state", {"active", "deleted"}),
}
"""The column of states of a table, and the states that occur."""

ODD_NAMES = {
    "a comma": "name LIKE '%, PhD'",
    "quotes": "name LIKE '%\"%'",
    "an apostrophe": "name LIKE '%''%'",
    "a suffix": "sortable_name LIKE '%, Jr.'",
    "one word": "name NOT LIKE '% %' AND name = sortable_name",
    "no sortable name": "sortable_name IS NULL",
    "two blanks": "name LIKE '%  %'",
    "a no-break space": "name LIKE '%' || chr(160) || '%'",
    "an emoji": "name LIKE '%🎓%' AND short_name LIKE '%🎓%'",
    "right to left": "regexp_matches(name, '[\\x{0590}-\\x{06FF}]')",
    "Chinese": "regexp_matches(name, '\\p{Han}')",
    "Cyrillic": "regexp_matches(name, '\\p{Cyrillic}')",
    "Devanagari": "regexp_matches(name, '\\p{Devanagari}')",
    "accents": "name <> strip_accents(name)",
    "pronouns": "pronouns = 'she_her'",
    "own pronouns": "pronouns LIKE '%/%'",
    "a zone": "time_zone IS NOT NULL",
}
"""What users stumble over, as conditions on `users`."""

LIVE_STUDENT = "e.type = 'StudentEnrollment' AND e.workflow_state IN ('active', 'completed')"
SUBMITTED = (
    "EXISTS (FROM submissions s WHERE s.user_id = e.user_id AND s.course_id = e.course_id "
    f"AND s.submitted_at > TIMESTAMP '{NOW:%Y-%m-%d %H:%M:%S}' - INTERVAL 14 DAY)"
)
CONTENT = (
    "(EXISTS (FROM assignments x WHERE x.context_id = c.id AND x.workflow_state <> 'deleted') OR "
    "EXISTS (FROM wiki_pages x WHERE x.wiki_id = c.wiki_id AND x.workflow_state <> 'deleted'))"
)
REPORTED = {
    "users: a deleted login with a SIS id": "FROM pseudonyms WHERE workflow_state = 'deleted' "
    "AND sis_user_id IS NOT NULL",
    "users: a login without a SIS id": "FROM pseudonyms WHERE sis_user_id IS NULL",
    "users: a SIS login that no import made": "FROM pseudonyms WHERE sis_user_id IS NOT NULL "
    "AND sis_batch_id IS NULL",
    "users: several logins": "FROM pseudonyms WHERE account_id = 1 GROUP BY user_id "
    "HAVING count(*) > 2",
    "users: no login": "FROM users u WHERE NOT EXISTS (FROM pseudonyms WHERE user_id = u.id)",
    "users: an identity login": "FROM pseudonyms WHERE is_inst_id",
    "users: a login elsewhere only": "FROM pseudonyms GROUP BY user_id HAVING min(account_id) > 1",
    "users: the first address is retired": "FROM communication_channels GROUP BY user_id "
    "HAVING min_by(workflow_state, position) = 'retired' AND count(*) > 1",
    "accounts: a live one under a deleted one": "FROM accounts a JOIN accounts p "
    "ON p.id = a.parent_account_id WHERE p.workflow_state = 'deleted' AND a.workflow_state = 'active'",
    "accounts: four levels": "FROM course_account_associations WHERE depth = 3",
    "terms: deleted with a SIS id": "FROM enrollment_terms WHERE workflow_state = 'deleted' "
    "AND sis_source_id IS NOT NULL",
    "courses: recently deleted": f"FROM courses WHERE workflow_state = 'deleted' "
    f"AND updated_at > TIMESTAMP '{NOW:%Y-%m-%d %H:%M:%S}' - INTERVAL 30 DAY",
    "courses: long deleted": f"FROM courses WHERE workflow_state = 'deleted' "
    f"AND updated_at < TIMESTAMP '{NOW:%Y-%m-%d %H:%M:%S}' - INTERVAL 120 DAY",
    "courses: restricted dates": "FROM courses WHERE restrict_enrollments_to_course_dates "
    "AND start_at IS NOT NULL AND conclude_at IS NOT NULL",
    "courses: a format in YAML": "FROM courses WHERE settings LIKE '---%:course_format%'",
    "courses: a format in JSON": "FROM courses WHERE settings LIKE '{%course_format%'",
    "courses: of a blueprint": "FROM master_courses_child_subscriptions s "
    "JOIN master_courses_master_templates t ON t.id = s.master_template_id "
    "WHERE s.workflow_state = 'active' AND t.workflow_state = 'active' AND t.full_course",
    "courses: public and concluded": "FROM courses WHERE is_public AND workflow_state = 'completed'",
    "courses: unpublished": "FROM courses WHERE workflow_state = 'claimed'",
    "courses: unused": f"FROM courses c WHERE workflow_state <> 'deleted' AND NOT {CONTENT}",
    "courses: used": f"FROM courses c WHERE workflow_state <> 'deleted' AND {CONTENT}",
    "sections: cross-listed": "FROM course_sections s JOIN courses c ON c.id = s.course_id "
    "WHERE s.nonxlist_course_id IS NOT NULL AND s.workflow_state = 'active' "
    "AND s.sis_source_id IS NOT NULL AND c.sis_source_id IS NOT NULL "
    "AND c.workflow_state = 'available'",
    "sections: deleted in a live course": "FROM course_sections s JOIN courses c ON c.id = s.course_id "
    "WHERE s.workflow_state = 'deleted' AND c.workflow_state = 'available'",
    "sections: from another account": "FROM course_account_associations a "
    "WHERE course_section_id IS NOT NULL AND account_id NOT IN (SELECT account_id "
    "FROM course_account_associations b WHERE b.course_id = a.course_id AND b.course_section_id IS NULL)",
    "enrollments: active but over": "FROM enrollments e JOIN enrollment_states s "
    "ON s.enrollment_id = e.id WHERE e.workflow_state = 'active' AND s.state = 'completed'",
    "enrollments: active in a deleted course": "FROM enrollments e JOIN courses c "
    "ON c.id = e.course_id WHERE e.workflow_state = 'active' AND c.workflow_state = 'deleted'",
    "enrollments: temporary": "FROM enrollments "
    "WHERE temporary_enrollment_source_user_id IS NOT NULL",
    "enrollments: a custom role": "FROM enrollments e JOIN roles r ON r.id = e.role_id "
    "WHERE r.workflow_state <> 'built_in'",
    "enrollments: an observer of nobody": "FROM enrollments WHERE type = 'ObserverEnrollment' "
    "AND associated_user_id IS NULL",
    "enrollments: two sections of a course": "FROM enrollments WHERE type = 'StudentEnrollment' "
    "GROUP BY user_id, course_id HAVING count(*) > 1",
    "groups: of a course": "FROM groups WHERE context_type = 'Course' AND workflow_state = 'available'",
    "group members: a test student": "FROM group_memberships m JOIN enrollments e "
    "ON e.user_id = m.user_id WHERE e.type = 'StudentViewEnrollment'",
    "group sets: deleted": "FROM group_categories WHERE deleted_at IS NOT NULL",
    "admins: of SIS": "FROM account_users WHERE sis_batch_id IS NOT NULL "
    "AND workflow_state = 'active'",
    "admins: may read reports by a custom role": "FROM account_users u JOIN role_overrides o "
    "ON o.role_id = u.role_id WHERE o.permission = 'read_reports' AND o.enabled",
    "grades: an override": f"FROM enrollments e JOIN scores s ON s.enrollment_id = e.id "
    f"WHERE {LIVE_STUDENT} AND s.course_score AND s.override_score IS NOT NULL",
    "grades: of a period": "FROM scores WHERE NOT course_score AND workflow_state = 'active'",
    "grades: no scores": f"FROM enrollments e WHERE {LIVE_STUDENT} "
    "AND NOT EXISTS (FROM scores s WHERE s.enrollment_id = e.id)",
    "grades: deleted scores of a live student": f"FROM enrollments e JOIN scores s "
    f"ON s.enrollment_id = e.id WHERE {LIVE_STUDENT} AND s.workflow_state = 'deleted'",
    "outcomes: a result of a quiz": "FROM learning_outcome_results "
    "WHERE association_type = 'Quizzes::Quiz'",
    "outcomes: hidden points": "FROM learning_outcome_results WHERE hide_points",
    "outcomes: in two groups": "FROM content_tags WHERE tag_type = 'learning_outcome_association' "
    "AND workflow_state = 'active' GROUP BY context_id, content_id HAVING count(*) > 1",
    "outcomes: below a deleted group": "FROM learning_outcome_groups g "
    "JOIN learning_outcome_groups p ON p.id = g.learning_outcome_group_id "
    "WHERE p.workflow_state = 'deleted'",
    "outcomes: results in a college": "FROM learning_outcome_results r JOIN courses c "
    "ON c.id = r.context_id JOIN content_tags t ON t.content_id = r.learning_outcome_id "
    "AND t.tag_type = 'learning_outcome_association' AND t.context_id > 1",
    "no submissions: quiet": f"FROM enrollments e WHERE {LIVE_STUDENT} AND NOT {SUBMITTED}",
    "no submissions: busy": f"FROM enrollments e WHERE {LIVE_STUDENT} AND {SUBMITTED}",
    "zero activity": f"FROM enrollments e JOIN courses c ON c.id = e.course_id "
    f"WHERE {LIVE_STUDENT} AND c.workflow_state = 'available' AND last_activity_at IS NULL",
    "last access: never": "FROM pseudonyms WHERE last_request_at IS NULL AND account_id = 1",
    "tokens: expired": f"FROM access_tokens "
    f"WHERE permanent_expires_at < TIMESTAMP '{NOW:%Y-%m-%d %H:%M:%S}'",
    "tokens: of a deleted login": "FROM access_tokens t JOIN pseudonyms p ON p.user_id = t.user_id "
    "WHERE p.workflow_state = 'deleted'",
    "tokens: not made by hand": "FROM access_tokens WHERE developer_key_id <> 1",
    "portfolios: without enrollments": "FROM eportfolios p WHERE workflow_state = 'active' "
    "AND user_id NOT IN (SELECT user_id FROM enrollments)",
    "portfolios: deleted, without enrollments": "FROM eportfolios p "
    "WHERE workflow_state = 'deleted' AND user_id NOT IN (SELECT user_id FROM enrollments)",
    "tools: in a deleted account": "FROM context_external_tools t JOIN accounts a "
    "ON t.context_type = 'Account' AND a.id = t.context_id WHERE a.workflow_state = 'deleted'",
    "tools: in a course": "FROM context_external_tools WHERE context_type = 'Course'",
    "storage: a copy": "FROM attachments WHERE root_attachment_id IS NOT NULL "
    "AND file_state = 'available'",
    "storage: no size": "FROM attachments WHERE size IS NULL AND file_state = 'available'",
}
"""What the reports look for, so that each gives rows and each of its filters changes them."""
