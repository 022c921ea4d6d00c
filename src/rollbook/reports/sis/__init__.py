"""`sis_export_csv` and `provisioning_csv`: the same files in two formats.

Source: sis_and_provisioning.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from rollbook.canvas.tables import Tables
from rollbook.reports import extra_text, texts
from rollbook.reports.report import OutputFile, Parameter, Plan, Report
from rollbook.reports.scope import Scope
from rollbook.reports.sis.accounts import accounts, terms
from rollbook.reports.sis.courses import courses, sections, xlist
from rollbook.reports.sis.enrollments import ENROLLMENT_STATES, ENROLLMENT_TYPES, enrollments
from rollbook.reports.sis.export import Export, Format
from rollbook.reports.sis.groups import group_categories, group_membership, groups
from rollbook.reports.sis.people import admins, user_observers, users
from rollbook.reports.sis.tags import (
    institutional_tag_associations,
    institutional_tag_categories,
    institutional_tags,
)

# In the order in which they stand in a zip, whatever the order of the parameters.
FILES: Mapping[str, Callable[[Tables, Export], OutputFile]] = MappingProxyType(
    {
        "users": users,
        "accounts": accounts,
        "terms": terms,
        "courses": courses,
        "sections": sections,
        "enrollments": enrollments,
        "groups": groups,
        "group_membership": group_membership,
        "group_categories": group_categories,
        "xlist": xlist,
        "user_observers": user_observers,
        "admins": admins,
        "institutional_tag_categories": institutional_tag_categories,
        "institutional_tags": institutional_tags,
        "institutional_tag_associations": institutional_tag_associations,
    }
)


def _plan(format_: Format) -> Callable[[Tables, Scope], Plan]:
    def plan(tables: Tables, scope: Scope) -> Plan:
        # Looked up before any file is made: an unknown term fails every run.
        _ = scope.term
        export = Export(format_, scope)
        chosen = [name for name in FILES if scope.parameters.truth(name)]
        return Plan(
            files=tuple(FILES[name](tables, export) for name in chosen),
            extra_text=_extra_text(scope, chosen),
        )

    return plan


def _extra_text(scope: Scope, chosen: list[str]) -> str:
    types = scope.parameters.chosen("enrollment_filter", ENROLLMENT_TYPES)
    states = scope.parameters.chosen("enrollment_states", ENROLLMENT_STATES)
    return extra_text.joined(
        extra_text.term(scope),
        extra_text.include_deleted(scope),
        None if types is None else f"Include Enrollment Roles: {texts.english_list(types)};",
        None if states is None else f"Include Enrollment States: {texts.english_list(states)};",
        f"Reports: {''.join(f'{name} ' for name in chosen)}",
    )


# Which of them a run reads follows from the files it writes.
_OPTIONAL_TABLES = (
    "account_users",
    "communication_channels",
    "course_account_associations",
    "course_sections",
    "courses",
    "enrollment_states",
    "enrollment_terms",
    "enrollments",
    "feature_flags",
    "group_categories",
    "group_memberships",
    "groups",
    "institutional_tag_associations",
    "institutional_tag_categories",
    "institutional_tags",
    "master_courses_child_subscriptions",
    "master_courses_master_templates",
    "pseudonyms",
    "roles",
    "user_account_associations",
    "user_observers",
    "users",
)

_SHARED_PARAMETERS = (
    Parameter(
        "enrollment_term_id",
        "The term whose courses, sections, enrollments and cross-listings are reported. "
        "A Canvas id, sis_term_id:X, default or current; leave it empty for all terms.",
        kind="term",
    ),
    Parameter("users", "Write the file of users: one row for each login."),
    Parameter("accounts", "Write the file of accounts."),
    Parameter("terms", "Write the file of enrollment terms."),
    Parameter("courses", "Write the file of courses."),
    Parameter("sections", "Write the file of course sections."),
    Parameter("enrollments", "Write the file of enrollments."),
    Parameter("groups", "Write the file of groups."),
    Parameter("group_categories", "Write the file of group categories."),
    Parameter("group_membership", "Write the file of group memberships."),
    Parameter("xlist", "Write the file of cross-listed sections."),
    Parameter("user_observers", "Write the file of observers and the students they observe."),
    Parameter("admins", "Write the file of admins."),
    Parameter("created_by_sis", "Report only what a SIS import created."),
    Parameter("include_deleted", "Also report deleted objects, and concluded ones."),
)

_ENROLLMENT_PARAMETERS = (
    Parameter(
        "enrollment_filter",
        f"Enrollment types to report, separated by commas: {', '.join(ENROLLMENT_TYPES)}.",
        kind="list",
    ),
    Parameter(
        "enrollment_states",
        f"Enrollment states to report, separated by commas: {', '.join(ENROLLMENT_STATES)}.",
        kind="list",
    ),
)

SIS_EXPORT = Report(
    key="sis_export_csv",
    title="SIS Export",
    description=(
        "The institution as SIS import files: users, accounts, terms, courses, sections, "
        "enrollments and groups that carry a SIS id, in columns that Canvas can import again. "
        "One file chosen gives a CSV, several give a zip."
    ),
    parameters=_SHARED_PARAMETERS,
    tables=("accounts",),
    optional_tables=_OPTIONAL_TABLES,
    plan=_plan("sis"),
    repeatable=True,
)

PROVISIONING = Report(
    key="provisioning_csv",
    title="Provisioning",
    description=(
        "What the institution has been provisioned with: users, accounts, terms, courses, "
        "sections, enrollments and groups with their Canvas ids and SIS ids, whether or not they "
        "came from a SIS. One file chosen gives a CSV, several give a zip."
    ),
    parameters=(*_SHARED_PARAMETERS, *_ENROLLMENT_PARAMETERS),
    tables=("accounts",),
    optional_tables=_OPTIONAL_TABLES,
    plan=_plan("provisioning"),
    repeatable=True,
)

REPORTS = (PROVISIONING, SIS_EXPORT)
