"""The files users, user_observers and admins (sis_and_provisioning.md, 4.1, 4.11, 4.12)."""

from __future__ import annotations

import ibis
from ibis import _

from rollbook.canvas.tables import Tables
from rollbook.reports.expressions import prefixed
from rollbook.reports.logins import chosen_logins, login_host, root_logins
from rollbook.reports.names import first_name, last_name
from rollbook.reports.people import email_addresses, without_test_students
from rollbook.reports.report import OutputFile
from rollbook.reports.scope import is_live
from rollbook.reports.sis.export import Export, SisColumn, both, created_by_sis, provisioning, sis

_PRONOUNS = {"she_her": "She/Her", "he_him": "He/Him", "they_them": "They/Them"}


def users(tables: Tables, export: Export) -> OutputFile:
    """One row for each login of the root, not for each user."""
    logins = root_logins(tables, export.scope)
    logins = export.kept(
        logins,
        by_default=is_live(logins),
        with_deleted=is_live(logins) | logins.sis_user_id.notnull(),
        sis_demands=logins.sis_user_id.notnull(),
        batch_id=logins.sis_batch_id,
    )
    logins = without_test_students(tables, logins, "user_id")
    logins = export.scope.in_users(logins, "user_id")
    people = prefixed(
        tables.users, "person_", "id", "name", "sortable_name", "short_name", "pronouns", "uuid"
    )
    emails = email_addresses(tables)
    rows = logins.join(people, logins.user_id == people.person_id)
    rows = rows.left_join(emails, rows.user_id == emails.email_user_id)
    return OutputFile("users", export.columns(*_user_columns(export)), rows.order_by("id"))


def _user_columns(export: Export) -> list[SisColumn]:
    columns = [
        provisioning("canvas_user_id", _.user_id),
        both("user_id", _.sis_user_id),
        both("integration_id", _.integration_id),
        both("authentication_provider_id", _.authentication_provider_id),
        both("login_id", _.unique_id),
        sis("password", ibis.null("string")),
        both("first_name", first_name(_.person_sortable_name)),
        both("last_name", last_name(_.person_sortable_name)),
        both("full_name", _.person_name),
        both("sortable_name", _.person_sortable_name),
        both("short_name", _.person_short_name),
        both("email", _.email),
        both("status", _.workflow_state),
        provisioning("created_by_sis", created_by_sis(_.sis_batch_id)),
    ]
    if _prints_pronouns(export):
        columns.append(both("pronouns", _.person_pronouns.substitute(_PRONOUNS)))
    return [*columns, provisioning("uuid", _.person_uuid)]


def _prints_pronouns(export: Export) -> bool:
    scope = export.scope
    return scope.root_setting("can_add_pronouns", default=False) and scope.root_setting(
        "enable_sis_export_pronouns", default=True
    )


def user_observers(tables: Tables, export: Export) -> OutputFile:
    """One row for each pair of a student's login and an observer's login in the root."""
    logins = root_logins(tables, export.scope)
    students = prefixed(logins, "student_", "id", "user_id", "sis_user_id", "workflow_state")
    observers = prefixed(logins, "observer_login_", "id", "user_id", "sis_user_id")
    links = tables.user_observers.filter(_.root_account_id == export.scope.root.id)
    rows = links.join(students, links.user_id == students.student_user_id)
    rows = rows.join(observers, rows.observer_id == observers.observer_login_user_id)
    rows = export.kept(
        rows,
        # A deleted observer login does not matter, a deleted student login does.
        by_default=is_live(rows) & (rows.student_workflow_state != "deleted"),
        with_deleted=ibis.literal(True),
        sis_demands=rows.sis_batch_id.notnull(),
        batch_id=rows.sis_batch_id,
    )
    rows = export.scope.in_users(rows, "user_id")
    columns = export.columns(
        provisioning("canvas_observer_id", _.observer_id),
        both("observer_id", _.observer_login_sis_user_id),
        provisioning("canvas_student_id", _.user_id),
        both("student_id", _.student_sis_user_id),
        both("status", _.workflow_state),
        provisioning("created_by_sis", created_by_sis(_.sis_batch_id)),
    )
    return OutputFile(
        "user_observers", columns, rows.order_by("id", "student_id", "observer_login_id")
    )


def admins(tables: Tables, export: Export) -> OutputFile:
    """One row for each admin role in the account and its live descendants."""
    scope = export.scope
    links = tables.account_users.filter(_.account_id.isin(scope.account_ids))
    # `created_by_sis` has no effect here.
    links = export.kept(
        links,
        by_default=is_live(links),
        with_deleted=ibis.literal(True),
        sis_demands=links.sis_batch_id.notnull(),
    )
    accounts = prefixed(tables.accounts, "home_", "id", "sis_source_id")
    people = prefixed(tables.users, "person_", "id", "name")
    roles = prefixed(tables.roles, "role_", "id", "name").rename(role_key="role_id")
    logins = chosen_logins(tables, scope)
    rows = links.join(accounts, links.account_id == accounts.home_id)
    rows = rows.join(people, rows.user_id == people.person_id)
    rows = rows.join(roles, rows.role_id == roles.role_key)
    rows = rows.join(logins, rows.user_id == logins.login_user_id)
    columns = [
        provisioning("admin_user_name", _.person_name),
        provisioning("canvas_user_id", _.user_id),
        both("user_id", _.login_sis_user_id),
        provisioning("canvas_account_id", _.account_id),
        both("account_id", _.home_sis_source_id),
        both("role_id", _.role_id),
        both("role", _.role_name),
        both("status", _.workflow_state),
        provisioning("created_by_sis", created_by_sis(_.sis_batch_id)),
    ]
    if scope.host.trusted_roots:
        columns.append(both("root_account", login_host(scope, rows.login_account_id)))
    return OutputFile("admins", export.columns(*columns), rows.order_by("id"))
