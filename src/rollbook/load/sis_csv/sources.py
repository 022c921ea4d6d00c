"""Where SIS files lie: in folders, in zip archives, or alone."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rollbook.errors import BadSource
from rollbook.load.archives import members

MAX_UNPACKED_BYTES = 4 * 1024**3
"""What all CSV files of one archive may hold together."""


@dataclass(frozen=True)
class SisFile:
    """A CSV file, on its own or inside an archive."""

    name: str
    """What messages call it."""
    path: Path
    member: str | None = None
    """Its name inside the archive `path`."""

    def read(self) -> bytes:
        """The whole file.

        Raises:
            BadSource: it cannot be read.
        """
        try:
            if self.member is None:
                return self.path.read_bytes()
            with zipfile.ZipFile(self.path) as archive:
                return archive.read(self.member)
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise BadSource(f"{self.name} cannot be read: {error}") from error


def find_files(sources: Sequence[Path]) -> list[SisFile]:
    """All CSV files of the sources, in the order of the sources, then by name.

    Raises:
        BadSource: a source is not there or cannot be read, or there is no CSV file at all.
    """
    files = [file for source in sources for file in _files_of(source)]
    if not files:
        names = ", ".join(str(source) for source in sources) or "nothing"
        raise BadSource(
            f"There is no CSV file in {names}. Give a folder or a zip with SIS CSV files, or the "
            "files themselves."
        )
    return files


def _files_of(source: Path) -> Iterator[SisFile]:
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            name = path.relative_to(source).as_posix()
            if path.is_file() and _is_csv(name):
                yield SisFile(name, path)
    elif not source.is_file():
        raise BadSource(f"{source} is not there. Check the path.")
    elif zipfile.is_zipfile(source):
        yield from _members(source)
    elif source.suffix.lower() == ".zip":
        raise BadSource(f"{source} is not a zip archive, or a damaged one.")
    else:
        yield SisFile(source.name, source)


def _is_csv(name: str) -> bool:
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return name.lower().endswith(".csv") and not hidden


def _members(archive: Path) -> list[SisFile]:
    found = members(archive, _is_csv, max_bytes=MAX_UNPACKED_BYTES)
    return [SisFile(f"{archive.name}/{info.filename}", archive, info.filename) for info in found]
