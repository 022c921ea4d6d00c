"""Which tables columns point to (the columns of canvas_schema.json)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "Account": "accounts",
        "AssessmentQuestion": "assessment_questions",
        "AssessmentQuestionBank": "assessment_question_banks",
        "Assignment": "assignments",
        "Course": "courses",
        "Group": "groups",
        "LearningOutcome": "learning_outcomes",
        "LearningOutcomeGroup": "learning_outcome_groups",
        "Quiz": "quizzes",
        "QuizSubmission": "quiz_submissions",
        "Quizzes::Quiz": "quizzes",
        "Quizzes::QuizSubmission": "quiz_submissions",
        "RubricAssessment": "rubric_assessments",
        "RubricAssociation": "rubric_associations",
        "Submission": "submissions",
        "User": "users",
    }
)
"""The tables that columns such as `context_type` name."""

REFERENCES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "accounts": {
            "parent_account_id": "accounts",
            "root_account_id": "accounts",
            "sis_batch_id": "sis_batches",
            "grading_standard_id": "grading_standards",
        },
        "account_users": {
            "account_id": "accounts",
            "user_id": "users",
            "role_id": "roles",
            "sis_batch_id": "sis_batches",
        },
        "roles": {"account_id": "accounts"},
        "role_overrides": {"role_id": "roles", "context_id": "context_type"},
        "users": {"merged_into_user_id": "users"},
        "pseudonyms": {
            "user_id": "users",
            "account_id": "accounts",
            "sis_batch_id": "sis_batches",
            "authentication_provider_id": "authentication_providers",
        },
        "communication_channels": {"user_id": "users", "pseudonym_id": "pseudonyms"},
        "authentication_providers": {"account_id": "accounts"},
        "user_account_associations": {"user_id": "users", "account_id": "accounts"},
        "enrollment_terms": {
            "root_account_id": "accounts",
            "sis_batch_id": "sis_batches",
            "grading_period_group_id": "grading_period_groups",
        },
        "enrollment_dates_overrides": {
            "enrollment_term_id": "enrollment_terms",
            "context_id": "context_type",
        },
        "courses": {
            "account_id": "accounts",
            "root_account_id": "accounts",
            "sis_batch_id": "sis_batches",
            "enrollment_term_id": "enrollment_terms",
            "grading_standard_id": "grading_standards",
        },
        "course_sections": {
            "course_id": "courses",
            "nonxlist_course_id": "courses",
            "sis_batch_id": "sis_batches",
        },
        "course_account_associations": {
            "course_id": "courses",
            "account_id": "accounts",
            "course_section_id": "course_sections",
        },
        "enrollments": {
            "user_id": "users",
            "course_id": "courses",
            "course_section_id": "course_sections",
            "role_id": "roles",
            "associated_user_id": "users",
            "sis_batch_id": "sis_batches",
            "sis_pseudonym_id": "pseudonyms",
            "temporary_enrollment_source_user_id": "users",
        },
        "enrollment_states": {"enrollment_id": "enrollments"},
        "scores": {
            "enrollment_id": "enrollments",
            "grading_period_id": "grading_periods",
            "custom_grade_status_id": "custom_grade_statuses",
        },
        "score_metadata": {"score_id": "scores"},
        "grading_periods": {"grading_period_group_id": "grading_period_groups"},
        "grading_period_groups": {"account_id": "accounts", "course_id": "courses"},
        "grading_standards": {"context_id": "context_type", "user_id": "users"},
        "groups": {
            "context_id": "context_type",
            "account_id": "accounts",
            "group_category_id": "group_categories",
            "sis_batch_id": "sis_batches",
        },
        "group_categories": {"context_id": "context_type", "sis_batch_id": "sis_batches"},
        "group_memberships": {
            "group_id": "groups",
            "user_id": "users",
            "sis_batch_id": "sis_batches",
        },
        "user_observers": {
            "user_id": "users",
            "observer_id": "users",
            "sis_batch_id": "sis_batches",
        },
        "user_past_lti_ids": {"user_id": "users", "context_id": "context_type"},
        "assignments": {"context_id": "context_type", "parent_assignment_id": "assignments"},
        "submissions": {
            "assignment_id": "assignments",
            "user_id": "users",
            "course_id": "courses",
            "quiz_submission_id": "quiz_submissions",
            "grading_period_id": "grading_periods",
        },
        "quizzes": {"context_id": "context_type", "assignment_id": "assignments"},
        "quiz_submissions": {
            "quiz_id": "quizzes",
            "user_id": "users",
            "submission_id": "submissions",
        },
        "quiz_questions": {"quiz_id": "quizzes", "assessment_question_id": "assessment_questions"},
        "assessment_questions": {
            "assessment_question_bank_id": "assessment_question_banks",
            "context_id": "context_type",
        },
        "assessment_question_banks": {"context_id": "context_type"},
        "learning_outcomes": {"context_id": "context_type"},
        "learning_outcome_groups": {
            "context_id": "context_type",
            "learning_outcome_group_id": "learning_outcome_groups",
            "root_learning_outcome_group_id": "learning_outcome_groups",
        },
        "learning_outcome_results": {
            "user_id": "users",
            "learning_outcome_id": "learning_outcomes",
            "content_tag_id": "content_tags",
            "context_id": "context_type",
            "association_id": "association_type",
            "artifact_id": "artifact_type",
            "associated_asset_id": "associated_asset_type",
        },
        "learning_outcome_question_results": {
            "learning_outcome_id": "learning_outcomes",
            "learning_outcome_result_id": "learning_outcome_results",
            "associated_asset_id": "associated_asset_type",
        },
        "content_tags": {
            "content_id": "content_type",
            "context_id": "context_type",
            "associated_asset_id": "associated_asset_type",
            "learning_outcome_id": "learning_outcomes",
            "rubric_association_id": "rubric_associations",
            "context_module_id": "context_modules",
        },
        "outcome_proficiencies": {"context_id": "context_type", "account_id": "accounts"},
        "outcome_proficiency_ratings": {"outcome_proficiency_id": "outcome_proficiencies"},
        "outcome_calculation_methods": {"context_id": "context_type"},
        "outcome_friendly_descriptions": {
            "learning_outcome_id": "learning_outcomes",
            "context_id": "context_type",
        },
        "rubrics": {"context_id": "context_type", "user_id": "users"},
        "rubric_associations": {
            "rubric_id": "rubrics",
            "association_id": "association_type",
            "context_id": "context_type",
        },
        "rubric_assessments": {
            "rubric_id": "rubrics",
            "rubric_association_id": "rubric_associations",
            "user_id": "users",
            "assessor_id": "users",
            "artifact_id": "artifact_type",
        },
        "attachments": {
            "context_id": "context_type",
            "folder_id": "folders",
            "user_id": "users",
            "root_attachment_id": "attachments",
        },
        "folders": {"context_id": "context_type", "parent_folder_id": "folders"},
        "context_external_tools": {
            "context_id": "context_type",
            "developer_key_id": "developer_keys",
            "lti_registration_id": "lti_registrations",
        },
        "developer_keys": {"account_id": "accounts", "user_id": "users"},
        "developer_key_account_bindings": {
            "account_id": "accounts",
            "developer_key_id": "developer_keys",
        },
        "lti_tool_configurations": {"developer_key_id": "developer_keys"},
        "lti_ims_registrations": {"developer_key_id": "developer_keys"},
        "lti_registrations": {"account_id": "accounts"},
        "access_tokens": {"developer_key_id": "developer_keys", "user_id": "users"},
        "eportfolios": {"user_id": "users"},
        "custom_gradebook_columns": {"course_id": "courses"},
        "custom_grade_statuses": {"root_account_id": "accounts", "created_by_id": "users"},
        "discussion_topics": {"context_id": "context_type"},
        "context_modules": {"context_id": "context_type"},
        "wiki_pages": {"context_id": "context_type"},
        "asset_user_accesses": {"user_id": "users", "context_id": "context_type"},
        "web_conferences": {"context_id": "context_type", "user_id": "users"},
        "sis_batches": {
            "account_id": "accounts",
            "user_id": "users",
            "batch_mode_term_id": "enrollment_terms",
        },
        "feature_flags": {"context_id": "context_type"},
        "master_courses_master_templates": {"course_id": "courses"},
        "master_courses_child_subscriptions": {
            "child_course_id": "courses",
            "master_template_id": "master_courses_master_templates",
        },
        "post_policies": {"course_id": "courses", "assignment_id": "assignments"},
        "account_reports": {"user_id": "users", "account_id": "accounts"},
        "account_domains": {"account_id": "accounts"},
        "institutional_tag_categories": {
            "root_account_id": "accounts",
            "sis_batch_id": "sis_batches",
        },
        "institutional_tags": {
            "category_id": "institutional_tag_categories",
            "sis_batch_id": "sis_batches",
        },
        "institutional_tag_associations": {
            "institutional_tag_id": "institutional_tags",
            "user_id": "users",
            "course_id": "courses",
            "sis_batch_id": "sis_batches",
        },
    }
)
"""Of each table, the columns that point to a row, and the table they point to; in place of it, the
column that holds the kind of object, where there are several."""
