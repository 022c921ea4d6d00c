"""All orders in which actors may take their steps: a step is one transaction, or one move of a file.

Each actor runs in a greenlet, as it is; before every step it waits to be chosen. Of orders that differ
only in steps that do not touch each other, one is followed (sleep sets, Godefroid 1996).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from greenlet import GreenletExit, getcurrent, greenlet

from rollbook.output.files import LocalFiles
from rollbook.state.database import Database


class Step(Enum):
    """What an actor does next."""

    READ = auto()
    WRITE = auto()
    FILE = auto()
    ANYTHING = auto()


_APART = ({Step.READ}, {Step.READ, Step.FILE}, {Step.WRITE, Step.FILE})
"""Steps of two actors that give the same in either order."""


def pause(step: Step) -> None:
    """Wait to be chosen for a step, in an actor; nothing elsewhere."""
    here = getcurrent()
    if here.parent is not None:
        here.parent.switch(step)


class SteppedDatabase(Database):
    """Each transaction is a step."""

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        pause(Step.READ)
        with super().reading() as connection:
            yield connection

    @contextmanager
    def writing(self, *, alone_in: str | None = None) -> Iterator[sa.Connection]:
        pause(Step.WRITE)
        with super().writing(alone_in=alone_in) as connection:
            yield connection


class SteppedFiles(LocalFiles):
    """Each change of a file is a step."""

    def put(self, file: Path, location: str) -> None:
        pause(Step.FILE)
        super().put(file, location)

    def remove(self, location: str) -> None:
        pause(Step.FILE)
        super().remove(location)


@dataclass
class Actor:
    """Somebody who does something in steps."""

    act: Callable[[], Any]
    may_begin: Callable[[], bool] = lambda: True
    next: Step = Step.ANYTHING
    _thread: greenlet | None = None

    @property
    def began(self) -> bool:
        return self._thread is not None

    @property
    def ended(self) -> bool:
        return self._thread is not None and self._thread.dead

    @property
    def may_step(self) -> bool:
        return not self.ended and (self.began or self.may_begin())

    def step(self) -> None:
        """Go on until before the next step."""
        if self._thread is None:
            self._thread = greenlet(self.act)
            # To the first step, which is still to be done.
            self._switch(self._thread)
        if not self.ended:
            self._switch(self._thread)

    def die(self) -> None:
        """Take no step any more, as a killed process."""
        if self._thread is not None and not self.ended:
            self._thread.throw(GreenletExit)

    def _switch(self, thread: greenlet) -> None:
        step = thread.switch()
        self.next = step if isinstance(step, Step) else Step.ANYTHING


@dataclass
class World:
    """The actors, and what is checked of what they do."""

    actors: Mapping[str, Actor]
    after_step: Callable[[], None]
    """Notes what is checked at the end."""
    at_end: Callable[[], None]
    """Checks what must hold when nobody has anything left to do."""


def explore(new_world: Callable[[], World], most: int | None = None) -> int:
    """Follow all orders, or some; gives the number of those followed.

    Args:
        new_world: the beginning, always the same.
        most: the number of orders to follow at most, taken from all at random; None for all.
    """
    ends, chance = 0, random.Random(20_261_127)  # noqa: S311
    waiting = list[tuple[tuple[str, ...], frozenset[str]]]([((), frozenset())])
    while waiting and (most is None or ends < most):
        order, asleep = waiting.pop(chance.randrange(len(waiting)) if most else -1)
        world = new_world()
        for name in order:
            _step(world, name)
        while True:
            choices = [name for name, actor in world.actors.items() if actor.may_step]
            if not choices:
                world.at_end()
                ends += 1
                break
            awake = [name for name in choices if name not in asleep]
            if not awake:
                break
            for number, other in enumerate(awake[1:], start=1):
                before = asleep.union(awake[:number])
                waiting.append(((*order, other), _still_asleep(world, before, other)))
            asleep = _still_asleep(world, asleep, awake[0])
            order = (*order, awake[0])
            _step(world, awake[0])
        for actor in world.actors.values():
            actor.die()
    return ends


def _still_asleep(world: World, asleep: frozenset[str], chosen: str) -> frozenset[str]:
    """Those whose step gives the same before and after the chosen one."""
    step = world.actors[chosen].next
    return frozenset(name for name in asleep if {step, world.actors[name].next} in _APART)


def _step(world: World, name: str) -> None:
    world.actors[name].step()
    world.after_step()
