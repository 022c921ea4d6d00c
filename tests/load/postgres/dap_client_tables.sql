-- What the client of Canvas Data 2 (2.3.1) makes in Postgres of tables as DAP describes them; comments left out.
CREATE SCHEMA IF NOT EXISTS "canvas";
CREATE SCHEMA IF NOT EXISTS "instructure_dap";
CREATE TYPE "canvas"."accounts__workflow_state" AS ENUM ('active', 'deleted');
CREATE TYPE "canvas"."assignments__submission_types" AS ENUM ('none', 'online_text_entry', 'online_url', 'online_upload', 'on_paper', 'external_tool');
CREATE TYPE "canvas"."assignments__workflow_state" AS ENUM ('published', 'unpublished', 'deleted');
CREATE TYPE "canvas"."courses__workflow_state" AS ENUM ('created', 'claimed', 'available', 'completed', 'deleted');
CREATE TYPE "canvas"."enrollments__type" AS ENUM ('StudentEnrollment', 'TeacherEnrollment', 'TaEnrollment', 'DesignerEnrollment', 'ObserverEnrollment', 'StudentViewEnrollment');
CREATE TYPE "canvas"."enrollments__workflow_state" AS ENUM ('invited', 'active', 'creation_pending', 'deleted', 'rejected', 'completed', 'inactive');
CREATE TYPE "canvas"."users__workflow_state" AS ENUM ('pre_registered', 'registered', 'deleted', 'creation_pending');
CREATE TABLE "canvas"."accounts" (
"id" bigint NOT NULL,
"name" text,
"workflow_state" "canvas"."accounts__workflow_state" NOT NULL,
"parent_account_id" bigint,
"sis_source_id" text,
"integration_id" text,
"current_sis_batch_id" bigint,
"deleted_at" timestamp,
"created_at" timestamp NOT NULL,
"updated_at" timestamp NOT NULL,
"default_time_zone" text,
"default_locale" text,
"uuid" text,
"storage_quota" bigint,
"default_storage_quota" bigint,
"lti_context_id" text,
"consortium_parent_account_id" bigint,
"course_template_id" bigint,
CONSTRAINT "pk_accounts" PRIMARY KEY ("id")
);
CREATE TABLE "canvas"."assignments" (
"id" bigint NOT NULL,
"title" text,
"context_id" bigint,
"context_type" text,
"workflow_state" "canvas"."assignments__workflow_state" NOT NULL,
"submission_types" "canvas"."assignments__submission_types" ARRAY,
"points_possible" double precision,
"due_at" timestamp,
"unlock_at" timestamp,
"lock_at" timestamp,
"grading_type" text,
"assignment_group_id" bigint,
"group_category_id" bigint,
"integration_id" text,
"only_visible_to_overrides" boolean,
"omit_from_final_grade" boolean,
"created_at" timestamp NOT NULL,
"updated_at" timestamp NOT NULL,
"sis_source_id" varchar(255),
"parent_assignment_id" bigint,
"type" text,
CONSTRAINT "pk_assignments" PRIMARY KEY ("id")
);
CREATE TABLE "canvas"."courses" (
"id" bigint NOT NULL,
"name" text,
"course_code" text,
"account_id" bigint,
"enrollment_term_id" bigint,
"sis_source_id" text,
"integration_id" text,
"sis_batch_id" bigint,
"workflow_state" "canvas"."courses__workflow_state" NOT NULL,
"start_at" timestamp,
"conclude_at" timestamp,
"restrict_enrollments_to_course_dates" boolean,
"is_public" boolean,
"wiki_id" bigint,
"grading_standard_id" bigint,
"group_weighting_scheme" text,
"uuid" text,
"storage_quota" bigint,
"settings" jsonb,
"template_course_id" bigint,
"time_zone" text,
"locale" text,
"abstract_course_id" bigint,
"created_at" timestamp NOT NULL,
"updated_at" timestamp NOT NULL,
"template" boolean,
"homeroom_course" boolean,
"homeroom_course_id" bigint,
"grade_passback_setting" varchar(255),
"lti_context_id" text,
CONSTRAINT "pk_courses" PRIMARY KEY ("id")
);
CREATE TABLE "canvas"."developer_keys" (
"id" bigint NOT NULL,
"account_id" bigint,
"name" text,
"email" text,
"user_name" text,
"user_id" bigint,
"redirect_uri" text,
"redirect_uris" text ARRAY,
"icon_url" text,
"notes" text,
"workflow_state" text NOT NULL,
"access_token_count" integer,
"created_at" timestamp NOT NULL,
"updated_at" timestamp NOT NULL,
"is_lti_key" boolean,
"scopes" text,
"require_scopes" boolean,
"test_cluster_only" boolean,
"public_jwk" text,
"allow_includes" boolean,
"client_credentials_audience" varchar(255),
CONSTRAINT "pk_developer_keys" PRIMARY KEY ("id")
);
CREATE TABLE "canvas"."enrollments" (
"id" bigint NOT NULL,
"user_id" bigint,
"course_id" bigint,
"course_section_id" bigint,
"type" "canvas"."enrollments__type",
"role_id" bigint,
"workflow_state" "canvas"."enrollments__workflow_state" NOT NULL,
"associated_user_id" bigint,
"sis_batch_id" bigint,
"start_at" timestamp,
"end_at" timestamp,
"completed_at" timestamp,
"limit_privileges_to_course_section" boolean,
"last_activity_at" timestamp,
"total_activity_time" integer,
"self_enrolled" boolean,
"grade_publishing_status" text,
"created_at" timestamp NOT NULL,
"updated_at" timestamp NOT NULL,
"sis_pseudonym_id" bigint,
"last_attended_at" timestamp,
CONSTRAINT "pk_enrollments" PRIMARY KEY ("id")
);
CREATE TABLE "canvas"."users" (
"id" bigint NOT NULL,
"name" text,
"sortable_name" text,
"short_name" text,
"workflow_state" "canvas"."users__workflow_state" NOT NULL,
"uuid" text,
"created_at" timestamp NOT NULL,
"updated_at" timestamp NOT NULL,
"deleted_at" timestamp,
"time_zone" text,
"locale" text,
"avatar_image_url" text,
"last_logged_out" timestamp,
"lti_context_id" text,
"pronouns" text,
"merged_into_user_id" bigint,
CONSTRAINT "pk_users" PRIMARY KEY ("id")
);
CREATE TABLE "instructure_dap"."database_version" (
"version" bigint GENERATED BY DEFAULT AS IDENTITY,
CONSTRAINT "pk_database_version" PRIMARY KEY ("version")
);
CREATE TABLE "instructure_dap"."table_sync" (
"id" bigint GENERATED BY DEFAULT AS IDENTITY,
"source_namespace" varchar(64) NOT NULL,
"source_table" varchar(64) NOT NULL,
"timestamp" timestamp NOT NULL,
"schema_version" bigint NOT NULL,
"target_schema" varchar(64),
"target_table" varchar(64) NOT NULL,
"schema_description_format" varchar(64) NOT NULL,
"schema_description" text NOT NULL,
CONSTRAINT "pk_table_sync" PRIMARY KEY ("id")
);
