"""Clients that wait for a run's state to change, without a thread for each."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from rollbook.errors import ResourceError
from rollbook.runs.model import Status
from rollbook.runs.store import RunStore

LOOK_SECONDS = 0.2
"""How often states are looked at while somebody waits: one query for all of them."""

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Waiter:
    run_id: int
    known: Status
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class StateChanges:
    """Tells those who wait; to be used on one event loop."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._waiters = set[_Waiter]()
        self._looking: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return len(self._waiters)

    async def wait(self, run_id: int, known: Status, seconds: float) -> None:
        """Give back when a run is in another state, or the time is over."""
        waiter = _Waiter(run_id, known)
        self._waiters.add(waiter)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(seconds):
                await waiter.changed.wait()
        except TimeoutError:
            return
        finally:
            self._waiters.discard(waiter)

    async def _look(self) -> None:
        while self._waiters:
            run_ids = {waiter.run_id for waiter in self._waiters}
            try:
                statuses = await asyncio.to_thread(self._store.statuses, run_ids)
            except (SQLAlchemyError, ResourceError):
                # They wait on; their time will be over.
                _log.exception("states not readable", extra={"action": "look_failed"})
            else:
                for waiter in self._waiters:
                    # Who came while we looked is seen to the next time.
                    if statuses.get(waiter.run_id, waiter.known) is not waiter.known:
                        waiter.changed.set()
            await asyncio.sleep(LOOK_SECONDS)
