"""What a dump holds: which files are of which table, snapshot or incremental (data_sources.md, 2.4)."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

from rollbook.canvas.schema import TABLES
from rollbook.errors import BadSource
from rollbook.load.canvas_data.dap_tables import table_named
from rollbook.load.canvas_data.formats import Part, read_part
from rollbook.load.canvas_data.options import CanvasDataOptions
from rollbook.load.canvas_data.places import Place, find_places
from rollbook.load.canvas_data.recognition import guess_table

MANIFEST = "manifest.json"
"""Beside the files of a job: its table, its kind, its times, and the names of the files."""
_ENDINGS = re.compile(r"(\.(csv|tsv|jsonl?|ndjson|parquet|gz))+$", re.IGNORECASE)
_LOGGED_TABLE = re.compile(r"(?:snapshot|incremental)\b.*?\btable '?([\w.]+)'?", re.IGNORECASE)


class Kind(StrEnum):
    """What a job brings."""

    SNAPSHOT = "snapshot"
    """The whole table."""
    INCREMENTAL = "incremental"
    """What changed in it."""


@dataclass(frozen=True)
class Job:
    """The files of one table that came together."""

    table: str
    kind: Kind | None
    """None where nothing tells: no record, and no name that says it."""
    parts: tuple[Part, ...]
    at: str = ""
    """The moment up to which it is complete, in ISO 8601, where known."""
    since: str = ""
    """The moment from which on an incremental has all changes, in ISO 8601, where known."""

    @property
    def name(self) -> str:
        """What messages call it."""
        if not self.parts:
            return self.table
        return _folder_of(self.parts[0].name) or self.parts[0].name

    @property
    def age(self) -> tuple[str, float, str]:
        """Later jobs compare as greater."""
        written = max((part.path.stat().st_mtime for part in self.parts), default=0.0)
        return (self.at, written, self.name)


def complete_until(earlier: str, jobs: Sequence[Job]) -> str:
    """The moment up to which a table is complete once the jobs are in it; empty for unknown.

    Changes that begin later leave a gap, so they do not count.

    Args:
        earlier: that moment before the jobs.
        jobs: at most one that is a whole table, and any number of incrementals.
    """
    reached = next((job.at for job in jobs if job.kind is not Kind.INCREMENTAL), earlier)
    changes = [job for job in jobs if job.kind is Kind.INCREMENTAL and job.since and job.at]
    for job in sorted(changes, key=lambda job: datetime.fromisoformat(job.since)):
        if reached and datetime.fromisoformat(job.since) <= datetime.fromisoformat(reached):
            reached = max(reached, job.at, key=datetime.fromisoformat)
    return reached


@dataclass(frozen=True)
class Found:
    """What a dump holds."""

    jobs: tuple[Job, ...]
    unread: tuple[str, ...]
    """Tables of Canvas Data that no report reads."""
    unrecognised: tuple[str, ...]
    """Folders and files that are no known table's."""


def find_jobs(sources: Sequence[Path], options: CanvasDataOptions, workspace: Path) -> Found:
    """Find out what the sources hold, reading only the beginnings of files.

    Args:
        sources: folders, zip archives and files.
        options: mappings and logs that name tables.
        workspace: a folder to unpack archives into.

    Raises:
        BadParameter: files are given for a table that Canvas does not have.
        BadSource: a source is not there or damaged, nothing is found, or it cannot be told of
            which table a file is.
    """
    places = find_places(sources, options.tables, workspace)
    logged = [line for log in options.client_logs for line in _lines(log)]
    groups: dict[tuple[str, str], list[Part]] = defaultdict(list)
    strangers: dict[str, list[Part]] = defaultdict(list)
    for place in places:
        part = read_part(place.path, place.name)
        if part is not None:
            folder = _job_folder(place)
            table = place.table or _named_table(place, folder, logged)
            if table:
                groups[table, folder].append(part)
            else:
                strangers[folder or place.name].append(part)
    empty = list(_empty_jobs(sources))
    if not groups and not strangers and not empty:
        raise BadSource(
            f"There is no file of Canvas Data 2 in {', '.join(map(str, sources)) or 'nothing'}: no "
            "CSV, TSV, JSON lines or Parquet. Give the folder that `dap snapshot` wrote."
        )
    unrecognised = _recognise(strangers, groups, skip=options.skip_unrecognised)
    found = [job for (table, _), parts in groups.items() for job in _jobs_of(table, parts)]
    jobs = [*found, *empty]
    return Found(
        jobs=tuple(job for job in jobs if job.table in TABLES),
        unread=tuple(sorted({job.table for job in jobs} - TABLES.keys())),
        unrecognised=unrecognised,
    )


def _job_folder(place: Place) -> str:
    """The folder that holds one job and nothing else; empty where there is none."""
    if (place.path.parent / MANIFEST).is_file():
        return _folder_of(place.name)
    for folder in PurePosixPath(place.name).parents:
        if folder.name.startswith("job_") or folder.name.endswith(tuple(f"-{k}" for k in Kind)):
            return str(folder)
    return ""


def _folder_of(name: str) -> str:
    return str(PurePosixPath(name).parent).removeprefix(".")


def _named_table(place: Place, folder: str, logged: Sequence[str]) -> str | None:
    """The table that a manifest, the client's log or the path names."""
    manifest = _manifest(place.path.parent)
    if manifest:
        return table_named(str(manifest.get("table")))
    job = PurePosixPath(folder).name.removeprefix("job_")
    if job and (table := _logged_table(job, logged)):
        return table
    *folders, file = PurePosixPath(place.name).parts
    words = [_ENDINGS.sub("", file), *reversed(folders)]
    return next((table for word in words if (table := table_named(word))), None)


def _manifest(folder: Path) -> Mapping[str, Any]:
    file = folder / MANIFEST
    if not file.is_file():
        return {}
    try:
        content: dict[str, Any] = json.loads(file.read_text("utf-8"))
        for name in ("at", "since"):
            _check_time(content.get(name))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadSource(f"{file} is not a readable manifest: {error}") from error
    return content


def _check_time(text: str | None) -> None:
    if text and datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(f"the time {text} has no zone")


def _empty_jobs(sources: Sequence[Path]) -> Iterator[Job]:
    """Jobs without a record leave a manifest that names no file."""
    for source in sources:
        for file in sorted(source.rglob(MANIFEST)) if source.is_dir() else ():
            manifest = _manifest(file.parent)
            table = table_named(str(manifest.get("table")))
            if table and manifest.get("files") == []:
                yield _job_said(manifest, table, ())


def _job_said(manifest: Mapping[str, Any], table: str, parts: tuple[Part, ...]) -> Job:
    named = {kind.value: kind for kind in Kind}.get(str(manifest.get("kind")))
    return Job(
        table,
        named or _kind(parts),
        parts,
        at=str(manifest.get("at") or ""),
        since=str(manifest.get("since") or ""),
    )


def _lines(log: Path) -> list[str]:
    try:
        return log.read_text("utf-8", "replace").splitlines()
    except OSError as error:
        raise BadSource(f"{log} cannot be read: {error.strerror}.") from error


def _logged_table(job: str, logged: Sequence[str]) -> str | None:
    """The client names a table when it starts on it, and the job's id after that."""
    table = None
    for line in logged:
        if match := _LOGGED_TABLE.search(line):
            table = table_named(match[1])
        if job in line:
            return table
    return None


def _recognise(
    strangers: Mapping[str, list[Part]],
    groups: dict[tuple[str, str], list[Part]],
    *,
    skip: bool,
) -> tuple[str, ...]:
    """Put files into the groups of the tables that their columns show; give the others."""
    others, doubtful = [], []
    for folder, parts in strangers.items():
        guess = guess_table(frozenset[str]().union(*(part.fields for part in parts)))
        if guess.table:
            groups[guess.table, folder] += parts
        else:
            others.append(folder)
            if guess.resembling and not skip:
                doubtful.append(f"{folder} (columns like those of {', '.join(guess.resembling)})")
    if doubtful:
        raise BadSource(
            f"It cannot be told which table is in {'; '.join(doubtful)}. Say it with "
            "--table NAME=PATH, or leave such files out with --skip-unrecognised."
        )
    return tuple(others)


def _jobs_of(table: str, parts: Sequence[Part]) -> list[Job]:
    manifest = _manifest(parts[0].path.parent)
    if manifest:
        missing = {*(manifest.get("files") or ())} - {part.path.name for part in parts}
        if missing:
            raise BadSource(
                f"{_folder_of(parts[0].name)} lacks {', '.join(sorted(missing))}, which its "
                "manifest names. Download it again."
            )
        return [_job_said(manifest, table, tuple(parts))]
    if _job_folder(Place(parts[0].path, parts[0].name)):
        return [Job(table, _kind(parts), tuple(parts))]
    # Loose files: all that are whole tables make one job, all with changes another.
    by_kind: dict[Kind | None, list[Part]] = defaultdict(list)
    for part in parts:
        by_kind[_kind([part])].append(part)
    if len(by_kind) > 1:
        by_kind.pop(None, None)
    return [Job(table, kind, tuple(some)) for kind, some in by_kind.items()]


def _kind(parts: Sequence[Part]) -> Kind | None:
    """What the path says, else whether records say what became of them (2.5)."""
    for folder in PurePosixPath(parts[0].name).parts[:-1] if parts else ():
        for kind in Kind:
            if folder == kind or folder.endswith(f"-{kind}"):
                return kind
    if any(part.has_actions for part in parts):
        return Kind.INCREMENTAL
    return Kind.SNAPSHOT if any(part.columns for part in parts) else None
