"""`outcome_results_csv` (grades_and_outcomes.md, section 3, with the rules of section 0)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
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
    decoded,
    differs,
    feature_state,
    moment,
    print_double,
    print_integer,
    print_number,
    print_time,
)

HEADER = (
    "student name",
    "student id",
    "student sis id",
    "assessment title",
    "assessment id",
    "assessment type",
    "submission date",
    "submission score",
    "learning outcome name",
    "learning outcome id",
    "attempt",
    "outcome score",
    "assessment question",
    "assessment question id",
    "course name",
    "course id",
    "course sis id",
    "section name",
    "section id",
    "section sis id",
    "assignment url",
    "learning outcome friendly name",
    "learning outcome points possible",
    "learning outcome mastery score",
    "learning outcome mastered",
    "learning outcome rating",
    "learning outcome rating points",
    "learning outcome group title",
    "learning outcome group id",
    "account id",
    "account name",
    "enrollment state",
)
_ORDERS = {
    "users": ("user", "outcome", "course"),
    "courses": ("course", "user", "outcome"),
    "outcomes": ("outcome", "user", "course"),
}
_QUIZ = {"Quiz", "Quizzes::Quiz"}
_QUIZ_SUBMISSION = {"QuizSubmission", "Quizzes::QuizSubmission"}
_NOTHING = Row()


@dataclass(frozen=True)
class Scale:
    """What an outcome's score is held against."""

    mastery: float
    possible: float
    ratings: list[tuple[float, str]]
    is_of_account: bool


_BUILT_IN_OF_ACCOUNTS = Scale(
    3.0,
    4.0,
    [
        (4.0, "Exceeds Mastery"),
        (3.0, "Mastery"),
        (2.0, "Near Mastery"),
        (1.0, "Below Mastery"),
        (0.0, "No Evidence"),
    ],
    is_of_account=True,
)
_BUILT_IN_OF_OUTCOMES = Scale(
    3,
    5,
    [(5, "Exceeds Expectations"), (3, "Meets Expectations"), (0, "Does Not Meet Expectations")],
    is_of_account=False,
)


def outcome_results(institution: Institution, request: Request) -> Expected:
    return _Report(Run(institution, request)).expected()


class _Report:
    def __init__(self, run: Run) -> None:
        self.run = run
        self.institution = run.institution
        state = feature_state(run, "account_level_mastery_scales", run.root["id"])
        self.has_account_scales = state in {"on", "allowed_on"}

    def expected(self) -> Expected:
        order = str(self.run.given("order") or "").lower()
        by = _ORDERS.get(order, _ORDERS["users"])
        kept: dict[tuple[Any, ...], Line] = {}
        for found in self._found():
            identity = _identity(found)
            if identity not in kept:
                key = tuple(found[name]["id"] for name in by)
                kept[identity] = Line(self._cells(found), key)
        lines = sorted(kept.values(), key=lambda line: line.key)
        pieces = [self.run.term_text()]
        if self.run.include_deleted:
            pieces.append("Include Deleted/Concluded Objects;")
        if order in _ORDERS:
            pieces.append(f"Order: {order}")
        return Expected(HEADER, lines or [Line(("No outcomes found",))], " ".join(pieces))

    def _found(self) -> Iterator[dict[str, Row]]:
        """All combinations of joined rows; where duplicates differ, the one to keep first."""
        by_id = {
            name: sorted(self.institution.rows(name), key=lambda row: row["id"])
            for name in ("content_tags", "enrollments")
        }
        for link, result in product(
            by_id["content_tags"], self.institution.rows("learning_outcome_results")
        ):
            joined = self._joined(link, result)
            if joined is None:
                continue
            for enrollment in by_id["enrollments"]:
                section = self._section(enrollment, joined)
                if section is None:
                    continue
                for login, question, (assignment, submission) in product(
                    self._logins(result), self._questions(result), self._assignments(joined)
                ):
                    yield {
                        **joined,
                        "enrollment": enrollment,
                        "section": section,
                        "login": login,
                        "question": question,
                        "asked": self._asked(question),
                        "assignment": assignment,
                        "submission": submission,
                    }

    def _joined(self, link: Row, result: Row) -> dict[str, Row] | None:
        """Steps 1 to 4 and 6 of 3.2, with the user, the quiz and its submission."""
        look_up = self.institution.one
        if not self._is_link(link) or not _is_result(result):
            return None
        if result["learning_outcome_id"] != link["content_id"]:
            return None
        course = look_up("courses", result["context_id"])
        needed = {
            "link": link,
            "result": result,
            "group": look_up("learning_outcome_groups", link["associated_asset_id"]),
            "outcome": look_up("learning_outcomes", link["content_id"]),
            "alignment": look_up("content_tags", result["content_tag_id"]),
            "user": look_up("users", result["user_id"]),
            "course": course,
            "account": look_up("accounts", course["account_id"]) if course else None,
        }
        joined = {name: row for name, row in needed.items() if row is not None}
        if len(joined) < len(needed):
            return None
        if not differs(joined["alignment"]["workflow_state"], "deleted"):
            return None
        if not self._is_course(joined["course"]):
            return None
        is_quiz = result["association_type"] in _QUIZ
        quiz = look_up("quizzes", result["association_id"]) if is_quiz else None
        is_taken = result["artifact_type"] in _QUIZ_SUBMISSION
        taken = look_up("quiz_submissions", result["artifact_id"]) if is_taken else None
        return {**joined, "quiz": quiz or _NOTHING, "quiz submission": taken or _NOTHING}

    def _is_link(self, tag: Row) -> bool:
        wanted = {
            "context_type": "Account",
            "context_id": self.run.request.account_id,
            "tag_type": "learning_outcome_association",
            "workflow_state": "active",
            "content_type": "LearningOutcome",
            "associated_asset_type": "LearningOutcomeGroup",
        }
        return all(tag[column] == value for column, value in wanted.items())

    def _is_course(self, course: Row) -> bool:
        if course["root_account_id"] != self.run.root["id"] or not self.run.covers(course):
            return False
        return self.run.include_deleted or course["workflow_state"] in {"available", "completed"}

    def _section(self, enrollment: Row, joined: dict[str, Row]) -> Row | None:
        if (
            enrollment["type"] != "StudentEnrollment"
            or enrollment["root_account_id"] != self.run.root["id"]
            or enrollment["user_id"] != joined["user"]["id"]
            or enrollment["course_id"] != joined["course"]["id"]
            or not self._is_live(enrollment)
        ):
            return None
        return self.institution.one("course_sections", enrollment["course_section_id"])

    def _is_live(self, row: Row) -> bool:
        return self.run.include_deleted or differs(row["workflow_state"], "deleted")

    def _logins(self, result: Row) -> list[Row]:
        return [
            login
            for login in self.institution.rows("pseudonyms")
            if login["user_id"] == result["user_id"]
            and not login["is_inst_id"]
            and self._is_live(login)
        ]

    def _questions(self, result: Row) -> list[Row]:
        questions = [
            row
            for row in self.institution.rows("learning_outcome_question_results")
            if row["learning_outcome_result_id"] == result["id"]
        ]
        return questions or [_NOTHING]

    def _asked(self, question: Row) -> Row:
        if question["associated_asset_type"] != "AssessmentQuestion":
            return _NOTHING
        return (
            self.institution.one("assessment_questions", question["associated_asset_id"])
            or _NOTHING
        )

    def _assignments(self, joined: dict[str, Row]) -> list[tuple[Row, Row]]:
        """Each assignment of the alignment or of the quiz, with the user's submission to it."""
        alignment = joined["alignment"]
        ids = {joined["quiz"]["assignment_id"]}
        if alignment["content_type"] == "Assignment":
            ids.add(alignment["content_id"])
        assignments = [
            row
            for row in self.institution.rows("assignments")
            if row["id"] in ids and row["type"] == "Assignment"
        ]
        return [
            (assignment, submission)
            for assignment in assignments or [_NOTHING]
            for submission in self._submissions(assignment, joined["user"])
        ]

    def _submissions(self, assignment: Row, user: Row) -> list[Row]:
        submissions = [
            row
            for row in self.institution.rows("submissions")
            if assignment["id"] == row["assignment_id"] is not None
            and row["user_id"] == user["id"]
            and row["workflow_state"] not in {None, "deleted", "unsubmitted"}
        ]
        return submissions or [_NOTHING]

    def _cells(self, found: dict[str, Row]) -> Cells:
        login, quiz, assignment = found["login"], found["quiz"], found["assignment"]
        outcome, course, section = found["outcome"], found["course"], found["section"]
        result, question, taken = found["result"], found["question"], found["quiz submission"]
        is_quiz = result["association_type"] in _QUIZ
        kind = "assignment" if found["alignment"]["content_type"] == "Assignment" else None
        submitted = _first(taken["finished_at"], found["submission"]["submitted_at"])
        attempt = _first(question["attempt"], result["attempt"])
        mastered = _first(question["mastery"], result["mastery"])
        scale = self._scale(outcome, course)
        possible = _double(_first(question["possible"], result["possible"]))
        outcome_score = _double(_first(question["score"], result["score"]))
        score = _on_scale(_double(result["percent"]), outcome_score, possible, scale)
        rating = _rating(score, scale)
        replaced = scale.possible if scale.is_of_account and not is_quiz else possible
        hidden = result["hide_points"] is True
        place = f"https://{self.run.request.host}/courses/{course['id']}"
        return (
            found["user"]["sortable_name"],
            print_integer(login["user_id"]),
            login["sis_user_id"],
            _first(quiz["title"], assignment["title"]),
            print_integer(_first(quiz["id"], assignment["id"])),
            "quiz" if is_quiz else kind,
            print_time(moment(submitted), self.run.zone),
            print_double(_first(taken["score"], found["submission"]["score"])),
            outcome["short_description"],
            print_integer(outcome["id"]),
            print_integer(attempt),
            None if hidden else print_double(outcome_score),
            found["asked"]["name"],
            print_integer(found["asked"]["id"]),
            course["name"],
            print_integer(course["id"]),
            course["sis_source_id"],
            section["name"],
            print_integer(section["id"]),
            section["sis_source_id"],
            f"{place}/assignments/{print_integer(assignment['id']) or ''}",
            outcome["display_name"],
            None if hidden else print_number(replaced),
            None if hidden else print_number(scale.mastery),
            None if mastered is None else str(int(mastered)),
            rating and rating[1],
            None if hidden or rating is None else print_number(rating[0]),
            found["group"]["title"],
            print_integer(found["group"]["id"]),
            print_integer(found["account"]["id"]),
            found["account"]["name"],
            found["enrollment"]["workflow_state"],
        )

    def _scale(self, outcome: Row, course: Row) -> Scale:
        if self.has_account_scales:
            return self._scale_of_account(course)
        criterion = (decoded(outcome["data"]) or {}).get("rubric_criterion")
        if criterion is None:
            return _BUILT_IN_OF_OUTCOMES
        ratings = [(rating["points"], rating["description"]) for rating in criterion["ratings"]]
        return Scale(
            criterion["mastery_points"], criterion["points_possible"], ratings, is_of_account=False
        )

    def _scale_of_account(self, course: Row) -> Scale:
        chain = self.institution.chain(course["account_id"])
        for context in [("Course", course["id"]), *(("Account", place) for place in chain)]:
            for row in self.institution.rows("outcome_proficiencies"):
                is_of_context = (row["context_type"], row["context_id"]) == context
                if is_of_context and row["workflow_state"] == "active":
                    return self._scale_of(row)
        return _BUILT_IN_OF_ACCOUNTS

    def _scale_of(self, proficiency: Row) -> Scale:
        ratings = [
            row
            for row in self.institution.rows("outcome_proficiency_ratings")
            if row["outcome_proficiency_id"] == proficiency["id"]
        ]
        ratings.sort(key=lambda row: (-row["points"], row["id"]))
        mastery = next(row for row in ratings if row["mastery"])
        return Scale(
            float(mastery["points"]),
            float(ratings[0]["points"]),
            [(float(row["points"]), row["description"]) for row in ratings],
            is_of_account=True,
        )


def _is_result(result: Row) -> bool:
    return differs(result["workflow_state"], "deleted") and differs(
        result["artifact_type"], "Submission"
    )


def _identity(found: dict[str, Row]) -> tuple[Any, ...]:
    """What makes two rows duplicates (3.2)."""
    names = (
        *("user", "outcome", "course", "login", "section", "result", "question", "quiz"),
        *("assignment", "submission", "quiz submission", "asked"),
    )
    return tuple(found[name]["id"] for name in names)


def _first(value: Any, other: Any) -> Any:
    return other if value is None else value


def _double(value: float | None) -> float | None:
    return None if value is None else float(value)


def _on_scale(
    percent: float | None, score: float | None, possible: float | None, scale: Scale
) -> float | None:
    """3.5: the score in the points of the scale; None where there is no rating."""
    if percent is not None:
        return percent * (scale.possible or scale.mastery)
    if score is None or possible is None:
        return None
    if possible == 0 == scale.possible:
        raise Unspecified("a score and a scale that are both out of 0 points")
    if possible == 0:
        # Floating point division: plus or minus infinity, and no number for 0 / 0.
        return None if score == 0 else float("inf") * score
    return score / possible * scale.possible


def _rating(score: float | None, scale: Scale) -> tuple[float, Cell] | None:
    if score is None:
        return None
    reached = [rating for rating in scale.ratings if rating[0] <= score]
    return max(reached, key=lambda rating: rating[0], default=None)
