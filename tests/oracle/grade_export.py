"""`grade_export_csv` (grades_and_outcomes.md, section 1, with the common rules of section 0)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from oracle.rules import (
    Cell,
    Cells,
    Expected,
    Institution,
    Line,
    Request,
    Row,
    Run,
    Unspecified,
    chosen_login,
    decoded,
    differs,
    feature_state,
    leading_integer,
    moment,
    print_double,
    print_integer,
)

_STATES = {
    "active": "active",
    "completed": "concluded",
    "inactive": "inactive",
    "deleted": "deleted",
}
_BUILT_IN = (
    ("A", "0.94"),
    ("A-", "0.90"),
    ("B+", "0.87"),
    ("B", "0.84"),
    ("B-", "0.80"),
    ("C+", "0.77"),
    ("C", "0.74"),
    ("C-", "0.70"),
    ("D+", "0.67"),
    ("D", "0.64"),
    ("D-", "0.61"),
    ("F", "0"),
)
_MOST_COURSES_OF_ONE_BATCH = 25

Scheme = list[tuple[str, Decimal]]
"""The entries of a grading scheme with their lower bounds as fractions."""


def grade_export(institution: Institution, request: Request) -> Expected:
    return _Report(Run(institution, request)).expected()


class _Report:
    def __init__(self, run: Run) -> None:
        self.run = run
        state = feature_state(run, "final_grades_override", run.request.account_id)
        self.has_override = state in {"on", "allowed", "allowed_on"}
        settings = decoded(run.root["settings"]) or {}
        self.has_integration_id = (
            settings.get("include_integration_ids_in_gradebook_exports") is True
        )

    def expected(self) -> Expected:
        institution = self.run.institution
        assert len(institution.rows("courses")) <= _MOST_COURSES_OF_ONE_BATCH
        lines = [line for row in institution.rows("enrollments") for line in self._of(row)]
        return Expected(
            self._header(), sorted(lines, key=lambda line: line.key), self._extra_text()
        )

    def _extra_text(self) -> str:
        pieces = [self.run.term_text()]
        if self.run.include_deleted:
            pieces.append("Include Deleted/Concluded Objects;")
        if self.run.given("limiting_period") is not None:
            pieces.append("deleted objects limited by days specified;")
        return " ".join(pieces)

    def _header(self) -> Cells:
        override = self.has_override
        return (
            *("student name", "student id", "student sis"),
            *(["student integration id"] if self.has_integration_id else []),
            *("course", "course id", "course sis", "section", "section id", "section sis"),
            *("term", "term id", "term sis", "current score", "final score", "enrollment state"),
            *("unposted current score", "unposted final score"),
            *(["override score"] if override else []),
            *("current grade", "final grade", "unposted current grade", "unposted final grade"),
            *(["override grade"] if override else []),
        )

    def _of(self, enrollment: Row) -> Iterator[Line]:
        look_up = self.run.institution.one
        user = look_up("users", enrollment["user_id"])
        course = look_up("courses", enrollment["course_id"])
        section = look_up("course_sections", enrollment["course_section_id"])
        term = look_up("enrollment_terms", course["enrollment_term_id"]) if course else None
        login = chosen_login(self.run, enrollment["user_id"], enrollment["sis_pseudonym_id"])
        if user is None or course is None or section is None or term is None or login is None:
            return
        if not self._is_printed(enrollment, course):
            return
        of_student = (
            user["name"],
            print_integer(enrollment["user_id"]),
            login["sis_user_id"],
            *([login["integration_id"]] if self.has_integration_id else []),
        )
        of_places = (
            cell
            for row in (course, section, term)
            for cell in (row["name"], print_integer(row["id"]), row["sis_source_id"])
        )
        start = (*of_student, *of_places)
        for score in self._scores(enrollment):
            grades = self._grades(score, course, _STATES[enrollment["workflow_state"]])
            yield Line((*start, *grades), (term["id"], course["id"], enrollment["id"]))

    def _is_printed(self, enrollment: Row, course: Row) -> bool:
        state = enrollment["workflow_state"]
        root_id = self.run.root["id"]
        if enrollment["type"] != "StudentEnrollment" or not self.run.covers(course):
            return False
        if enrollment["root_account_id"] != root_id or course["root_account_id"] != root_id:
            return False
        if not self.run.include_deleted:
            return state in {"active", "completed"} and course["workflow_state"] == "available"
        return state in _STATES and self._is_in_limit(enrollment, course)

    def _is_in_limit(self, enrollment: Row, course: Row) -> bool:
        if "limiting_period" not in self.run.request.parameters:
            return True
        days = leading_integer(str(self.run.request.parameters["limiting_period"] or ""))
        edge = self.run.request.now - timedelta(days=days)
        concluded, updated = moment(course["conclude_at"]), moment(enrollment["updated_at"])
        state = enrollment["workflow_state"]
        return (
            state == "active"
            or (concluded is not None and concluded >= edge)
            or (state in {"inactive", "deleted"} and updated is not None and updated >= edge)
        )

    def _scores(self, enrollment: Row) -> list[Row]:
        scores = [
            row
            for row in self.run.institution.rows("scores")
            if row["enrollment_id"] == enrollment["id"] and row["course_score"] is True
        ]
        if not scores:
            return [Row()]
        if self.run.include_deleted:
            return scores
        return [row for row in scores if differs(row["workflow_state"], "deleted")]

    def _grades(self, score: Row, course: Row, state: str) -> Cells:
        scheme = self._scheme(course)
        columns = ["unposted_current_score", "unposted_final_score"]
        columns += ["override_score"] if self.has_override else []
        first = ["current_score", "final_score"]
        return (
            *(print_double(score[column]) for column in first),
            state,
            *(print_double(score[column]) for column in columns),
            *(letter(scheme, score[column]) for column in [*first, *columns]),
        )

    def _scheme(self, course: Row) -> Scheme | None:
        institution = self.run.institution
        if course["grading_standard_id"] is not None:
            standard = institution.one("grading_standards", course["grading_standard_id"])
            if standard is None:
                return [(name, Decimal(bound)) for name, bound in _BUILT_IN]
            return scheme_of(standard["data"], standard["version"])
        for account_id in institution.chain(course["account_id"]):
            account = institution.one("accounts", account_id)
            assert account is not None
            if account["grading_standard_id"] is not None:
                standard = institution.one("grading_standards", account["grading_standard_id"])
                if standard is None:
                    return None
                return scheme_of(standard["data"], standard["version"])
        return None


def scheme_of(data: Any, version: int | None) -> Scheme:
    """A stored grading scheme with the bounds that count (1.5)."""
    names = [str(name) for name, _ in decoded(data)]
    bounds = [Decimal(str(bound)) for _, bound in decoded(data)]
    if version != 2:
        four_decimals = Decimal("0.0001")
        shifted = [(bound + Decimal("0.01")).quantize(four_decimals) for bound in bounds[1:]]
        bounds = [*shifted, Decimal(0)]
    lowest: dict[str, Decimal] = {}
    for name, bound in zip(names, bounds, strict=True):
        lowest[name] = min(bound, lowest.get(name, bound))
    if len(set(lowest.values())) < len(lowest):
        raise Unspecified("two names with one bound")
    return list(lowest.items())


def letter(scheme: Scheme | None, score: float | None) -> Cell:
    if scheme is None or score is None:
        return None
    value = max(Decimal(str(float(score))), Decimal(0))
    reached = [entry for entry in scheme if value >= entry[1] * 100]
    if not reached:
        return min(scheme, key=lambda entry: entry[1])[0]
    return max(reached, key=lambda entry: entry[1])[0]
