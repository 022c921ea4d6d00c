"""Views of the newest data; those of the lake are opened ahead of the run that will read them."""

from __future__ import annotations

import itertools
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Lock, Thread

from rollbook.engines.engine import Engine, Source
from rollbook.engines.lake import Lake
from rollbook.errors import EmptyLake

_log = logging.getLogger(__name__)


def views_of(source: Source, folder: Path) -> Callable[[], AbstractContextManager[Engine]]:
    """What opens a view of the newest data for one run.

    Args:
        source: where the data are.
        folder: takes what does not fit into memory.
    """
    if not isinstance(source, Lake):
        # Opened ahead, its data would be older than the run.
        return lambda: closing(source.engine())
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

    def open_ahead(self) -> None:
        """From now on keep a view ready: opening one takes longer than a small report."""
        self._wanted.set()
        Thread(target=self._keep_ready, name="views-ahead", daemon=True).start()

    @contextmanager
    def view(self) -> Iterator[Engine]:
        """A view of the newest snapshot, for one run.

        Raises:
            EmptyLake: nothing was loaded yet.
        """
        view = self._take()
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
        newest = self._lake.snapshots()[-1]
        if spare.engine.snapshot == str(newest.id):
            return spare
        spare.close()
        return self._open()

    def _open(self) -> _View:
        spill = self._folder / f"spill-{next(self._numbers)}"
        limits = replace(self._lake.limits, temporary_folder=spill)
        return _View(replace(self._lake, limits=limits).engine(), spill)

    def _keep_ready(self) -> None:
        while self._wanted.wait():
            self._wanted.clear()
            try:
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
