"""Links to files: for one file, for a time, for who was given them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.access.links import make_verifier, read_verifier
from rollbook.runs.model import ReportFile

CREATED = datetime(2026, 3, 2, 12, 0, 7, 250_000, tzinfo=UTC)
HOUR = timedelta(hours=1)


def file(number: int = 1, key: str = "a key") -> ReportFile:
    return ReportFile(
        id=number,
        run_id=number,
        account_id=1,
        user_id=None,
        link_key=key,
        filename="a.csv",
        content_type="text/csv",
        size=1,
        location="1-1.csv",
        created_at=CREATED,
    )


ages = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3_650))
lifetimes = st.timedeltas(min_value=HOUR, max_value=timedelta(days=365))
token_ids = st.integers(min_value=1, max_value=2**48 - 1)


@settings(deadline=None)
@given(age=ages, lifetime=lifetimes, token_id=token_ids)
def test_a_link_is_good_for_one_to_two_lifetimes(
    age: timedelta, lifetime: timedelta, token_id: int
) -> None:
    now = CREATED + age
    verifier = make_verifier(file(), token_id, now, lifetime)
    assert len(verifier) == 40
    assert verifier.isascii()
    assert verifier.isalnum()
    link = read_verifier(file(), verifier, now + lifetime - timedelta(seconds=1))
    assert link is not None
    assert link.token_id == token_id
    assert read_verifier(file(), verifier, now + 2 * lifetime) is None


def test_a_link_stays_the_same_for_a_lifetime() -> None:
    made = {make_verifier(file(), 1, CREATED + minutes * HOUR / 60, HOUR) for minutes in range(60)}
    assert len(made) == 1
    assert make_verifier(file(), 1, CREATED + HOUR, HOUR) not in made


def test_a_link_opens_its_own_file_only() -> None:
    verifier = make_verifier(file(), 1, CREATED, HOUR)
    assert read_verifier(file(), verifier, CREATED)
    assert read_verifier(file(2), verifier, CREATED) is None
    assert read_verifier(file(key="another"), verifier, CREATED) is None


@settings(deadline=None)
@given(position=st.integers(0, 39), digit=st.sampled_from("0aZ9"))
def test_a_link_with_another_letter_opens_nothing(position: int, digit: str) -> None:
    verifier = make_verifier(file(), 1, CREATED, HOUR)
    changed = verifier[:position] + digit + verifier[position + 1 :]
    assert (read_verifier(file(), changed, CREATED) is None) == (changed != verifier)


@settings(deadline=None)
@given(text=st.text(max_size=45))
def test_any_other_text_opens_nothing(text: str) -> None:
    assert read_verifier(file(), text, CREATED) is None


@settings(deadline=None)
@given(text=st.text(alphabet="0123456789ABCxyz", min_size=40, max_size=40))
def test_a_guess_opens_nothing(text: str) -> None:
    assert read_verifier(file(), text, CREATED) is None


def test_a_link_does_not_show_the_key() -> None:
    assert "a key" not in repr(file())
