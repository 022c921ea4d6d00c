"""The rules that several reports share, in slow plain Python, written from the spec pages alone.

Nothing here may import from `rollbook`: what the engine and the oracle agree on, two people read
out of the same sentences. Where a page leaves a choice open and names a good one, the oracle takes
that one; where it names none, `Unspecified` is raised.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import yaml

Cell = str | None
Cells = tuple[Cell, ...]


class ReportFails(Exception):
    """The run ends in `error`, without a file."""


class Unspecified(Exception):
    """The pages leave open what happens here, and recommend nothing."""


class Row(dict[str, Any]):
    """A row of a table; a column that is not given is NULL."""

    def __missing__(self, column: str) -> None:
        return None


@dataclass(frozen=True)
class Request:
    """Which run: its account, parameters, moment and the host name in links."""

    account_id: int
    parameters: Mapping[str, Any]
    now: datetime
    host: str = ""


@dataclass(frozen=True)
class Line:
    """A row of a report; lines with equal keys may stand in any order."""

    cells: Cells
    key: tuple[int, ...] = ()


@dataclass(frozen=True)
class Expected:
    """One CSV, and the text that the run shows about its settings."""

    header: Cells
    lines: Sequence[Line]
    extra_text: str | None = None


class Institution:
    """Canvas tables as lists of rows, with the look-ups that reports ask for."""

    def __init__(self, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self._tables = {name: [Row(row) for row in rows] for name, rows in tables.items()}
        self._by_id = {
            name: {row["id"]: row for row in reversed(rows) if row["id"] is not None}
            for name, rows in self._tables.items()
        }

    def rows(self, table: str) -> list[Row]:
        return self._tables.get(table, [])

    def one(self, table: str, row_id: int | None) -> Row | None:
        return None if row_id is None else self._by_id.get(table, {}).get(row_id)

    def root_of(self, account_id: int) -> Row:
        """An account's root account: itself where it names none, 0 or itself (students 1.1)."""
        account = self.one("accounts", account_id)
        assert account is not None
        root = self.one("accounts", account["root_account_id"] or account_id)
        assert root is not None
        return root

    def chain(self, account_id: int | None) -> list[int]:
        """An account and its ancestors, nearest first."""
        chain: list[int] = []
        while (account := self.one("accounts", account_id)) and account_id not in chain:
            chain.append(account["id"])
            account_id = account["parent_account_id"]
        return chain

    def courses_of_sub_account(self, account_id: int) -> set[int]:
        """sis_and_provisioning 3.3: the association rows without a section, or derived ones."""
        given = self.rows("course_account_associations")
        if given:
            return {
                row["course_id"]
                for row in given
                if row["account_id"] == account_id and row["course_section_id"] is None
            }
        return {
            course["id"]
            for course in self.rows("courses")
            if account_id in self.chain(course["account_id"])
        }

    @property
    def site_admin_id(self) -> int | None:
        """sis_and_provisioning 3.5 step 3: a `settings` row names it."""
        for row in self.rows("settings"):
            if row["name"] == "site_admin_account_id" and row["value"] is not None:
                return int(row["value"])
        return None


@dataclass(frozen=True)
class Run:
    """A request on an institution, with its root account, term and switches worked out."""

    institution: Institution
    request: Request
    root: Row = field(init=False)
    term: Row | None = field(init=False)
    include_deleted: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", self.institution.root_of(self.request.account_id))
        object.__setattr__(self, "term", chosen_term(self))
        object.__setattr__(self, "include_deleted", self.truth("include_deleted"))

    def truth(self, name: str) -> bool:
        return truth(self.request.parameters.get(name))

    def given(self, *names: str) -> Any:
        values = (self.request.parameters.get(name) for name in names)
        return next((value for value in values if not is_blank(value)), None)

    @property
    def is_sub_account(self) -> bool:
        return bool(self.request.account_id != self.root["id"])

    @property
    def zone(self) -> ZoneInfo:
        return zone_of(self.root)

    def covers(self, course: Row) -> bool:
        """Whether a course is in the run's term and account."""
        return self.is_in_term(course) and self.is_in_account(course)

    def is_in_term(self, course: Row) -> bool:
        return self.term is None or course["enrollment_term_id"] == self.term["id"]

    def is_in_account(self, course: Row) -> bool:
        if not self.is_sub_account:
            return True
        return course["id"] in self.institution.courses_of_sub_account(self.request.account_id)

    def term_text(self) -> str:
        name = "All Terms" if self.term is None else self.term["name"] or ""
        return f"Term: {name};"


# Parameters: api.md 2.3; sis_and_provisioning.md, grades_and_outcomes.md 0.1, students.md 1.2.


def truth(value: Any) -> bool:
    if isinstance(value, bool) or value is None:
        return bool(value)
    text = str(value)
    if text.lower() in {"yes", "y", "true", "t", "on", "1"}:
        return True
    if text.lower() in {"no", "n", "false", "f", "off", "0"}:
        return False
    return leading_integer(text) != 0


def leading_integer(text: str) -> int:
    digits = re.match(r"\s*([+-]?\d+)", text)
    return int(digits[1]) if digits else 0


def is_blank(value: Any) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or value is False or value in ([], {})


def chosen_term(run: Run) -> Row | None:
    """The term a run is narrowed to; None for all.

    Raises:
        ReportFails: a term is named that the root account does not have.
    """
    value = run.given("enrollment_term_id", "enrollment_term")
    if value is None:
        return None
    terms = [
        row
        for row in run.institution.rows("enrollment_terms")
        if row["root_account_id"] == run.root["id"]
    ]
    live = [row for row in terms if differs(row["workflow_state"], "deleted")]
    if value == "default":
        return _only([row for row in live if row["name"] == "Default Term"])
    if value == "current":
        current = [row for row in live if _is_current(row, run.request.now)]
        if len(current) != 1:
            raise ReportFails(f"{len(current)} current terms")
        return current[0]
    prefixes = {"sis_term_id": "sis_source_id", "sis_integration_id": "integration_id"}
    return _only(list(_named(terms, value, prefixes)))


def chosen_course(run: Run) -> Row | None:
    """The course of students.md 1.2; None when none is given.

    Raises:
        ReportFails: a course is named that the root account does not have.
    """
    value = run.given("course_id", "course")
    if value is None:
        return None
    courses = [
        row for row in run.institution.rows("courses") if row["root_account_id"] == run.root["id"]
    ]
    prefixes = {
        "sis_course_id": "sis_source_id",
        "sis_integration_id": "integration_id",
        "lti_context_id": "lti_context_id",
    }
    return _only(list(_named(courses, value, prefixes)))


def _only(rows: list[Row]) -> Row:
    if not rows:
        raise ReportFails("not found")
    if len(rows) > 1:
        raise Unspecified("several objects have one name or SIS id")
    return rows[0]


def _is_current(term: Row, now: datetime) -> bool:
    start, end = moment(term["start_at"]), moment(term["end_at"])
    if start is None and end is None:
        return False
    return (start is None or start <= now) and (end is None or now <= end)


def _named(rows: list[Row], value: Any, prefixes: Mapping[str, str]) -> Iterator[Row]:
    if isinstance(value, bool | list | dict):
        return
    text = str(value).strip()
    if re.fullmatch(r"[0-9]+", text):
        yield from (row for row in rows if row["id"] == int(text))
        return
    parts = re.fullmatch(r"(hex:)?([a-z_]+):(.+)", text, re.DOTALL)
    if parts is None or parts[2] not in prefixes:
        return
    wanted = parts[3]
    if parts[1]:
        if not re.fullmatch(r"([0-9A-Fa-f]{2})+", wanted):
            return
        try:
            wanted = bytes.fromhex(wanted).decode()
        except UnicodeDecodeError:
            return
    yield from (row for row in rows if row[prefixes[parts[2]]] == wanted)


# Values


def differs(value: Any, other: Any) -> bool:
    """`value <> other` as in SQL: NULL is not different from anything."""
    return value is not None and value != other


def moment(text: str | None) -> datetime | None:
    """A time of a table; they are in UTC."""
    if text is None:
        return None
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


_RAILS_ZONES = {
    "Mountain Time (US & Canada)": "America/Denver",
    "Eastern Time (US & Canada)": "America/New_York",
    "London": "Europe/London",
    "Sydney": "Australia/Sydney",
}


def zone_of(root: Row) -> ZoneInfo:
    name = root["default_time_zone"] or "America/Denver"
    return ZoneInfo(_RAILS_ZONES.get(name, name))


def print_time(time: datetime | None, zone: ZoneInfo) -> Cell:
    if time is None:
        return None
    local = time.astimezone(zone).replace(microsecond=0)
    if local.tzname() == "UTC":
        return local.strftime("%Y-%m-%dT%H:%M:%SZ")
    return local.isoformat()


def print_integer(value: int | None) -> Cell:
    return None if value is None else str(value)


def print_boolean(value: bool | None) -> Cell:
    return None if value is None else str(value).lower()


def print_number(value: float | None) -> Cell:
    """grades_and_outcomes 0.3: an integer plainly, a float as Ruby prints it."""
    if value is None or isinstance(value, int):
        return print_integer(value)
    text = repr(value)
    mantissa, exponent, power = text.partition("e")
    return text if "." in mantissa else f"{mantissa}.0{exponent}{power}"


def print_double(value: float | None) -> Cell:
    """A double precision column, also where the source gives an integer."""
    return None if value is None else print_number(float(value))


def decoded(value: Any) -> Any:
    """A serialized column (data_sources 1.1): YAML or JSON text, or decoded already."""
    return _parsed(value) if isinstance(value, str) else _without_colons(value)


@cache
def _parsed(text: str) -> Any:
    if not text.strip():
        return None
    return _without_colons(json.loads(text) if text[0] in '{["' else yaml.safe_load(text))


def _without_colons(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key).removeprefix(":"): _without_colons(inner) for key, inner in value.items()}
    return [_without_colons(inner) for inner in value] if isinstance(value, list) else value


# Feature options


def has_feature_at_root(run: Run, feature: str) -> bool:
    """sis_and_provisioning 3.8."""
    return _flag(run.institution, run.root["id"], feature) in {"on", "allowed_on"}


def feature_state(run: Run, feature: str, account_id: int) -> str | None:
    """grades_and_outcomes 0.5: the flag that counts for an account."""
    chain = run.institution.chain(account_id)
    path = chain[: chain.index(run.root["id"]) + 1][::-1] if run.root["id"] in chain else []
    site_admin = run.institution.site_admin_id
    if site_admin is not None and site_admin != run.root["id"]:
        path.insert(0, site_admin)
    answer = None
    for place in path:
        flag = _flag(run.institution, place, feature)
        if flag == "allowed" and place == site_admin and feature == "final_grades_override":
            continue
        answer = flag or answer
        if flag in {"on", "off"}:
            break
    return answer


def _flag(institution: Institution, account_id: int, feature: str) -> str | None:
    for row in institution.rows("feature_flags"):
        if (row["context_type"], row["context_id"]) == ("Account", account_id) and (
            row["feature"] == feature
        ):
            return str(row["state"])
    return None


# Logins


@cache
def _collation() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@cache
def collated(text: str) -> str:
    """A key that sorts like ICU's root collation with numeric order, made by ICU itself."""
    row = _collation().execute("SELECT icu_sort_key(?, 'und-u-kn-true')", [text]).fetchone()
    assert row is not None
    return str(row[0])


def by_name_and_position(login: Row) -> tuple[Any, ...]:
    """The last steps of every choice of a login: unique_id, position with NULL last, id."""
    position = login["position"]
    return (collated(login["unique_id"]), position is None, position or 0, login["id"])


def chosen_login(run: Run, user_id: int | None, preferred: int | None = None) -> Row | None:
    """sis_and_provisioning 3.5 and grades_and_outcomes 1.4: the login printed for a user."""
    candidates = [
        login
        for login in run.institution.rows("pseudonyms")
        if login["user_id"] == user_id is not None
        and (run.include_deleted or differs(login["workflow_state"], "deleted"))
    ]
    for login in candidates:
        if login["id"] == preferred:
            return login
    candidates.sort(
        key=lambda login: (
            login["workflow_state"],
            login["sis_user_id"] is None,
            *by_name_and_position(login),
        )
    )
    for account_id in (run.root["id"], run.institution.site_admin_id):
        for login in candidates:
            if login["account_id"] == account_id is not None:
                return login
    return None
