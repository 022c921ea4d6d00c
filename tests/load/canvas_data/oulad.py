"""A real university read with the standard library alone, and the reports that must come of it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

ARCHIVE = Path(__file__).parents[2] / "data" / "oulad_canvas_data.zip"
LONDON = ZoneInfo("Europe/London")

Text = str | None
Row = Mapping[str, Text]
Lines = list[tuple[Text, ...]]


def read_tables(*folders: str) -> dict[str, dict[str, Row]]:
    """The tables of folders of the archive, each applied to what the ones before it gave."""
    tables: dict[str, dict[str, Row]] = defaultdict(dict)
    with zipfile.ZipFile(ARCHIVE) as archive:
        for folder in folders:
            for name in archive.namelist():
                if name.startswith(f"{folder}/"):
                    table = PurePosixPath(name).parts[1]
                    text = gzip.decompress(archive.read(name)).decode("utf-8")
                    for key, row, action in _records(name, text):
                        tables[table].pop(key, None)
                        if action != "D":
                            tables[table][key] = row
    return tables


def _records(name: str, text: str) -> Iterator[tuple[str, Row, Text]]:
    if ".json" in name:
        for line in text.splitlines():
            record = json.loads(line, parse_float=str, parse_int=str)
            (key,) = record["key"].values()
            yield key, record.get("value", {}), record["meta"].get("action")
        return
    for cells in csv.DictReader(io.StringIO(text)):
        row = {column.split(".")[1]: None if v == "NULL" else v for column, v in cells.items()}
        key = next(v for column, v in cells.items() if column.startswith("key."))
        yield key, row, row.get("action")


def in_london(text: Text) -> Text:
    """A time as reports print it in the university's zone."""
    return text and moment(text).astimezone(LONDON).isoformat(timespec="seconds")


def dates(row: Row) -> tuple[Text, Text]:
    return in_london(row["start_at"]), in_london(row["end_at"])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@dataclass(frozen=True)
class University:
    """The tables, and the rows of each report without its header."""

    tables: dict[str, dict[str, Row]]

    def rows(self, table: str) -> list[tuple[str, Row]]:
        return sorted(self.tables[table].items(), key=lambda item: int(item[0]))

    def one(self, table: str, key: Text) -> Row:
        return self.tables[table][str(key)]

    def logins(self) -> dict[Text, Row]:
        """The login of each user; none has two."""
        return {row["user_id"]: row for _, row in self.rows("pseudonyms")}

    def users(self) -> Lines:
        addresses = {row["user_id"]: row["path"] for _, row in self.rows("communication_channels")}
        found: Lines = []
        for _, login in self.rows("pseudonyms"):
            user = self.one("users", login["user_id"])
            last, _, first = str(user["sortable_name"]).partition(", ")
            names = (first, last, user["name"], user["sortable_name"], user["short_name"])
            ids = (login["user_id"], login["sis_user_id"], None, None, login["unique_id"])
            ends = (addresses[login["user_id"]], login["workflow_state"], imported(login), None)
            found.append((*ids, *names, *ends))
        return found

    def accounts(self) -> Lines:
        return [
            (
                key,
                row["sis_source_id"],
                row["parent_account_id"],
                None,
                row["name"],
                "active",
                "true",
            )
            for key, row in self.rows("accounts")
            if row["parent_account_id"]
        ]

    def terms(self) -> Lines:
        return [
            (key, row["sis_source_id"], row["name"], row["workflow_state"], *dates(row), "false")
            for key, row in self.rows("enrollment_terms")
        ]

    def courses(self) -> Lines:
        found: Lines = []
        for key, row in self.rows("courses"):
            account, term = row["account_id"], row["enrollment_term_id"]
            start: tuple[Text, ...] = (
                key,
                row["sis_source_id"],
                None,
                row["course_code"],
                row["name"],
            )
            places: tuple[Text, ...] = (account, self.one("accounts", account)["sis_source_id"])
            places += (term, self.one("enrollment_terms", term)["sis_source_id"])
            times = (in_london(row["start_at"]), in_london(row["conclude_at"]))
            status = {"completed": "concluded", "available": "active"}[str(row["workflow_state"])]
            found.append((*start, *places, status, *times, None, None, None, "false"))
        return found

    def sections(self) -> Lines:
        found: Lines = []
        for key, row in self.rows("course_sections"):
            course = self.one("courses", row["course_id"])
            account = course["account_id"]
            start: tuple[Text, ...] = (
                key,
                row["sis_source_id"],
                row["course_id"],
                course["sis_source_id"],
                None,
            )
            ends = (account, self.one("accounts", account)["sis_source_id"], "false")
            found.append((*start, row["name"], row["workflow_state"], None, None, *ends))
        return found

    def enrollments(self) -> Lines:
        logins = self.logins()
        found: Lines = []
        for key, row in self.rows("enrollments"):
            course = self.one("courses", row["course_id"])
            section = self.one("course_sections", row["course_section_id"])
            start: tuple[Text, ...] = (row["course_id"], course["sis_source_id"], row["user_id"])
            start += (logins[row["user_id"]]["sis_user_id"], "student", row["role_id"])
            start += (row["course_section_id"], section["sis_source_id"], self.status(key, row))
            assert row["type"] == "StudentEnrollment"
            found.append((*start, None, None, imported(row), row["type"], "false", key))
        return found

    def status(self, key: str, enrollment: Row) -> Text:
        if self.one("enrollment_states", key)["state"] == "completed":
            return "concluded"
        state = enrollment["workflow_state"]
        return "concluded" if state == "completed" else state

    def grades(self) -> Lines:
        """`grade_export_csv` with everything that is over."""
        logins = self.logins()
        scores = {row["enrollment_id"]: row for _, row in self.rows("scores")}
        found: Lines = []
        for key, row in self.rows("enrollments"):
            course = self.one("courses", row["course_id"])
            term = self.one("enrollment_terms", course["enrollment_term_id"])
            section = self.one("course_sections", row["course_section_id"])
            start: tuple[Text, ...] = (self.one("users", row["user_id"])["name"], row["user_id"])
            start += (logins[row["user_id"]]["sis_user_id"],)
            for place, number in (
                (course, row["course_id"]),
                (section, row["course_section_id"]),
                (term, course["enrollment_term_id"]),
            ):
                start += (place["name"], number, place["sis_source_id"])
            score = scores.get(key, {})
            state = "concluded" if row["workflow_state"] == "completed" else row["workflow_state"]
            first = (number_text(score.get("current_score")), number_text(score.get("final_score")))
            second = [score.get(f"unposted_{name}_score") for name in ("current", "final")]
            grades = (*first, state, *(number_text(value) for value in second))
            found.append((*start, *grades, None, None, None, None))
        return found

    def without_submissions(self, start: datetime, end: datetime) -> Lines:
        """`students_with_no_submissions_csv` of all states."""
        busy = set()
        for _, row in self.rows("submissions"):
            submitted = row.get("submitted_at")
            if submitted and start < moment(submitted) < end and row["workflow_state"] != "deleted":
                assignment = self.one("assignments", row["assignment_id"])
                busy.add((row["user_id"], assignment["context_id"]))
        logins = self.logins()
        found: Lines = []
        for _, row in self.rows("enrollments"):
            if (row["user_id"], row["course_id"]) not in busy:
                who: tuple[Text, ...] = (row["user_id"], logins[row["user_id"]]["sis_user_id"])
                who += (self.one("users", row["user_id"])["sortable_name"],)
                section = self.one("course_sections", row["course_section_id"])
                course = self.one("courses", row["course_id"])
                where: tuple[Text, ...] = (
                    row["course_section_id"],
                    section["sis_source_id"],
                    section["name"],
                )
                where += (row["course_id"], course["sis_source_id"], course["name"])
                found.append((*who, *where))
        return found

    def last_activity(self) -> Lines:
        """`last_enrollment_activity_csv`."""
        latest: dict[str, str] = {}
        for _, row in self.rows("enrollments"):
            if row["last_activity_at"]:
                user = str(row["user_id"])
                latest[user] = max(latest.get(user, ""), row["last_activity_at"])
        return [
            (user, self.one("users", user)["sortable_name"], in_london(latest[user]))
            for user in sorted(latest, key=int)
        ]


def imported(row: Row) -> str:
    return "true" if row.get("sis_batch_id") else "false"


def number_text(text: Text) -> Text:
    """A number as reports print it: always with a decimal point."""
    return text and str(float(text))
