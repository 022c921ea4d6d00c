"""All orders in which actors may take their steps: a step is one transaction, or one move of a file.

Each actor runs in a greenlet, as it is; before every step it waits to be chosen. An order whose state
was met before is not followed further: with the same past for each actor, the same would come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from greenlet import GreenletExit, getcurrent, greenlet

from rollbook.output.files import LocalFiles
from rollbook.state.database import Database


def pause() -> None:
    """Wait to be chosen, in an actor; nothing elsewhere."""
    here = getcurrent()
    if here.parent is not None:
        here.parent.switch()


class SteppedDatabase(Database):
    """Each transaction is a step."""

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        pause()
        with super().reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        pause()
        with super().writing() as connection:
            yield connection


class SteppedFiles(LocalFiles):
    """Each change of a file is a step."""

    def put(self, file: Path, location: str) -> None:
        pause()
        super().put(file, location)

    def remove(self, location: str) -> None:
        pause()
        super().remove(location)


@dataclass
class Actor:
    """Somebody who does something in steps."""

    act: Callable[[], Any]
    may_begin: Callable[[], bool] = lambda: True
    seen: list[Any] = field(default_factory=list)
    """The state before each of its steps: its whole past."""
    _thread: greenlet | None = None

    @property
    def began(self) -> bool:
        return self._thread is not None

    @property
    def ended(self) -> bool:
        return self._thread is not None and self._thread.dead

    @property
    def may_step(self) -> bool:
        return not self.ended and (self._thread is not None or self.may_begin())

    def step(self) -> None:
        """Go on until before the next step."""
        if self._thread is None:
            self._thread = greenlet(self.act)
            # To the first step, which is still to be done.
            self._thread.switch()
        if not self.ended:
            self._thread.switch()

    def die(self) -> None:
        """Take no step any more, as a killed process."""
        if self._thread is None:
            self._thread = greenlet(lambda: None)
            self._thread.switch()
        elif not self.ended:
            self._thread.throw(GreenletExit)


@dataclass
class World:
    """The actors, and what there is besides them."""

    actors: Mapping[str, Actor]
    state: Callable[[], Any]
    """All that counts, comparable."""
    after_step: Callable[[], None]
    """Checks what must hold at all times."""
    at_end: Callable[[], None]
    """Checks what must hold when nobody has anything left to do."""


def explore(new_world: Callable[[], World], most: int | None = None) -> tuple[int, int]:
    """Follow all orders; gives the number of states met, and of orders followed to their end.

    Args:
        new_world: the beginning, always the same.
        most: the number of orders to follow at most; None for all.
    """
    met, ends = set[Any](), 0
    waiting: list[tuple[str, ...]] = [()]
    while waiting and (most is None or ends < most):
        order = waiting.pop()
        world = new_world()
        for name in order:
            _step(world, name)
        while True:
            key = _key(world)
            if key in met:
                break
            met.add(key)
            choices = [name for name, actor in world.actors.items() if actor.may_step]
            if not choices:
                world.at_end()
                ends += 1
                break
            waiting += [(*order, other) for other in choices[1:]]
            order = (*order, choices[0])
            _step(world, choices[0])
        for actor in world.actors.values():
            actor.die()
    return len(met), ends


def _step(world: World, name: str) -> None:
    actor = world.actors[name]
    actor.seen.append(world.state())
    actor.step()
    world.after_step()


def _key(world: World) -> Any:
    pasts = tuple((name, actor.ended, *actor.seen) for name, actor in world.actors.items())
    return hash((world.state(), pasts))
