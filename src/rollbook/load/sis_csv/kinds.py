"""The kinds of SIS files: told apart by their header, in this order (data_sources.md, 3.1, 3.2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_LIFE = MappingProxyType({"active": "active", "deleted": "deleted"})
_OLD_USER = ("existing_user_id", "existing_integration_id", "existing_canvas_user_id")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of SIS file."""

    name: str
    header: tuple[tuple[str, ...], ...]
    """What makes a file of this kind: one column of each group."""
    not_header: tuple[str, ...] = ()
    """What a file of this kind cannot have."""
    columns: tuple[str, ...]
    """What is read of it; other columns are ignored."""
    required_columns: tuple[tuple[str, ...], ...] = ()
    """One column of each group must be there besides the header."""
    required_cells: tuple[tuple[str, ...], ...] = ()
    """One cell of each group must be filled in each row."""
    statuses: Mapping[str, str] = field(default_factory=dict)
    """Beginnings of status words, tried in order, and what they mean; empty: none is needed."""
    blank_clears: frozenset[str] = frozenset()
    """Columns where a blank cell, or `<delete>`, clears the value; elsewhere blank keeps it."""
    delete_clears: frozenset[str] = frozenset()
    """Columns where `<delete>` clears the value."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Other names under which the columns are staged."""

    def fits(self, header: Collection[str]) -> bool:
        """Whether a file with these columns is of this kind."""
        return all(any(name in header for name in group) for group in self.header) and not any(
            name in header for name in self.not_header
        )

    def missing_columns(self, header: Collection[str]) -> list[str]:
        """The required columns, in words, that a header of this kind lacks."""
        return [
            " or ".join(group)
            for group in self.required_columns
            if not any(name in header for name in group)
        ]

    @property
    def staged_columns(self) -> tuple[str, ...]:
        """The columns under their staged names."""
        return tuple(self.renamed.get(name, name) for name in self.columns)


CHANGE_SIS_ID = Kind(
    name="change_sis_id",
    header=(("old_id", "old_integration_id"),),
    columns=("old_id", "new_id", "old_integration_id", "new_integration_id", "type"),
    required_columns=(("type",), ("new_id", "new_integration_id")),
    required_cells=(("old_id", "old_integration_id"), ("new_id", "new_integration_id"), ("type",)),
    delete_clears=frozenset({"new_integration_id"}),
)
ACCOUNTS = Kind(
    name="accounts",
    header=(("account_id",), ("parent_account_id",)),
    columns=("account_id", "parent_account_id", "name", "status", "integration_id"),
    required_columns=(("name",), ("status",)),
    required_cells=(("account_id",),),
    statuses=_LIFE,
)
TERMS = Kind(
    name="terms",
    header=(("term_id",), ("name",)),
    columns=(
        *("term_id", "name", "status", "integration_id", "start_date", "end_date"),
        "date_override_enrollment_type",
    ),
    required_columns=(("status",),),
    required_cells=(("term_id",),),
    statuses=_LIFE,
    blank_clears=frozenset({"start_date", "end_date"}),
)
COURSES = Kind(
    name="courses",
    header=(("course_id",), ("short_name",)),
    columns=(
        *("course_id", "short_name", "long_name", "account_id", "term_id", "status"),
        *("integration_id", "start_date", "end_date", "course_format", "blueprint_course_id"),
        *("grade_passback_setting", "homeroom_course", "friendly_name"),
    ),
    required_columns=(("long_name",), ("status",)),
    required_cells=(("course_id",),),
    statuses=MappingProxyType(
        {
            "active": "active",
            "published": "published",
            "completed": "completed",
            "deleted": "deleted",
        }
    ),
    blank_clears=frozenset({"start_date", "end_date", "account_id", "term_id"}),
    delete_clears=frozenset({"grade_passback_setting", "friendly_name", "course_format"}),
)
SECTIONS = Kind(
    name="sections",
    header=(("section_id",), ("name",)),
    columns=(
        *("section_id", "course_id", "name", "status", "integration_id"),
        *("start_date", "end_date"),
    ),
    required_columns=(("course_id",), ("status",)),
    required_cells=(("section_id",), ("course_id",)),
    statuses=_LIFE,
    blank_clears=frozenset({"start_date", "end_date"}),
)
XLISTS = Kind(
    name="xlists",
    header=(("xlist_course_id",), ("section_id",)),
    columns=("xlist_course_id", "section_id", "status"),
    required_columns=(("status",),),
    required_cells=(("xlist_course_id",), ("section_id",)),
    statuses=_LIFE,
)
_LOGIN_COLUMNS = (
    *("user_id", "integration_id", "login_id", "authentication_provider_id", "email"),
    *("declared_user_type", "status"),
)
USERS = Kind(
    name="users",
    header=(("user_id",), ("login_id",)),
    not_header=_OLD_USER,
    columns=(
        *_LOGIN_COLUMNS,
        *("first_name", "last_name", "full_name", "sortable_name", "short_name", "pronouns"),
        "canvas_password_notification",
    ),
    required_columns=(("status",),),
    required_cells=(("user_id",), ("login_id",)),
    statuses=MappingProxyType({"active": "active", "suspended": "suspended", "deleted": "deleted"}),
    blank_clears=frozenset({"authentication_provider_id"}),
    delete_clears=frozenset({"pronouns", "declared_user_type"}),
)
LOGINS = Kind(
    name="logins",
    header=(_OLD_USER,),
    columns=(*_LOGIN_COLUMNS, *_OLD_USER),
    required_columns=(("user_id",), ("login_id",)),
    required_cells=(("user_id",), ("login_id",), _OLD_USER),
    blank_clears=frozenset({"authentication_provider_id"}),
    delete_clears=frozenset({"declared_user_type"}),
)
ENROLLMENTS = Kind(
    name="enrollments",
    header=(("course_id", "section_id"), ("user_id", "user_integration_id")),
    columns=(
        *("course_id", "section_id", "user_id", "user_integration_id", "role", "role_id"),
        *("status", "start_date", "end_date", "associated_user_id", "limit_section_privileges"),
        "temporary_enrollment_source_user_id",
    ),
    required_columns=(("role", "role_id"), ("status",)),
    required_cells=(
        ("course_id", "section_id"),
        ("user_id", "user_integration_id"),
        ("role", "role_id"),
    ),
    # `concluded` is what an export prints for `completed` (data_sources.md, 3.4).
    statuses=MappingProxyType(
        {
            "active": "active",
            "completed": "completed",
            "concluded": "completed",
            "inactive": "inactive",
            "deleted_last_completed": "deleted_last_completed",
            "deleted": "deleted",
        }
    ),
    blank_clears=frozenset({"start_date", "end_date"}),
)
ADMINS = Kind(
    name="admins",
    header=(("user_id",), ("account_id",)),
    columns=("user_id", "account_id", "role_id", "role", "status"),
    required_columns=(("role", "role_id"), ("status",)),
    required_cells=(("user_id",), ("role", "role_id")),
    statuses=_LIFE,
)
GROUP_CATEGORIES = Kind(
    name="group_categories",
    header=(("group_category_id",), ("category_name",)),
    columns=("group_category_id", "account_id", "course_id", "category_name", "status"),
    required_columns=(("status",),),
    required_cells=(("group_category_id",),),
    statuses=_LIFE,
)
GROUPS = Kind(
    name="groups",
    header=(("group_id",), ("name",)),
    columns=("group_id", "group_category_id", "account_id", "course_id", "name", "status"),
    required_columns=(("status",),),
    required_cells=(("group_id",),),
    statuses=MappingProxyType(
        {
            "available": "available",
            "deleted": "deleted",
            "closed": "available",
            "completed": "available",
        }
    ),
)
GROUPS_MEMBERSHIP = Kind(
    name="groups_membership",
    header=(("group_id",), ("user_id",)),
    columns=("group_id", "user_id", "status"),
    required_columns=(("status",),),
    required_cells=(("group_id",), ("user_id",)),
    statuses=MappingProxyType({"accepted": "accepted", "deleted": "deleted"}),
)
USER_OBSERVERS = Kind(
    name="user_observers",
    header=(("observer_id",), ("student_id",)),
    columns=("observer_id", "student_id", "status"),
    required_columns=(("status",),),
    required_cells=(("observer_id",), ("student_id",)),
    statuses=_LIFE,
)
TAG_SETS = Kind(
    name="differentiation_tag_sets",
    header=(("tag_set_id",), ("set_name",)),
    columns=("tag_set_id", "account_id", "course_id", "set_name", "status"),
    required_columns=(("status",),),
    required_cells=(("group_category_id",),),
    statuses=_LIFE,
    renamed=MappingProxyType({"tag_set_id": "group_category_id", "set_name": "category_name"}),
)
TAGS = Kind(
    name="differentiation_tags",
    header=(("tag_id",), ("name",)),
    columns=("tag_id", "tag_set_id", "account_id", "course_id", "name", "status"),
    required_columns=(("status",),),
    required_cells=(("group_id",),),
    statuses=MappingProxyType({**GROUPS.statuses, "active": "available"}),
    renamed=MappingProxyType({"tag_id": "group_id", "tag_set_id": "group_category_id"}),
)
TAG_MEMBERSHIP = Kind(
    name="differentiation_tag_membership",
    header=(("tag_id",), ("user_id",)),
    columns=("tag_id", "user_id", "status"),
    required_columns=(("status",),),
    required_cells=(("group_id",), ("user_id",)),
    statuses=MappingProxyType({**GROUPS_MEMBERSHIP.statuses, "active": "accepted"}),
    renamed=MappingProxyType({"tag_id": "group_id"}),
)

KINDS: tuple[Kind, ...] = (
    *(CHANGE_SIS_ID, ACCOUNTS, TERMS, COURSES, SECTIONS, XLISTS, USERS, LOGINS, ENROLLMENTS),
    *(ADMINS, GROUP_CATEGORIES, GROUPS, GROUPS_MEMBERSHIP, USER_OBSERVERS),
    *(TAG_SETS, TAGS, TAG_MEMBERSHIP),
)
"""All kinds: the first whose header fits wins; it is the order of processing, too."""

_IGNORED = (
    ("enrollment_id", "grade_publishing_status"),
    ("abstract_course_id",),
    ("institutional_tag_id",),
    ("category_id", "description"),
)
"""Files that Canvas takes or writes and that feed no table of ours."""


def kind_of(header: Collection[str]) -> Kind | None:
    """The kind of file that a header (lower case names) makes, or None."""
    return next((kind for kind in KINDS if kind.fits(header)), None)


def is_ignored(header: Collection[str]) -> bool:
    """Whether the header is that of a file which is known and left out."""
    return any(all(name in header for name in names) for names in _IGNORED)
