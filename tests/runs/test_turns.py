"""A run that may have killed a worker works alone."""

from __future__ import annotations

from threading import Event, Thread

from api.live import until

from rollbook.runs.turns import Turns


def takes(turns: Turns, *, alone: bool) -> bool:
    """Whether a turn comes at once."""
    with turns.turn(alone=alone, wait_seconds=0) as came:
        return came


def test_others_work_beside_each_other_and_nobody_beside_one_alone() -> None:
    turns = Turns()
    with turns.turn(alone=False, wait_seconds=0):
        assert takes(turns, alone=False)
        assert not takes(turns, alone=True)
    with turns.turn(alone=True, wait_seconds=0):
        assert not takes(turns, alone=False)
        assert not takes(turns, alone=True)
    assert takes(turns, alone=False)


def test_those_that_come_later_let_one_that_waits_to_be_alone_go_first() -> None:
    turns, came = Turns(), Event()

    def work_alone() -> None:
        with turns.turn(alone=True, wait_seconds=60) as has_come:
            if has_come:
                came.set()

    waiting = Thread(target=work_alone)
    with turns.turn(alone=False, wait_seconds=0):
        waiting.start()
        until(lambda: not takes(turns, alone=False))
        assert not came.is_set()
    waiting.join(60)
    assert came.is_set()
