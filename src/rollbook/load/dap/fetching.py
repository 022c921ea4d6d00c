"""Tables from DAP onto the disk, several at once (data_sources.md, 2.7 and 2.9)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

from rollbook.canvas.schema import TABLES
from rollbook.errors import BadParameter, JobExpired, JobFailed, MissingTable, UnknownTable
from rollbook.load.canvas_data.discovery import Kind
from rollbook.load.canvas_data.formats import Format
from rollbook.load.dap.answers import Job, Problem, Status, StoredObject
from rollbook.load.dap.client import DapClient, OutOfReach, Patience
from rollbook.load.dap.downloads import Download, Finished, Started
from rollbook.load.dap.service import DapService
from rollbook.load.loading import Progress, no_progress

_TABLES_AT_ONCE = 8
_FILES_AT_ONCE = 4


@dataclass(frozen=True, kw_only=True)
class FetchOptions:
    """What a person can choose of what is fetched, and how."""

    tables: Sequence[str] = ()
    """Their names; empty for all that reports read and DAP has."""
    form: Format = Format.JSONL
    patience: Patience = field(default_factory=Patience)


def fetch_tables(
    folder: Path,
    service: DapService,
    options: FetchOptions,
    *,
    lake_until: Mapping[str, str],
    progress: Progress = no_progress,
) -> list[Finished]:
    """Bring the files of tables onto the disk, each table's into the folder of its name.

    What an earlier call brought for the same state of the lake is not fetched again.

    Args:
        folder: where the tables' folders are.
        service: whom to ask.
        options: settings.
        lake_until: of tables, the moment up to which the lake has them; they come as changes since
            then, others as a whole.
        progress: told what is being done.

    Raises:
        BadParameter: a table was chosen that no report reads.
        CredentialsRefused: DAP does not take the credentials.
        JobExpired: DAP deleted its files before they were fetched, twice.
        JobFailed: DAP could not make the files of a table.
        MissingTable: DAP has none of the tables that reports read.
        DiskFull: the disk is full.
        SourceUnavailable: DAP cannot be reached, or answers with errors again and again.
        UnknownTable: there is no such table.
    """
    fetching = _Fetching(folder, service, options, lake_until, progress)
    try:
        return asyncio.run(fetching.all())
    except ExceptionGroup as group:
        raise _first(group) from None


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    """The error that ended the tasks."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


class _Fetching:
    """Several tables on their way."""

    def __init__(
        self,
        folder: Path,
        service: DapService,
        options: FetchOptions,
        lake_until: Mapping[str, str],
        progress: Progress,
    ) -> None:
        self._folder = folder
        self._service = service
        self._options = options
        self._lake_until = lake_until
        self._progress = progress
        self._done = 0
        self._of = 0
        self._tables_at_once = asyncio.Semaphore(_TABLES_AT_ONCE)
        self._files_at_once = asyncio.Semaphore(_FILES_AT_ONCE)

    async def all(self) -> list[Finished]:
        async with DapClient(self._service, self._options.patience, self._tell_pause) as client:
            names = _chosen(self._options.tables, await client.tables(), self._service.host)
            self._of = len(names)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._table(client, name)) for name in names]
        return [task.result() for task in tasks]

    async def _table(self, client: DapClient, name: str) -> Finished:
        download = Download(
            self._folder / name, name, self._lake_until.get(name), self._options.form.value
        )
        async with self._tables_at_once:
            finished = download.finished() or await self._fetch(client, download)
        self._done += 1
        self._tell(name)
        return finished

    async def _fetch(self, client: DapClient, download: Download) -> Finished:
        try:
            return await self._job(client, download)
        except JobExpired:
            download.discard()
            return await self._job(client, download)

    async def _job(self, client: DapClient, download: Download) -> Finished:
        started = download.started()
        if started:
            job = await client.job(started.id)
        else:
            started, job = await _start(client, download)
        self._tell(download.table)
        job = await client.finished(job)
        if job.status is Status.FAILED:
            download.discard()
            raise JobFailed(
                f"{self._service.host} could not make the {started.kind} of {download.table}: "
                f"{job.error or 'no reason given'}. Nothing was loaded; try again later."
            )
        try:
            async with asyncio.TaskGroup() as group:
                for item in job.objects:
                    file = download.file(item)
                    if not file.exists():
                        group.create_task(self._file(client, item, file))
        except ExceptionGroup as errors:
            raise _first(errors) from None
        return download.finish(job, started.kind)

    async def _file(self, client: DapClient, item: StoredObject, file: Path) -> None:
        async with self._files_at_once:
            await client.download(item.id, file)

    def _tell(self, step: str) -> None:
        self._progress(f"{step}, {self._done} of {self._of} tables", self._share)

    def _tell_pause(self, seconds: float) -> None:
        self._progress(f"asked to wait {seconds:.0f} s", self._share)

    @property
    def _share(self) -> float:
        return self._done / max(self._of, 1)


async def _start(client: DapClient, download: Download) -> tuple[Started, Job]:
    """Ask for the changes since the lake's state, or for the whole table where that cannot be."""
    since = download.lake_until
    if since is not None:
        try:
            job = await client.start_job(download.table, download.form, since)
            return download.start(job, Kind.INCREMENTAL), job
        except OutOfReach as error:
            if _has_nothing_newer(error.problem, since):
                job = Job(id="", status=Status.COMPLETE, since=since, until=since)
                return download.start(job, Kind.INCREMENTAL), job
    job = await client.start_job(download.table, download.form, None)
    return download.start(job, Kind.SNAPSHOT), job


def _has_nothing_newer(problem: Problem, since: str) -> bool:
    if problem.kind != "OutOfRange" or problem.until is None:
        return False
    return datetime.fromisoformat(problem.until) <= datetime.fromisoformat(since)


def _chosen(wanted: Sequence[str], listed: Sequence[str], host: str) -> list[str]:
    if not wanted:
        names = sorted(TABLES.keys() & {*listed})
        if not names:
            raise MissingTable(f"{host} lists none of the tables that reports read.")
        return names
    for name in wanted:
        if name not in listed:
            alike = get_close_matches(name, listed, n=3)
            hint = f" Is it {' or '.join(alike)}?" if alike else ""
            raise UnknownTable(f"{host} has no table {name!r}.{hint}")
        if name not in TABLES:
            raise BadParameter(f"No report reads the table {name!r}, so it is not loaded.")
    return sorted({*wanted})
