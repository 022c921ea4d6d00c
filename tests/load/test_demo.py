"""The demo institution: what it holds, and that it is always the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from rollbook.canvas.associations import DERIVED
from rollbook.canvas.schema import TABLES
from rollbook.canvas.tables import Tables
from rollbook.engines.duck import DuckLimits
from rollbook.engines.lake import Lake, LakeEngine
from rollbook.errors import BadParameter
from rollbook.load.demo import SCALES, Scale, load_demo
from rollbook.load.demo.institution import _define
from rollbook.load.demo.script import steps

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def lake_in(folder: Path, threads: int = 2) -> Lake:
    return Lake(folder / "lake.sqlite", folder / "data", DuckLimits(threads=threads))


def load(folder: Path, scale: Scale | str, now: datetime = NOW) -> Lake:
    lake = lake_in(folder)
    load_demo(lake, scale, now)
    return lake


@pytest.fixture(scope="module")
def tiny_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return load(tmp_path_factory.mktemp("tiny"), "tiny")


@pytest.fixture(scope="module")
def tiny_engine(tiny_lake: Lake) -> Iterator[LakeEngine]:
    engine = tiny_lake.engine()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def tiny(tiny_engine: LakeEngine) -> duckdb.DuckDBPyConnection:
    """A connection that sees the tiny institution's tables by their names."""
    return opened(tiny_engine)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    engine = load(tmp_path_factory.mktemp("small"), "small").engine()
    yield opened(engine)
    engine.close()


def opened(engine: LakeEngine) -> duckdb.DuckDBPyConnection:
    """A connection with the tables in memory, where many small questions are quick."""
    for name in TABLES:
        engine._connection.execute(f'CREATE TABLE "{name}" AS FROM lake.canvas."{name}"')
    return engine._connection


def planned(scale: Scale, now: datetime, query: str) -> list[Any]:
    """Rows of a query over the plan of accounts, terms and courses, quick at any scale."""
    with duckdb.connect() as connection:
        _define(connection, scale.counts(), now)
        for step in steps():
            if step.is_stage and step.area in {"words", "accounts", "courses"}:
                connection.execute(f"CREATE TEMP TABLE {step.name} AS {step.query}")
        return connection.execute(query).fetchall()


def values(connection: duckdb.DuckDBPyConnection, query: str) -> list[Any]:
    return [row[0] for row in connection.execute(query).fetchall()]


def fingerprint(lake: Lake) -> dict[str, tuple[int, int]]:
    """The number of rows of each table, and a number that changes with any of them."""
    engine = lake.engine()
    connection = opened(engine)
    found = {
        name: connection.execute(f'SELECT count(*), sum(hash(t)) FROM "{name}" AS t').fetchone()
        for name in TABLES
    }
    engine.close()
    return found  # type: ignore[return-value]


class TestSizes:
    @pytest.mark.parametrize("scale", ["tiny", "small"])
    def test_users_and_enrollments_are_exact(
        self, scale: str, request: pytest.FixtureRequest
    ) -> None:
        """A scale's numbers are kept to the last row."""
        connection = request.getfixturevalue(scale)
        size = SCALES[scale]

        assert [size.users] == values(connection, "SELECT count(*) FROM users")
        assert [size.courses] == values(connection, "SELECT count(*) FROM courses")
        assert [size.enrollments] == values(connection, "SELECT count(*) FROM enrollments")

    def test_campus_is_as_promised(self) -> None:
        campus = SCALES["campus"]

        assert (campus.users, campus.enrollments) == (150_000, 2_500_000)

    @pytest.mark.parametrize("scale", SCALES.values(), ids=list(SCALES))
    def test_people_of_all_kinds_add_up(self, scale: Scale) -> None:
        """The ranges of ids cover all users, and most people are students."""
        counts = scale.counts()
        kinds = ("admins", "teachers", "students", "observers", "guests", "testers")

        assert scale.users == sum(counts[kind] for kind in kinds)
        assert counts["students"] > scale.users * 0.7

    @pytest.mark.parametrize("scale", SCALES.values(), ids=list(SCALES))
    def test_enrollments_are_shared_out_among_courses(self, scale: Scale) -> None:
        """Courses take all enrollments at every scale; none needs more students than there are."""
        row = planned(scale, NOW, "SELECT sum(size), max(size), min(size) FROM course_rows")[0]

        assert (row[0], row[2]) == (scale.enrollments, 0)
        assert row[1] * 2 < scale.counts()["students"]

    def test_unknown_scale_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadParameter) as caught:
            load(tmp_path, "huge")

        assert str(caught.value) == (
            "There is no demo scale 'huge'. Choose one of: tiny, small, campus, state."
        )
        assert not (tmp_path / "lake.sqlite").exists()


class TestDeterminism:
    def test_same_moment_gives_same_rows(self, tiny_lake: Lake, tmp_path: Path) -> None:
        """Neither threads nor the spelling of the moment change a row; progress only grows."""
        told: list[tuple[str, float]] = []
        in_new_york = NOW.astimezone(timezone(timedelta(hours=-5)))
        again = lake_in(tmp_path, threads=1)

        summary = load_demo(again, "tiny", in_new_york, lambda *step: told.append(step))

        assert fingerprint(tiny_lake) == fingerprint(again)
        assert ("demo tiny", set(TABLES)) == (summary.source, set(summary.rows))
        shares = [share for _, share in told]
        assert shares == sorted(shares)
        assert 0 <= shares[0] < shares[-1] < 1

    @pytest.mark.parametrize(
        ("now", "name"),
        [
            (NOW, "Spring 2026"),
            (datetime(2027, 12, 31, 23, 59, tzinfo=UTC), "Spring 2028"),
            (datetime(2028, 2, 29, tzinfo=UTC), "Spring 2028"),
            (datetime(2026, 7, 31, 12, 0, tzinfo=UTC), "Summer 2026"),
        ],
    )
    def test_terms_follow_the_moment(self, now: datetime, name: str) -> None:
        """Whenever it is loaded, exactly one live term with dates holds now."""
        current = planned(
            SCALES["campus"],
            now,
            "SELECT name FROM term_rows WHERE root_id = 1 AND state <> 'deleted' "
            "AND coalesce(start_at, end_at) IS NOT NULL AND coalesce(start_at <= now_at(), true) "
            "AND coalesce(end_at >= now_at(), true)",
        )

        assert current == [(name,)]


class TestContents:
    def test_every_table_has_rows(self, tiny: duckdb.DuckDBPyConnection) -> None:
        empty = [name for name in TABLES if values(tiny, f'SELECT count(*) FROM "{name}"') == [0]]

        assert empty == []

    @pytest.mark.parametrize("name", [name for name, table in TABLES.items() if table.primary_key])
    def test_keys_are_unique(self, tiny: duckdb.DuckDBPyConnection, name: str) -> None:
        key = ", ".join(TABLES[name].primary_key)

        assert values(tiny, f'SELECT {key} FROM "{name}" GROUP BY {key} HAVING count(*) > 1') == []

    @pytest.mark.parametrize("scale", ["tiny", "small"])
    def test_nobody_is_enrolled_twice_alike(
        self, scale: str, request: pytest.FixtureRequest
    ) -> None:
        """Canvas allows a user once a section, type, role and associated user."""
        twice = values(
            request.getfixturevalue(scale),
            "SELECT user_id FROM enrollments GROUP BY user_id, course_section_id, type, role_id, "
            "associated_user_id HAVING count(*) > 1",
        )

        assert twice == []

    def test_logins_are_unique_in_their_account(self, small: duckdb.DuckDBPyConnection) -> None:
        for column in ("unique_id", "sis_user_id"):
            query = (
                f"SELECT {column} FROM pseudonyms WHERE {column} IS NOT NULL "
                f"GROUP BY account_id, {column} HAVING count(*) > 1"
            )
            assert values(small, query) == []

    @pytest.mark.parametrize("name", list(DERIVED))
    def test_associations_are_those_that_are_derived(
        self, tiny_engine: LakeEngine, name: str
    ) -> None:
        """The demo's own SQL and the general derivation agree to the row."""
        tables = Tables(tiny_engine)
        derived = tiny_engine.rows(DERIVED[name](tables, tiny_engine))
        loaded = tiny_engine.rows(getattr(tables, name))

        assert sorted(derived, key=lambda row: row["id"]) == sorted(
            loaded, key=lambda row: row["id"]
        )

    def test_serialized_columns_can_be_read(self, tiny: duckdb.DuckDBPyConnection) -> None:
        """Some are YAML as in Postgres, some JSON as in Canvas Data."""
        for name, table in TABLES.items():
            for column in (column.name for column in table.columns if column.serialized):
                texts = values(tiny, f'SELECT {column} FROM "{name}" WHERE {column} IS NOT NULL')
                assert texts, (name, column)
                for text in texts:
                    if text.startswith("---"):
                        plain = text.replace(
                            "!ruby/hash:ActiveSupport::HashWithIndifferentAccess", ""
                        )
                        assert isinstance(yaml.safe_load(plain), dict | list)
                    else:
                        assert isinstance(json.loads(text), dict | list)


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


@pytest.mark.parametrize(
    ("table", "column", "states"), [(t, *found) for t, found in STATES.items()]
)
def test_every_state_occurs(
    small: duckdb.DuckDBPyConnection, table: str, column: str, states: set[str]
) -> None:
    assert states == set(values(small, f'SELECT DISTINCT "{column}" FROM "{table}"'))


def test_every_enrollment_type_occurs(tiny: duckdb.DuckDBPyConnection) -> None:
    kinds = ("Teacher", "Ta", "Designer", "Student", "Observer", "StudentView")

    assert {f"{kind}Enrollment" for kind in kinds} == set(
        values(tiny, "SELECT DISTINCT type FROM enrollments")
    )


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


@pytest.mark.parametrize("condition", ODD_NAMES.values(), ids=list(ODD_NAMES))
def test_odd_people_occur(tiny: duckdb.DuckDBPyConnection, condition: str) -> None:
    """Even the smallest institution has people whom careless programs stumble over."""
    assert values(tiny, f"SELECT name FROM users WHERE {condition} LIMIT 1")


REFERENCES = {
    "accounts": "parent_account_id accounts, root_account_id accounts, sis_batch_id sis_batches, "
    "grading_standard_id grading_standards",
    "account_users": "account_id accounts, user_id users, role_id roles, sis_batch_id sis_batches",
    "roles": "account_id accounts",
    "role_overrides": "role_id roles, context_id context_type",
    "users": "merged_into_user_id users",
    "pseudonyms": "user_id users, account_id accounts, sis_batch_id sis_batches, "
    "authentication_provider_id authentication_providers",
    "communication_channels": "user_id users, pseudonym_id pseudonyms",
    "authentication_providers": "account_id accounts",
    "user_account_associations": "user_id users, account_id accounts",
    "enrollment_terms": "root_account_id accounts, sis_batch_id sis_batches, "
    "grading_period_group_id grading_period_groups",
    "enrollment_dates_overrides": "enrollment_term_id enrollment_terms, context_id context_type",
    "courses": "account_id accounts, root_account_id accounts, sis_batch_id sis_batches, "
    "enrollment_term_id enrollment_terms, grading_standard_id grading_standards",
    "course_sections": "course_id courses, nonxlist_course_id courses, sis_batch_id sis_batches",
    "course_account_associations": "course_id courses, account_id accounts, "
    "course_section_id course_sections",
    "enrollments": "user_id users, course_id courses, course_section_id course_sections, "
    "role_id roles, associated_user_id users, sis_batch_id sis_batches, sis_pseudonym_id pseudonyms, "
    "temporary_enrollment_source_user_id users",
    "enrollment_states": "enrollment_id enrollments",
    "scores": "enrollment_id enrollments, grading_period_id grading_periods, "
    "custom_grade_status_id custom_grade_statuses",
    "score_metadata": "score_id scores",
    "grading_periods": "grading_period_group_id grading_period_groups",
    "grading_period_groups": "account_id accounts, course_id courses",
    "grading_standards": "context_id context_type, user_id users",
    "groups": "context_id context_type, account_id accounts, group_category_id group_categories, "
    "sis_batch_id sis_batches",
    "group_categories": "context_id context_type, sis_batch_id sis_batches",
    "group_memberships": "group_id groups, user_id users, sis_batch_id sis_batches",
    "user_observers": "user_id users, observer_id users, sis_batch_id sis_batches",
    "user_past_lti_ids": "user_id users, context_id context_type",
    "assignments": "context_id context_type, parent_assignment_id assignments",
    "submissions": "assignment_id assignments, user_id users, course_id courses, "
    "quiz_submission_id quiz_submissions, grading_period_id grading_periods",
    "quizzes": "context_id context_type, assignment_id assignments",
    "quiz_submissions": "quiz_id quizzes, user_id users, submission_id submissions",
    "quiz_questions": "quiz_id quizzes, assessment_question_id assessment_questions",
    "assessment_questions": "assessment_question_bank_id assessment_question_banks, "
    "context_id context_type",
    "assessment_question_banks": "context_id context_type",
    "learning_outcomes": "context_id context_type",
    "learning_outcome_groups": "context_id context_type, "
    "learning_outcome_group_id learning_outcome_groups, "
    "root_learning_outcome_group_id learning_outcome_groups",
    "learning_outcome_results": "user_id users, learning_outcome_id learning_outcomes, "
    "content_tag_id content_tags, context_id context_type, association_id association_type, "
    "artifact_id artifact_type, associated_asset_id associated_asset_type",
    "learning_outcome_question_results": "learning_outcome_id learning_outcomes, "
    "learning_outcome_result_id learning_outcome_results, associated_asset_id associated_asset_type",
    "content_tags": "content_id content_type, context_id context_type, "
    "associated_asset_id associated_asset_type, learning_outcome_id learning_outcomes, "
    "rubric_association_id rubric_associations, context_module_id context_modules",
    "outcome_proficiencies": "context_id context_type, account_id accounts",
    "outcome_proficiency_ratings": "outcome_proficiency_id outcome_proficiencies",
    "outcome_calculation_methods": "context_id context_type",
    "outcome_friendly_descriptions": "learning_outcome_id learning_outcomes, context_id context_type",
    "rubrics": "context_id context_type, user_id users",
    "rubric_associations": "rubric_id rubrics, association_id association_type, context_id context_type",
    "rubric_assessments": "rubric_id rubrics, rubric_association_id rubric_associations, "
    "user_id users, assessor_id users, artifact_id artifact_type",
    "attachments": "context_id context_type, folder_id folders, user_id users, "
    "root_attachment_id attachments",
    "folders": "context_id context_type, parent_folder_id folders",
    "context_external_tools": "context_id context_type, developer_key_id developer_keys, "
    "lti_registration_id lti_registrations",
    "developer_keys": "account_id accounts, user_id users",
    "developer_key_account_bindings": "account_id accounts, developer_key_id developer_keys",
    "lti_tool_configurations": "developer_key_id developer_keys",
    "lti_ims_registrations": "developer_key_id developer_keys",
    "lti_registrations": "account_id accounts",
    "access_tokens": "developer_key_id developer_keys, user_id users",
    "eportfolios": "user_id users",
    "custom_gradebook_columns": "course_id courses",
    "custom_grade_statuses": "root_account_id accounts, created_by_id users",
    "discussion_topics": "context_id context_type",
    "context_modules": "context_id context_type",
    "wiki_pages": "context_id context_type",
    "asset_user_accesses": "user_id users, context_id context_type",
    "web_conferences": "context_id context_type, user_id users",
    "sis_batches": "account_id accounts, user_id users, batch_mode_term_id enrollment_terms",
    "feature_flags": "context_id context_type",
    "master_courses_master_templates": "course_id courses",
    "master_courses_child_subscriptions": "child_course_id courses, "
    "master_template_id master_courses_master_templates",
    "post_policies": "course_id courses, assignment_id assignments",
    "account_reports": "user_id users, account_id accounts",
    "account_domains": "account_id accounts",
    "institutional_tag_categories": "root_account_id accounts, sis_batch_id sis_batches",
    "institutional_tags": "category_id institutional_tag_categories, sis_batch_id sis_batches",
    "institutional_tag_associations": "institutional_tag_id institutional_tags, user_id users, "
    "course_id courses, sis_batch_id sis_batches",
}
"""The tables that columns point to; in place of one, the column that holds the kind of object."""

KINDS = {
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


@pytest.mark.parametrize("scale", ["tiny", "small"])
@pytest.mark.parametrize("table", REFERENCES)
def test_references_hold(scale: str, table: str, request: pytest.FixtureRequest) -> None:
    """Whatever a row points to is there; 0 stands for nothing (a root's root, a built-in scheme)."""
    connection = request.getfixturevalue(scale)
    for column, target in (text.split() for text in REFERENCES[table].split(", ")):
        kinds = [("true", target)]
        if target.endswith("_type"):
            found = values(
                connection, f"SELECT DISTINCT {target} FROM {table} WHERE {column} IS NOT NULL"
            )
            kinds = [(f"{target} = '{kind}'", KINDS[kind]) for kind in found]
        for condition, other in kinds:
            lost = values(
                connection,
                f"SELECT {column} FROM {table} WHERE {condition} AND {column} <> 0 "
                f"AND {column} NOT IN (SELECT id FROM {other})",
            )
            assert lost == [], (column, other)


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


@pytest.mark.parametrize("query", REPORTED.values(), ids=list(REPORTED))
def test_reports_find_what_they_look_for(tiny: duckdb.DuckDBPyConnection, query: str) -> None:
    assert values(tiny, f"SELECT 1 {query} LIMIT 1")
