"""Ctrl-C: whatever a command was doing, it ends with one sentence and its own exit status."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.engines.lake import Lake

EXIT_STATUS = 130
"""What shells give for SIGINT."""


class Interrupted(Exception):
    """Somebody pressed Ctrl-C; the text says what became of the work."""


@contextmanager
def interruptible(consequence: Callable[[], str]) -> Iterator[None]:
    """Tell what an interruption of the block left.

    Args:
        consequence: says so, in a sentence, when the block has ended.

    Raises:
        Interrupted: in place of what the interruption became on its way through the libraries.
    """
    try:
        yield
    except Interrupted:
        raise
    except BaseException as error:
        if not _is_interruption(error):
            raise
        raise Interrupted(consequence()) from None


def loading_into(lake: Lake) -> Callable[[], str]:
    """What an interruption of a load that begins now will have left, for `interruptible`."""
    before = _newest(lake)

    def consequence() -> str:
        # A commit goes on to its end.
        if _newest(lake) != before:
            return f"Interrupted when all was loaded: snapshot {_newest(lake)} is complete."
        return "Interrupted. Nothing was loaded; the lake is as it was."

    return consequence


def _newest(lake: Lake) -> int | None:
    snapshots = lake.snapshots()
    return snapshots[-1].id if snapshots else None


def _is_interruption(error: BaseException | None) -> bool:
    """Whether it is a KeyboardInterrupt, or came of one, as DuckDB's error for it does."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False
