"""Where SIS files lie: in folders, in zip archives, or alone."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from rollbook.errors import BadSource

MAX_UNPACKED_BYTES = 4 * 1024**3
"""What all CSV files of one archive may hold together."""
MAX_RATIO = 300
"""How many times smaller an archive may make a large file; CSV reaches 5 to 30."""
_SMALL_BYTES = 50 * 1024**2


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
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = opened.infolist()
    except (OSError, zipfile.BadZipFile) as error:
        raise BadSource(f"{archive} is not a zip archive, or a damaged one: {error}") from error
    for info in infos:
        _refuse_outside(archive, info.filename)
    found = [info for info in infos if not info.is_dir() and _is_csv(info.filename)]
    _refuse_bomb(archive, found)
    names = sorted(info.filename for info in found)
    return [SisFile(f"{archive.name}/{name}", archive, name) for name in names]


def _refuse_outside(archive: Path, name: str) -> None:
    windows = PureWindowsPath(name)
    if windows.drive or windows.root or ".." in windows.parts:
        raise BadSource(
            f"{archive} holds a file with the path {name!r}, which leads out of the archive. "
            "Pack the files again with plain names."
        )


def _refuse_bomb(archive: Path, infos: Sequence[zipfile.ZipInfo]) -> None:
    swollen = any(
        info.file_size > _SMALL_BYTES and info.file_size > MAX_RATIO * max(info.compress_size, 1)
        for info in infos
    )
    if swollen or sum(info.file_size for info in infos) > MAX_UNPACKED_BYTES:
        raise BadSource(
            f"{archive} would grow beyond measure when unpacked. If this is meant, unpack it "
            "yourself and give the folder."
        )
