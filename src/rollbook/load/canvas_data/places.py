"""The files of a dump, in folders, in zip archives, alone, or named by patterns."""

from __future__ import annotations

import glob
import os
import re
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rollbook.errors import BadParameter, BadSource
from rollbook.load.archives import is_swollen, members
from rollbook.load.canvas_data.dap_tables import table_named

_MAX_ARCHIVE_BYTES = 512 * 1024**3
_PIECE_BYTES = 1024**2
_NO_DATA = re.compile(
    r"(^|/)([._][^/]*|__MACOSX)(/|$)|_schema_version_\d+\.json$|(^|/)(manifest|state)\.json$"
    r"|\.(md|txt|log|crc|py|sql|html|toml|ya?ml|zip|tmp|partial)$",
    re.IGNORECASE,
)
"""Names of what may lie beside data: schemas, manifests, notes, hidden files."""


@dataclass(frozen=True)
class Place:
    """A file, what messages call it, and the table that a person said it holds."""

    path: Path
    name: str
    """For a file below a source, its path from the source's name on: `dump/job_1/part-0.csv`."""
    table: str | None = None


def find_places(
    sources: Sequence[Path], patterns: Mapping[str, Sequence[str]], workspace: Path
) -> list[Place]:
    """All files that may hold data, each once; those that patterns name keep their table.

    Args:
        sources: folders, zip archives and files.
        patterns: of a table, patterns of files and folders.
        workspace: a folder to unpack archives into.

    Raises:
        BadParameter: there is no such table.
        BadSource: a source is not there or damaged, or a pattern names nothing.
    """
    given = [place for name, texts in patterns.items() for place in _given(name, texts)]
    taken = {place.path.resolve() for place in given}
    found = [place for source in sources for place in _below(source, workspace)]
    return [*given, *(place for place in found if place.path.resolve() not in taken)]


def _given(name: str, texts: Sequence[str]) -> Iterator[Place]:
    table = table_named(name)
    if table is None:
        raise BadParameter(f"Canvas has no table {name!r}. Write for example users=dump/u*.csv.")
    for text in texts:
        matches = sorted(glob.glob(text, recursive=True))  # noqa: PTH207 (it may be absolute)
        if not matches:
            raise BadSource(f"No file is named {text}, which was given for the table {table}.")
        for match in matches:
            path = Path(match)
            files = _walk(path) if path.is_dir() else [path]
            yield from (Place(file, str(file), table) for file in files)


def _below(source: Path, workspace: Path) -> Iterator[Place]:
    if source.is_dir():
        base = source.resolve().parent
        for path in _walk(source):
            yield Place(path, path.resolve().relative_to(base).as_posix())
    elif not source.is_file():
        raise BadSource(f"{source} is not there. Check the path.")
    elif zipfile.is_zipfile(source):
        yield from _unpacked(source, workspace)
    elif source.suffix.lower() == ".zip":
        raise BadSource(f"{source} is not a zip archive, or a damaged one.")
    else:
        yield Place(source, source.name)


def _walk(folder: Path) -> list[Path]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in found if _may_hold_data(path.relative_to(folder).as_posix())]


def _may_hold_data(name: str) -> bool:
    return not _NO_DATA.search(name)


def _unpacked(archive: Path, workspace: Path) -> Iterator[Place]:
    found = members(archive, _may_hold_data, max_bytes=_MAX_ARCHIVE_BYTES)
    with zipfile.ZipFile(archive) as opened:
        for number, info in enumerate(found):
            # Not the member's own path: nothing of an archive decides where files go.
            target = workspace / f"{archive.stem}-{number}"
            name = f"{archive.name}/{info.filename}"
            _unpack(opened, info, target, name)
            moment = time.mktime((*info.date_time, 0, 0, -1))
            os.utime(target, (moment, moment))
            yield Place(target, name)


def _unpack(opened: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, name: str) -> None:
    written = 0
    try:
        with opened.open(info) as source, target.open("wb") as stream:
            while piece := source.read(_PIECE_BYTES):
                written += stream.write(piece)
                if is_swollen(written, info.compress_size):
                    raise BadSource(f"{name} grows beyond measure when unpacked: a zip bomb.")
    except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
        raise BadSource(f"{name} cannot be unpacked, at byte {written:,}: {error}") from error
