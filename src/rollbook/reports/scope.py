"""What one run covers: its account, the root's settings, the chosen term, the moment it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.accounts import Account, AccountTree
from rollbook.canvas.courses import find_course
from rollbook.canvas.tables import Tables
from rollbook.canvas.terms import Term, find_term, read_terms
from rollbook.canvas.zones import zone_of
from rollbook.engines.engine import Engine
from rollbook.errors import UnknownCourse, UnknownTerm
from rollbook.reports.parameters import Parameters


@dataclass(frozen=True)
class Host:
    """What an institution's host configures, because no table says it."""

    name: str = ""
    """The host name in links that reports print."""
    trusted_roots: Mapping[int, str] = field(default_factory=dict)
    """Root accounts of a consortium whose logins count here: id to host name; normally none."""
    shard: int = 0
    """The number of the database among those of its host, for ids across them; 0: the only one."""
    spaced_hash_arrows: bool = False
    """Whether dictionaries print as by Ruby 3.4 and later: `{"a" => 1}`, not `{"a"=>1}`."""


class Circumstance(StrEnum):
    """What may differ between two equal requests on equal data."""

    MOMENT = "moment"
    USER = "user"


@dataclass
class Circumstances:
    """When and for whom a report runs; notes which of it was looked at.

    What a run did not look at cannot have changed its rows, and an equal request on equal data
    does not look at it either.
    """

    _now: datetime
    _user_id: int | None = None
    locale: str = "en"
    seen: set[Circumstance] = field(default_factory=set)
    """What was looked at; the locale is not noted, as runs of different locales are never equal."""

    @property
    def now(self) -> datetime:
        """The moment the report runs, aware."""
        self.seen.add(Circumstance.MOMENT)
        return self._now

    @property
    def user_id(self) -> int | None:
        """The Canvas user who asked, where there is one."""
        self.seen.add(Circumstance.USER)
        return self._user_id


@dataclass(frozen=True)
class Scope:
    """The account, time and settings of one run; look-ups are small and asked once."""

    account: Account
    accounts: AccountTree
    parameters: Parameters
    circumstances: Circumstances
    engine: Engine
    tables: Tables
    host: Host = field(default_factory=Host)

    @property
    def now(self) -> datetime:
        """The moment the report runs, aware."""
        return self.circumstances.now

    @property
    def user_id(self) -> int | None:
        """The Canvas user who asked, where there is one."""
        return self.circumstances.user_id

    @property
    def locale(self) -> str:
        """The language of the user who asked."""
        return self.circumstances.locale

    @cached_property
    def root(self) -> Account:
        return self.accounts.root_of(self.account)

    @property
    def is_sub_account(self) -> bool:
        return self.account.id != self.root.id

    @property
    def now_utc(self) -> datetime:
        """The moment as Canvas's tables hold times: UTC without zone."""
        return self.now.astimezone(UTC).replace(tzinfo=None)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which times print: the root account's (sis_and_provisioning.md, 3.1)."""
        return zone_of(self.root.default_time_zone)

    @cached_property
    def account_ids(self) -> list[int]:
        """The account and its live descendants."""
        return self.accounts.live_subtree(self.account)

    @cached_property
    def include_deleted(self) -> bool:
        return self.parameters.truth("include_deleted")

    @cached_property
    def term(self) -> Term | None:
        """The chosen term; None for all terms (sis_and_provisioning.md, section 1).

        Raises:
            UnknownTerm: a term was named and the root account has none such.
        """
        named = self.parameters.given("enrollment_term_id", "enrollment_term")
        if named is None:
            return None
        terms = read_terms(self.tables, self.engine, self.root.id)
        # A JSON boolean is no id, though Python counts it as an integer.
        text = "" if isinstance(named, bool) else str(named)
        term = find_term(terms, text, lambda: self.now_utc)
        if term is None:
            raise UnknownTerm(
                f"The root account {self.root.id} has no enrollment term {named!r}. "
                "Give a Canvas id, sis_term_id:X, default or current."
            )
        return term

    @cached_property
    def chosen_course_id(self) -> int | None:
        """The chosen course; None for all courses (students.md, 1.2).

        Raises:
            UnknownCourse: a course was named and the root account has none such.
        """
        named = self.parameters.given("course_id", "course")
        if named is None:
            return None
        # A JSON boolean is no id, though Python counts it as an integer.
        text = "" if isinstance(named, bool) else str(named)
        course_id = find_course(self.tables, self.engine, self.root.id, text)
        if course_id is None:
            raise UnknownCourse(
                f"The root account {self.root.id} has no course {named!r}. "
                "Give a Canvas id, sis_course_id:X, sis_integration_id:X or lti_context_id:X."
            )
        return course_id

    def feature_enabled(self, feature: str) -> bool:
        """Whether the root account has a feature switched on (sis_and_provisioning.md, 3.8)."""
        if not self.tables.is_present("feature_flags"):
            return False
        flags = self.tables.feature_flags.filter(
            _.context_type == "Account",
            _.context_id == self.root.id,
            _.feature == feature,
            _.state.isin(["on", "allowed_on"]),
        )
        return bool(self.engine.rows(flags.select("id").limit(1)))

    def root_setting(self, name: str, *, default: bool) -> bool:
        """A switch among the root account's settings."""
        value: Any = self.root.settings.get(name)
        return default if value is None else value is True or value == "true"

    def course_ids(self, tables: Tables) -> ir.Table | None:
        """The courses a sub-account run covers, `course_id`; None for a root run: all of them."""
        if not self.is_sub_account:
            return None
        rows = tables.course_account_associations
        covered = rows.filter(rows.account_id == self.account.id, rows.course_section_id.isnull())
        return covered.select("course_id").distinct()

    def user_ids(self, tables: Tables) -> ir.Table | None:
        """The users a sub-account run covers, `user_id`; None for a root run: all of them."""
        if not self.is_sub_account:
            return None
        rows = tables.user_account_associations
        return rows.filter(rows.account_id == self.account.id).select("user_id").distinct()

    def in_courses(self, rows: ir.Table, course_id: str) -> ir.Table:
        """Rows whose course the run's account covers (sis_and_provisioning.md, 3.3)."""
        covered = self.course_ids(self.tables)
        return rows if covered is None else rows.semi_join(covered, [(course_id, "course_id")])

    def in_users(self, rows: ir.Table, user_id: str) -> ir.Table:
        """Rows whose user the run's account covers (sis_and_provisioning.md, 3.3)."""
        covered = self.user_ids(self.tables)
        return rows if covered is None else rows.semi_join(covered, [(user_id, "user_id")])

    def in_term(self, rows: ir.Table, enrollment_term_id: str) -> ir.Table:
        """Rows of the chosen term; all of them when none was chosen."""
        return rows if self.term is None else rows.filter(rows[enrollment_term_id] == self.term.id)

    def in_course(self, rows: ir.Table, course_id: str) -> ir.Table:
        """Rows of the chosen course; all of them when none was chosen."""
        chosen = self.chosen_course_id
        return rows if chosen is None else rows.filter(rows[course_id] == chosen)


def any_of(conditions: Sequence[ir.BooleanValue]) -> ir.BooleanValue:
    """At least one condition holds."""
    return ibis.or_(*conditions)


def is_live(table: ir.Table) -> ir.BooleanValue:
    """The rows whose `workflow_state` is not `deleted`; NULL is not live, as in SQL."""
    condition: ir.BooleanValue = table.workflow_state != "deleted"
    return condition
