"""`outcome_results_csv` on generated institutions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from oracle.comparison import Comparison
from oracle.institutions import (
    ROOT,
    any_of,
    course_ids,
    courses,
    enrollments,
    flags,
    institution,
    mostly,
    parameters,
    requests,
    rows,
    serialized,
    texts,
    times,
    user_ids,
)

few = any_of(*[1] * 6, *[2] * 4, 3)
"""Ids of tables with two rows or so: the third often misses."""
points = any_of(3.0, None, 4.5, 0.0, -1.0, 5, 2.9999999999999996, 0.1 + 0.2)
attempts = any_of(1, None, 2)
booleans = any_of(True, False, None)
submitted = times(None, timedelta(), -timedelta(days=200, microseconds=1), -timedelta(days=30))


@st.composite
def criteria(draw: DrawFn) -> Any:
    """`learning_outcomes.data`; ratings with different points, as the spec leaves ties open."""
    levels = draw(st.lists(any_of(4.0, 3.0, 3.5, 2, 1.25, 0, 10), min_size=1, unique=True))
    ratings = [{"description": draw(any_of("Strong", "Weak", "")), "points": n} for n in levels]
    mastery = draw(any_of(3.0, 3, 2.5))
    possible = draw(mostly(4.0, 5, 0, max(levels)))
    criterion = {
        "description": "Argues from evidence",
        "ratings": ratings,
        "mastery_points": mastery,
        "points_possible": possible,
    }
    return draw(serialized({"rubric_criterion": criterion}))


@st.composite
def tags(draw: DrawFn) -> list[dict[str, Any]]:
    """Links of outcomes in an account's groups, and alignments of outcomes with work."""
    links = draw(rows(LINK, least=4, most=6))
    return links + draw(rows(ALIGNMENT, least=2, most=4, first_id=len(links) + 1))


LINK: dict[str, SearchStrategy[Any]] = {
    "context_type": mostly("Account", "Course", weight=24),
    "context_id": mostly(ROOT, 2, 3, weight=5),
    "tag_type": mostly("learning_outcome_association", "learning_outcome", weight=24),
    "workflow_state": mostly("active", "deleted", None, weight=24),
    "content_type": mostly("LearningOutcome", "Assignment", weight=24),
    "content_id": few,
    "associated_asset_type": mostly("LearningOutcomeGroup", None, weight=24),
    "associated_asset_id": few,
}
ALIGNMENT: dict[str, SearchStrategy[Any]] = {
    "tag_type": st.just("learning_outcome"),
    "workflow_state": mostly("active", "deleted", None, weight=24),
    "content_type": mostly("Assignment", "AssessmentQuestionBank", "Rubric"),
    "content_id": few,
    "learning_outcome_id": few,
}

results = rows(
    {
        "user_id": user_ids,
        "learning_outcome_id": few,
        "content_tag_id": any_of(*range(1, 8)),
        "context_id": course_ids,
        "association_type": any_of("RubricAssociation", "Quiz", "Quizzes::Quiz", "Assignment"),
        "association_id": few,
        "artifact_type": mostly(
            *("RubricAssessment", "QuizSubmission", "Quizzes::QuizSubmission"),
            *("Submission", None),
            weight=8,
        ),
        "artifact_id": few,
        "score": points,
        "possible": points,
        "percent": any_of(None, 0.6, 1.0, 0.75, 0.7499999999999999, 1.5, 0),
        "mastery": booleans,
        "attempt": attempts,
        "hide_points": mostly(False, True, None),
        "workflow_state": mostly("active", "deleted", None, weight=24),
    },
    least=10,
    most=24,
)

question_results = rows(
    {
        "learning_outcome_result_id": any_of(*range(1, 12)),
        "associated_asset_type": mostly("AssessmentQuestion", None),
        "associated_asset_id": few,
        "score": points,
        "possible": points,
        "mastery": booleans,
        "attempt": attempts,
    },
    most=8,
)

submissions = rows(
    {
        "assignment_id": few,
        "user_id": user_ids,
        "workflow_state": mostly("graded", "submitted", "unsubmitted", "deleted", weight=6),
        "submitted_at": submitted,
        "score": points,
    },
    most=8,
).map(lambda found: list({(row["assignment_id"], row["user_id"]): row for row in found}.values()))

proficiencies = rows(
    {
        "context_type": mostly("Account", "Course", weight=1),
        "context_id": any_of(ROOT, 2, 3),
        "workflow_state": mostly("active", "deleted"),
    }
).map(lambda found: list({(row["context_type"], row["context_id"]): row for row in found}.values()))


@st.composite
def ratings_of_proficiencies(draw: DrawFn) -> list[dict[str, Any]]:
    """Ratings with one for mastery, for every proficiency that there may be."""
    found: list[dict[str, Any]] = []
    for proficiency in range(1, 5):
        levels = draw(st.lists(any_of(4.0, 3.0, 2, 0, 5.5), min_size=1, unique=True))
        mastery = draw(st.sampled_from(levels))
        for level in levels:
            found.append(
                {
                    "id": len(found) + 1,
                    "outcome_proficiency_id": proficiency,
                    "description": draw(any_of("High", "Low", None, "")),
                    "points": level,
                    "mastery": level == mastery,
                    "workflow_state": "active",
                }
            )
    return found


institutions = institution(
    courses=courses(),
    enrollments=enrollments(),
    content_tags=tags(),
    learning_outcome_groups=rows({"title": texts}, least=2, most=2),
    learning_outcomes=rows(
        {
            "short_description": texts,
            "display_name": texts,
            "data": st.one_of(criteria(), criteria(), st.none()),
            "workflow_state": mostly("active", "deleted"),
        },
        least=2,
        most=2,
    ),
    learning_outcome_results=results,
    learning_outcome_question_results=question_results,
    assignments=rows(
        {
            "title": texts,
            "type": mostly("Assignment", "SubAssignment", None, weight=6),
            "workflow_state": mostly("published", "deleted"),
        },
        least=1,
        most=2,
    ),
    quizzes=rows({"title": texts, "assignment_id": any_of(1, 2, 3, None)}, most=2),
    submissions=submissions,
    quiz_submissions=rows({"finished_at": submitted, "score": points}, most=2),
    assessment_questions=rows({"name": texts}, most=2),
    outcome_proficiencies=proficiencies,
    outcome_proficiency_ratings=ratings_of_proficiencies(),
    feature_flags=flags("account_level_mastery_scales"),
)

given_parameters = parameters(
    order=any_of("users", "courses", "Outcomes", "COURSES", "outcomes", "x", "", None)
)


def test_engine_agrees(comparison: Comparison) -> None:
    tally = comparison.of(
        "outcome_results_csv", institutions, requests(given_parameters), share=0.5
    )
    assert len(tally.columns["learning outcome rating"]) > 2
    assert tally.columns["assessment type"] >= {"quiz", "assignment"}
