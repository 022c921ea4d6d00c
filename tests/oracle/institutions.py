"""Small institutions and requests for the oracle, as hypothesis strategies.

Ids come from small pools, so that references hit and miss; the first of each pool is the usual
value, and repeated, so that rows survive the many conditions of a report often enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import yaml
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from oracle.provisioning_enrollments import STATES, TYPES
from oracle.rules import Request

T = TypeVar("T")
Tables = dict[str, list[dict[str, Any]]]
Columns = Mapping[str, SearchStrategy[Any]]

NOW = datetime(2026, 2, 25, 12, tzinfo=UTC)
"""No clock changes within the weeks before it, so that days back are 24 hours each."""

ROOT, OTHER_ROOT, SITE_ADMIN = 1, 9, 20
MOST_ENROLLMENTS = 40
HOST = "canvas.northwind.example"


def mostly(usual: T, *others: Any, weight: int = 4) -> SearchStrategy[Any]:
    """The usual value, and each of the others now and then."""
    return st.sampled_from([usual] * weight + list(others))


def any_of(*values: Any) -> SearchStrategy[Any]:
    return st.sampled_from(values)


@st.composite
def rows(
    draw: DrawFn, columns: Columns, *, least: int = 0, most: int = 4, first_id: int = 1
) -> list[dict[str, Any]]:
    """Rows with ids in a row from `first_id` on."""
    found = draw(st.lists(st.fixed_dictionaries(dict(columns)), min_size=least, max_size=most))
    return [{"id": first_id + number, **row} for number, row in enumerate(found)]


# Values

TEXTS = (
    "Ana Sol",
    'Ana "Sol", née Ö',
    "",
    None,
    " Zoë ",
    "a,b",
    "line\nbreak",
    "semi;colon",
    "=1+1",
    "日本 🎓",
    "NULL",
    "007",
)
texts = any_of(*TEXTS)
integration_ids = any_of(None, "I1", "i 1", "")
user_ids = mostly(1, *[2, 3] * 4, 4, 4, 5)
"""The fifth does not exist, often nor does the fourth."""
root_accounts = mostly(ROOT, OTHER_ROOT, None, weight=24)
UNIQUE_IDS = (
    *("u9", "u10", "u09", "U9", "ú9", "ù9", "u 9", "u_9", "u-9", "u.9", "u@9", "u+9"),
    *("ana", "Ana", "ána", "Ána", "øre", "ore", "straße", "strasse", "Łukasz", "lukasz", "9", "10"),
)


def times(*offsets: timedelta | None) -> SearchStrategy[str | None]:
    """Moments around now, as tables give them; None is NULL."""
    return st.sampled_from(
        [
            None if offset is None else (NOW + offset).isoformat().replace("+00:00", "Z")
            for offset in offsets
        ]
    )


def unique_where_given(
    table: Sequence[dict[str, Any]], scope: str, columns: Sequence[str]
) -> list[dict[str, Any]]:
    """Keep a SIS id only on the first row of its scope, as Canvas's unique indexes demand."""
    seen: set[tuple[Any, ...]] = set()
    kept = []
    for row in table:
        changed = dict(row)
        for column in columns:
            value = (column, row[scope], row[column])
            if value in seen:
                changed[column] = None
            seen.add(value)
        kept.append(changed)
    return kept


# Accounts, terms, people, courses


@st.composite
def accounts(draw: DrawFn, /, **further: SearchStrategy[Any]) -> list[dict[str, Any]]:
    """A root with three accounts below it, another root with one, and the site admin account."""
    parents = {
        ROOT: None,
        2: ROOT,
        3: draw(any_of(2, ROOT)),
        4: draw(any_of(3, 2, ROOT)),
        OTHER_ROOT: None,
        10: OTHER_ROOT,
        SITE_ADMIN: None,
    }
    found = []
    for account, parent in parents.items():
        own_root = OTHER_ROOT if parent == OTHER_ROOT else ROOT
        row = {
            "id": account,
            "name": f"Account {account}",
            "parent_account_id": parent,
            "root_account_id": draw(any_of(None, 0, account)) if parent is None else own_root,
            "workflow_state": "active",
            "default_time_zone": draw(ZONES),
        }
        found.append(row | {name: draw(values) for name, values in further.items()})
    return found


ZONES = any_of(
    *(None, "UTC", "Etc/UTC", "America/New_York", "London", "Eastern Time (US & Canada)"),
    *("Asia/Kolkata", "Sydney"),
)
courses_accounts = mostly(ROOT, *[2, 3, 4] * 2, 10, 99)

terms = rows(
    {
        "root_account_id": mostly(ROOT, OTHER_ROOT),
        "name": any_of("Default Term", "Fall", 'Spring "26", late', None),
        "sis_source_id": any_of("T1", "t1", "T é", None),
        "integration_id": any_of(None, "I1"),
        "workflow_state": mostly("active", "deleted"),
        "start_at": times(None, timedelta(), timedelta(seconds=1), -timedelta(days=9)),
        "end_at": times(None, timedelta(), -timedelta(seconds=1), timedelta(days=9)),
    },
    least=1,
    most=3,
).map(
    lambda found: unique_where_given(found, "root_account_id", ("sis_source_id", "integration_id"))
)

people = rows(
    {
        "name": texts,
        "sortable_name": texts,
        "workflow_state": mostly("registered", "deleted", "pre_registered", "creation_pending"),
    },
    least=3,
)

logins = rows(
    {
        "user_id": user_ids,
        "account_id": mostly(ROOT, OTHER_ROOT, SITE_ADMIN, 2, weight=16),
        "workflow_state": mostly("active", "deleted", "suspended", weight=6),
        "unique_id": st.sampled_from(UNIQUE_IDS),
        "sis_user_id": any_of("S1", None, "S 2", "", "007"),
        "integration_id": integration_ids,
        "position": any_of(None, 1, 2),
    },
    least=7,
    most=12,
)


def courses(**further: SearchStrategy[Any]) -> SearchStrategy[list[dict[str, Any]]]:
    columns = {
        "root_account_id": root_accounts,
        "account_id": courses_accounts,
        "enrollment_term_id": mostly(1, 2, 3, weight=6),
        "name": texts,
        "sis_source_id": any_of(None, "C1", "C 2", "c1"),
        "workflow_state": mostly(
            "available", "claimed", "created", "completed", "deleted", weight=10
        ),
    }
    found = rows({**columns, **further}, least=3, most=5)
    return found.map(
        lambda table: unique_where_given(
            table, "root_account_id", [name for name in UNIQUE_OF_COURSES if name in table[0]]
        )
    )


UNIQUE_OF_COURSES = ("sis_source_id", "integration_id", "lti_context_id")
course_ids = any_of(*[1, 2, 3] * 4, 4, 5, 6)

sections = rows(
    {
        "course_id": course_ids,
        "nonxlist_course_id": mostly(None, 1, 2),
        "root_account_id": root_accounts,
        "name": texts,
        "sis_source_id": any_of(None, "X1", "", "x1"),
        "workflow_state": mostly("active", "deleted", weight=6),
    },
    least=3,
    most=6,
)

course_associations = st.one_of(
    st.just([]),
    rows(
        {
            "course_id": course_ids,
            "account_id": any_of(2, 3, ROOT),
            "course_section_id": mostly(None, 1),
        },
        least=1,
    ),
)


def enrollments(**further: SearchStrategy[Any]) -> SearchStrategy[list[dict[str, Any]]]:
    columns = {
        "user_id": user_ids,
        "course_id": course_ids,
        "course_section_id": any_of(*[1, 2, 3] * 4, 4, 5, 7),
        "root_account_id": root_accounts,
        "type": mostly("StudentEnrollment", *TYPES, "StudentViewEnrollment", weight=14),
        "workflow_state": mostly("active", *STATES, "deleted", "inactive", weight=9),
    }
    return rows({**columns, **further}, least=16, most=MOST_ENROLLMENTS)


site_admin_setting = mostly(
    [], [{"id": 1, "name": "site_admin_account_id", "value": str(SITE_ADMIN)}], weight=2
)


FLAG_STATES = any_of("on", "allowed_on", "allowed", "off")


def flags(
    feature: str, states: SearchStrategy[str] = FLAG_STATES
) -> SearchStrategy[list[dict[str, Any]]]:
    """At most one flag of a feature on each account, and flags that do not count."""
    found = rows(
        {
            "context_type": mostly("Account", "Course", weight=7),
            "context_id": mostly(ROOT, 2, 2, 3, SITE_ADMIN, OTHER_ROOT),
            "feature": mostly(feature, "another_feature", weight=7),
            "state": states,
        },
        most=4,
    )
    return found.map(_one_for_each_place)


def _one_for_each_place(table: list[dict[str, Any]]) -> list[dict[str, Any]]:
    places = {(row["context_type"], row["context_id"], row["feature"]): row for row in table}
    return list(places.values())


def serialized(value: Any) -> SearchStrategy[Any]:
    """A serialized column: YAML with Ruby's symbol keys as in Postgres, or JSON as in CD2."""
    return any_of(yaml.safe_dump(_with_colons(value), sort_keys=False), value)


def _with_colons(value: Any) -> Any:
    if isinstance(value, dict):
        return {f":{key}": _with_colons(inner) for key, inner in value.items()}
    return [_with_colons(inner) for inner in value] if isinstance(value, list) else value


# Requests

TERM_IDS: tuple[Any, ...] = (
    *("1", 1, " 1 ", "2", 3, "sis_term_id:T1", " sis_term_id:t1", "sis_integration_id:I1"),
    *("hex:sis_term_id:5431", "hex:sis_term_id:5420C3A9", "hex:sis_term_id:543", "default"),
    *("current", " current", "Default", "sis_term_id:", "sis_term_id:none", "99", "-1", "x", True),
)
BLANKS: tuple[Any, ...] = (None, "", "  ", False, [])
SWITCHES: tuple[Any, ...] = (
    *(True, "1", "on", "YES", "t", 1, "2", 7, "-1"),
    *(False, "0", "off", "No", "f", 0, "maybe", "", None),
)
switches = st.sampled_from(SWITCHES)
term_ids = any_of(*[1, "1"] * 9, *BLANKS, *TERM_IDS)


@st.composite
def parameters(draw: DrawFn, /, **optional: SearchStrategy[Any]) -> dict[str, Any]:
    """Parameters of a run, each given in one run of three."""
    found = draw(any_of({}, {"include_deleted": True}, {"include_deleted": draw(switches)}))
    for name, values in (*optional.items(), ("enrollment_term_id", term_ids)):
        if draw(any_of(0, 0, 1)):
            found = found | {name: draw(values)}
    if draw(any_of(0, 0, 0, 0, 0, 1)):
        found = found | {"enrollment_term": draw(term_ids)}
    return dict(found)


def requests(given: SearchStrategy[dict[str, Any]]) -> SearchStrategy[Request]:
    return st.builds(
        Request,
        account_id=mostly(ROOT, 2, 2, 3, 4, OTHER_ROOT, weight=9),
        parameters=given,
        now=st.just(NOW),
        host=st.just(HOST),
    )


def institution(**tables: SearchStrategy[list[dict[str, Any]]]) -> SearchStrategy[Tables]:
    """Tables common to all reports, with further ones or others in their place."""
    return st.fixed_dictionaries(
        {
            "accounts": accounts(),
            "settings": site_admin_setting,
            "enrollment_terms": terms,
            "users": people,
            "pseudonyms": logins,
            "course_sections": sections,
            "course_account_associations": course_associations,
            **tables,
        }
    )
