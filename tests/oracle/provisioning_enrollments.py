"""File enrollments of `provisioning_csv` and `sis_export_csv` (sis_and_provisioning.md, 4.6)."""

from __future__ import annotations

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
    chosen_login,
    differs,
    has_feature_at_root,
    is_blank,
    print_boolean,
    print_integer,
)

TYPES = (
    "TeacherEnrollment",
    "TaEnrollment",
    "DesignerEnrollment",
    "StudentEnrollment",
    "ObserverEnrollment",
)
STATES = (
    "invited",
    "creation_pending",
    "active",
    "completed",
    "inactive",
    "deleted",
    "rejected",
)
_ROLE_OF_TYPE = {
    "TeacherEnrollment": "teacher",
    "TaEnrollment": "ta",
    "DesignerEnrollment": "designer",
    "StudentEnrollment": "student",
    "ObserverEnrollment": "observer",
}
_STATUS = {
    "invited": "invited",
    "creation_pending": "invited",
    "active": "active",
    "completed": "concluded",
    "inactive": "inactive",
    "deleted": "deleted",
    "rejected": "rejected",
}
_PROVISIONING_HEADER = (
    "canvas_course_id",
    "course_id",
    "canvas_user_id",
    "user_id",
    "role",
    "role_id",
    "canvas_section_id",
    "section_id",
    "status",
    "canvas_associated_user_id",
    "associated_user_id",
    "created_by_sis",
    "base_role_type",
    "limit_section_privileges",
    "canvas_enrollment_id",
)
_SIS_HEADER = (
    "course_id",
    "user_id",
    "role",
    "role_id",
    "section_id",
    "status",
    "associated_user_id",
    "limit_section_privileges",
)


def provisioning(institution: Institution, request: Request) -> Expected:
    return _File(Run(institution, request), is_sis=False).expected()


def sis_export(institution: Institution, request: Request) -> Expected:
    return _File(Run(institution, request), is_sis=True).expected()


def kept(value: Any, valid: tuple[str, ...]) -> list[str] | None:
    """The valid values of a filter in their own order; None when it was not given."""
    if is_blank(value):
        return None
    text = ",".join(value) if isinstance(value, list) else str(value)
    return [item for item in valid if item in text.split(",")]


class _File:
    def __init__(self, run: Run, *, is_sis: bool) -> None:
        self.run = run
        self.is_sis = is_sis
        self.has_provider = has_feature_at_root(run, "temporary_enrollments")
        parameters = run.request.parameters
        self.types = kept(parameters.get("enrollment_filter"), TYPES)
        self.states = kept(parameters.get("enrollment_states"), STATES)

    def expected(self) -> Expected:
        header: Cells = _SIS_HEADER if self.is_sis else _PROVISIONING_HEADER
        if self.has_provider:
            name = "temporary_enrollment_source_user_id"
            header = (*header, name if self.is_sis else f"canvas_{name}")
        lines = [line for row in self.run.institution.rows("enrollments") for line in self._of(row)]
        return Expected(header, sorted(lines, key=lambda line: line.key), self._extra_text())

    def _extra_text(self) -> str:
        pieces = [self.run.term_text()]
        if self.run.include_deleted:
            pieces.append("Include Deleted/Concluded Objects;")
        if self.types is not None:
            pieces.append(f"Include Enrollment Roles: {_sentence(self.types)};")
        if self.states is not None:
            pieces.append(f"Include Enrollment States: {_sentence(self.states)};")
        return " ".join([*pieces, "Reports: enrollments "])

    def _of(self, enrollment: Row) -> list[Line]:
        look_up = self.run.institution.one
        section = look_up("course_sections", enrollment["course_section_id"])
        course = look_up("courses", section["course_id"]) if section else None
        states = [
            row
            for row in self.run.institution.rows("enrollment_states")
            if row["enrollment_id"] == enrollment["id"]
        ]
        login = chosen_login(self.run, enrollment["user_id"], enrollment["sis_pseudonym_id"])
        if section is None or course is None or not states or login is None:
            return []
        date_state = states[0]["state"]
        if not self._is_printed(enrollment, section, course, date_state):
            return []
        status = _status(enrollment, section, course, date_state)
        return [Line(self._cells(enrollment, section, course, login, status), (enrollment["id"],))]

    def _is_printed(self, enrollment: Row, section: Row, course: Row, date_state: Cell) -> bool:
        state, batch = enrollment["workflow_state"], enrollment["sis_batch_id"]
        has_sis_id = course["sis_source_id"] is not None or section["sis_source_id"] is not None
        unconfirmed = {"rejected", "invited", "creation_pending"}
        conditions = (
            enrollment["root_account_id"] == self.run.root["id"],
            differs(enrollment["type"], "StudentViewEnrollment"),
            self._is_in_states(enrollment, date_state),
            not self.is_sis or (state not in unconfirmed and has_sis_id),
            not self.run.truth("created_by_sis") or batch is not None,
            self.types is None or enrollment["type"] in self.types,
            self.states is None or state in self.states,
            self.run.covers(course),
        )
        return all(conditions)

    def _is_in_states(self, enrollment: Row, date_state: Cell) -> bool:
        state = enrollment["workflow_state"]
        if not self.run.include_deleted:
            is_over = state in {"deleted", "completed"}
            return not is_over and differs(date_state, "completed")
        is_temporary = (
            self.has_provider
            and not self.is_sis
            and enrollment["temporary_enrollment_source_user_id"] is not None
        )
        has_batch = enrollment["sis_batch_id"] is not None
        return differs(state, "deleted") or has_batch or is_temporary

    def _cells(self, enrollment: Row, section: Row, course: Row, login: Row, status: Cell) -> Cells:
        role = self._role(enrollment)
        role_id = print_integer(enrollment["role_id"])
        limited = print_boolean(enrollment["limit_privileges_to_course_section"])
        associated = enrollment["associated_user_id"]
        provider = enrollment["temporary_enrollment_source_user_id"]
        cells: Cells
        if self.is_sis:
            cells = (
                course["sis_source_id"],
                login["sis_user_id"],
                role,
                role_id,
                section["sis_source_id"],
                status,
                self._sis_id(associated),
                limited,
            )
            return (*cells, self._sis_id(provider)) if self.has_provider else cells
        cells = (
            print_integer(enrollment["course_id"]),
            course["sis_source_id"],
            print_integer(enrollment["user_id"]),
            login["sis_user_id"],
            role,
            role_id,
            print_integer(enrollment["course_section_id"]),
            section["sis_source_id"],
            status,
            print_integer(associated),
            self._sis_id(associated),
            print_boolean(bool(enrollment["sis_batch_id"])),
            enrollment["type"],
            limited,
            print_integer(enrollment["id"]),
        )
        return (*cells, print_integer(provider)) if self.has_provider else cells

    def _role(self, enrollment: Row) -> Cell:
        role = self.run.institution.one("roles", enrollment["role_id"])
        if role is not None and differs(role["workflow_state"], "built_in"):
            return str(role["name"])
        return _ROLE_OF_TYPE[enrollment["type"]]

    def _sis_id(self, user_id: int | None) -> Cell:
        login = chosen_login(self.run, user_id)
        return None if login is None else login["sis_user_id"]


def _status(enrollment: Row, section: Row, course: Row, date_state: Cell) -> Cell:
    if "deleted" in {section["workflow_state"], course["workflow_state"]}:
        return "deleted"
    if date_state == "completed":
        return "concluded"
    return _STATUS.get(enrollment["workflow_state"])


def _sentence(items: list[str]) -> str:
    if len(items) < 3:
        return " and ".join(items)
    return f"{', '.join(items[:-1])}, and {items[-1]}"
