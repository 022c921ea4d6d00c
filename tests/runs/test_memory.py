"""What is remembered of the state is never older than the last commit, whoever committed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa

from rollbook.config import Settings
from rollbook.errors import StateUnavailable
from rollbook.state.database import Database, open_database
from rollbook.state.memory import Memory

COUNT = sa.text("SELECT pid FROM workers")
COMMIT = "UPDATE workers SET pid = pid + 1"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(Settings(data=tmp_path))
    with database.writing() as connection:
        connection.execute(sa.text("INSERT INTO workers VALUES ('w', 0, '2026-01-01 00:00:00')"))
    yield database
    database.close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


class Asked:
    """Reads the number, and counts how often it did."""

    def __init__(self, database: Database) -> None:
        self.times = 0
        self._database = database

    def __call__(self) -> int:
        self.times += 1
        with self._database.reading() as connection:
            return int(connection.execute(COUNT).scalar_one())


def test_what_is_asked_again_is_read_once(database: Database) -> None:
    asked = Asked(database)
    assert [database.memory.get("number", asked) for _ in range(3)] == [0, 0, 0]
    assert asked.times == 1
    assert database.memory.get("another question", asked) == 0
    assert asked.times == 2


def test_what_is_at_hand_is_given_without_reading(database: Database, state: Path) -> None:
    asked = Asked(database)
    memory = database.memory
    assert memory.at_hand("number") is None
    memory.get("number", asked)
    assert (memory.at_hand("number"), memory.at_hand("another question")) == (0, None)
    commit_here(database, state)
    assert memory.at_hand("number") is None
    assert asked.times == 1


def commit_here(database: Database, state: Path) -> None:
    with database.writing() as connection:
        connection.execute(sa.text(COMMIT))


def commit_elsewhere(database: Database, state: Path) -> None:
    program = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"
    )
    subprocess.run([sys.executable, "-c", program, state, COMMIT], check=True)


@pytest.mark.parametrize("commit", [commit_here, commit_elsewhere])
def test_a_commit_of_anybody_is_seen_by_the_next_question(
    database: Database, state: Path, commit: Callable[[Database, Path], None]
) -> None:
    asked = Asked(database)
    for number in range(3):
        assert database.memory.get("number", asked) == number
        commit(database, state)


def test_what_was_not_committed_is_no_change(database: Database, state: Path) -> None:
    asked = Asked(database)
    assert database.memory.get("number", asked) == 0
    with closing(sqlite3.connect(state)) as other:
        other.execute(COMMIT)
        assert database.memory.get("number", asked) == 0
        other.rollback()
    assert database.memory.get("number", asked) == 0
    assert asked.times == 1


def test_a_commit_while_an_answer_is_read_outdates_the_answer(
    database: Database, state: Path
) -> None:
    asked = Asked(database)

    def read_and_be_overtaken() -> int:
        number = asked()
        commit_here(database, state)
        return number

    assert database.memory.get("number", read_and_be_overtaken) == 0
    assert database.memory.get("number", asked) == 1


def test_an_error_is_not_remembered(database: Database) -> None:
    def fail() -> int:
        raise LookupError

    with pytest.raises(LookupError):
        database.memory.get("number", fail)
    assert database.memory.get("number", Asked(database)) == 0


def test_nothing_is_remembered_of_a_file_that_is_gone(database: Database, state: Path) -> None:
    asked = Asked(database)
    assert database.memory.get("number", asked) == 0
    aside = state.rename(state.with_name("aside.sqlite"))
    with pytest.raises(StateUnavailable):
        database.memory.get("number", asked)
    aside.rename(state)
    assert database.memory.get("number", asked) == 0


def test_a_file_that_was_replaced_is_read_anew(database: Database, state: Path) -> None:
    """As by a restored backup."""
    asked = Asked(database)
    assert database.memory.get("number", asked) == 0
    backup = state.with_name("backup.sqlite")
    with closing(sqlite3.connect(state)) as source, closing(sqlite3.connect(backup)) as copy:
        source.backup(copy)
        copy.execute(COMMIT)
        copy.commit()
    backup.replace(state)
    for name in ("state.sqlite-wal", "state.sqlite-shm"):
        state.with_name(name).unlink(missing_ok=True)
    assert database.memory.get("number", asked) == 1


def test_only_so_much_is_kept(database: Database) -> None:
    asked = Asked(database)
    for number in range(1_000):
        database.memory.get(number, asked)
    assert len(database.memory._kept) <= 200


def test_readers_never_get_what_is_older_than_their_question(
    database: Database, state: Path
) -> None:
    """Threads ask while another commits; each knows what was committed before it asked."""
    committed, stale, is_over = 0, list[tuple[int, int]](), False

    def ask() -> None:
        while not is_over:
            least = committed
            number = database.memory.get("number", Asked(database))
            if number < least:
                stale.append((least, number))

    readers = [Thread(target=ask) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(50):
        commit_here(database, state)
        committed += 1
    is_over = True
    for reader in readers:
        reader.join()
    assert stale == []
    assert database.memory.get("number", Asked(database)) == 50


def test_nothing_of_postgres_is_kept() -> None:
    memory = Memory(sa.create_engine("postgresql+psycopg://"))
    numbers = iter(range(2))
    assert [memory.get("number", lambda: next(numbers)) for _ in range(2)] == [0, 1]
