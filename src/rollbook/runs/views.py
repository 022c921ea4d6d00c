"""Views of the data; those of the newest snapshot are opened ahead of the run that will read them."""

from __future__ import annotations

import itertools
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from rollbook.engines.engine import Engine, Source
from rollbook.engines.lake import Lake
from rollbook.errors import EmptyLake
from rollbook.reports.as_of import open_as_of
from rollbook.shared_database import telling_catalogue_unavailable

View = Callable[[Any, str], AbstractContextManager[Engine]]
"""Opens a view of the data as of what a run says, for an account, which stays as it is."""

LOOK_SECONDS = 5.0
"""A view that waits for a run holds its snapshot; an old one is let go of after so long."""

_log = logging.getLogger(__name__)


def views_of(source: Source, folder: Path) -> View:
    """What opens a view of the data for one run.

    Args:
        source: where the data are.
        folder: takes what does not fit into memory.
    """
    if not isinstance(source, Lake):
        # Opened ahead, its data would be older than the run.
        return lambda as_of, account: closing(open_as_of(source, as_of, account))
    views = LakeViews(source, folder)
    views.open_ahead()
    return views.view


@dataclass(frozen=True)
class _View:
    engine: Engine
    spill: Path
    """Takes what does not fit into memory."""

    def close(self) -> None:
        self.engine.close()
        shutil.rmtree(self.spill, ignore_errors=True)


class LakeViews:
    """Views of the lake, one for each run.

    Each has a folder of its own to spill to, because DuckDB names its temporary files alike in
    every process.
    """

    def __init__(self, lake: Lake, folder: Path) -> None:
        self._lake = lake
        self._folder = folder
        self._numbers = itertools.count()
        self._lock = Lock()
        self._spare: _View | None = None
        self._wanted = Event()

    def open_ahead(self, *, look_seconds: float = LOOK_SECONDS) -> None:
        """From now on keep a view ready: opening one takes longer than a small report.

        Args:
            look_seconds: how often to look whether it is still of the newest snapshot.
        """
        self._wanted.set()
        Thread(
            target=self._keep_ready, args=[look_seconds], name="views-ahead", daemon=True
        ).start()

    @contextmanager
    def view(self, as_of: Any = None, account: str = "self") -> Iterator[Engine]:
        """A view for one run, of the newest snapshot or an earlier one.

        Args:
            as_of: which, as `rollbook.reports.as_of` says; None for the newest.
            account: the run's, whose zone counts for times.

        Raises:
            EmptyLake: nothing was loaded yet.
            StateUnavailable: the lake's catalogue is away, or went away while the block ran.
            As `rollbook.reports.as_of.open_as_of`.
        """
        with telling_catalogue_unavailable(self._lake.database_url):
            view = self._take() if as_of is None else self._open(as_of, account)
            try:
                yield view.engine
            finally:
                view.close()
                # Not earlier: the run needs the processor itself.
                self._wanted.set()

    def _take(self) -> _View:
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is None:
            return self._open()
        if self._is_newest(spare):
            return spare
        spare.close()
        return self._open()

    def _holds_old_snapshot(self) -> bool:
        with self._lock:
            return self._spare is not None and not self._is_newest(self._spare)

    def _is_newest(self, view: _View) -> bool:
        newest = self._lake.snapshots()[-1:]
        return [view.engine.snapshot] == [str(snapshot.id) for snapshot in newest]

    def _open(self, as_of: Any = None, account: str = "self") -> _View:
        spill = self._folder / f"spill-{next(self._numbers)}"
        limits = replace(self._lake.limits, temporary_folder=spill)
        lake = replace(self._lake, limits=limits)
        return _View(open_as_of(lake, as_of, account), spill)

    def _keep_ready(self, look_seconds: float) -> None:
        while True:
            was_wanted = self._wanted.wait(look_seconds)
            if was_wanted:
                self._wanted.clear()
            try:
                if not was_wanted and not self._holds_old_snapshot():
                    continue
                view = self._open()
            except EmptyLake:
                # The run that comes when there are data opens its own.
                continue
            except Exception:  # noqa: BLE001 (the next run meets it, and tells)
                _log.exception("no view opened ahead", extra={"action": "view_failed"})
                continue
            with self._lock:
                self._spare, replaced = view, self._spare
            if replaced:
                replaced.close()
