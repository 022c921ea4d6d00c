"""The lake kept fresh from DAP: a table as a whole first, then what changed in it (2.7, 2.9)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from rollbook.engines.lake import Lake
from rollbook.errors import BadSource, LoadConflict, RowsLost
from rollbook.load.canvas_data import CanvasDataOptions, load_canvas_data, tables_complete_until
from rollbook.load.dap.downloads import Finished
from rollbook.load.dap.fetching import FetchOptions, fetch_tables
from rollbook.load.dap.files import writable
from rollbook.load.dap.service import DapService
from rollbook.load.loading import LoadSummary, Progress, no_progress

_FETCHING = 0.7
"""The share of the work that is fetching."""


@dataclass(frozen=True, kw_only=True)
class SyncOptions:
    """What a person can choose of a sync."""

    fetching: FetchOptions = field(default_factory=FetchOptions)
    loading: CanvasDataOptions = field(default_factory=CanvasDataOptions)


@dataclass(frozen=True)
class SyncSummary:
    """What a sync did."""

    load: LoadSummary
    tables: tuple[Finished, ...]


def sync_canvas_data(
    lake: Lake,
    service: DapService,
    options: SyncOptions | None = None,
    progress: Progress = no_progress,
) -> SyncSummary:
    """Bring the lake's tables up to date, as one snapshot of it.

    A table that the lake has from DAP gets its changes since then, another comes as a whole.
    Files are kept in the folder `dap` beside the lake until they are loaded: what ends a sync
    early costs no more than what was on its way.

    Args:
        lake: where to.
        service: whom to ask.
        options: settings; the defaults if None.
        progress: told what is being done.

    Raises:
        BadParameter: a table was chosen that no report reads.
        BadSource: a file is damaged; nothing was changed, and the next sync downloads all anew.
        CredentialsRefused: DAP does not take the credentials.
        JobExpired: DAP deleted its files before they were fetched, twice.
        JobFailed: DAP could not make the files of a table.
        LoadConflict: another sync or load is running.
        MissingTable: DAP has none of the tables.
        DiskFull: the disk is full.
        RowsLost: a table would lose more of its rows than it may; nothing was changed.
        SourceUnavailable: DAP cannot be reached, or answers with errors again and again.
        UnknownTable: there is no such table.
    """
    chosen = options or SyncOptions()
    folder = lake.folder / "dap"
    with _only_sync(folder):
        finished = fetch_tables(
            folder,
            service,
            chosen.fetching,
            lake_until=tables_complete_until(lake),
            progress=lambda step, share: progress(step, _FETCHING * share),
        )
        sources = [folder / item.table for item in finished]
        try:
            with writable(folder):
                load = load_canvas_data(
                    lake,
                    sources,
                    chosen.loading,
                    lambda step, share: progress(step, _FETCHING + (1 - _FETCHING) * share),
                    title=f"Canvas Data from {service.host}",
                )
        except (BadSource, RowsLost):
            # Else the next sync would fail on the same files.
            _remove(sources)
            raise
        _remove(sources if chosen.fetching.tables else [folder])
    return SyncSummary(load, tuple(finished))


def _remove(folders: Sequence[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _only_sync(folder: Path) -> Iterator[None]:
    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_suffix(".lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise LoadConflict(
            f"Another sync into {folder.parent} is running. Wait until it has ended."
        ) from error
    try:
        yield
    finally:
        lock.release()
