"""The store of report files: what is in it is whole, and stays as it is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rollbook.config import Settings
from rollbook.errors import FileNotFound

PIECE = 256 * 1024
"""Bytes that are read at once."""

_LOCATION = re.compile(r"[0-9]+-[0-9]+\.[a-z]+")
GONE = "The file of this report is no longer in the store."


def manifest_beside(location: str) -> str:
    """Where the manifest of the file at a location is kept."""
    return f"{location.partition('.')[0]}.json"


class FileStore(Protocol):
    """Where report files are kept."""

    def put(self, file: Path, location: str) -> None:
        """Move a finished file into the store; afterwards it survives a power cut.

        Raises:
            FilesUnavailable: the store cannot be reached; it is as it was.
        """

    def remove(self, location: str) -> None:
        """Take a file out of the store; nothing happens if it is not there.

        Raises:
            FilesUnavailable: the store cannot be reached.
        """

    def read(self, location: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes of a file, or those from `start` to before `stop`, piece by piece.

        Raises:
            FileNotFound: the store does not have it; raised before the first piece is asked for.
            FilesUnavailable: the store cannot be reached.
        """

    def sizes(self) -> dict[str, int]:
        """All files of the store: location to bytes.

        Raises:
            FilesUnavailable: the store cannot be reached.
        """


def open_files(settings: Settings) -> FileStore:
    """The store of an installation: a bucket, or a folder in the data folder.

    Raises:
        ConfigurationError: there are no credentials for the bucket.
    """
    if settings.bucket is None:
        return LocalFiles(settings.data / "files")
    from rollbook.output.bucket_files import BucketFiles  # noqa: PLC0415 (few need it)

    return BucketFiles(settings.bucket)


def remove_with_manifest(files: FileStore, location: str) -> None:
    """Take a report file and its manifest out of the store."""
    files.remove(location)
    files.remove(manifest_beside(location))


@dataclass(frozen=True)
class LocalFiles:
    """A folder on this machine; files are made beside it, on the same file system."""

    folder: Path

    def put(self, file: Path, location: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        _sync(file)
        file.replace(self._path(location))
        _sync(self.folder)

    def remove(self, location: str) -> None:
        self._path(location).unlink(missing_ok=True)

    def path(self, location: str) -> Path:
        """Where a file lies.

        Raises:
            FileNotFound: the store does not have it.
        """
        path = self._path(location)
        if not path.is_file():
            raise FileNotFound(GONE)
        return path

    def read(self, location: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        path = self.path(location)
        return _pieces(path, start, path.stat().st_size if stop is None else stop)

    def sizes(self) -> dict[str, int]:
        entries = self.folder.iterdir() if self.folder.is_dir() else ()
        return {entry.name: entry.stat().st_size for entry in entries}

    def _path(self, location: str) -> Path:
        return self.folder / checked_location(location)


def checked_location(location: str) -> str:
    """A location as it is.

    Raises:
        FileNotFound: Rollbook makes no such locations.
    """
    # Locations are made by Rollbook; anything else must not become a path.
    if not _LOCATION.fullmatch(location):
        raise FileNotFound("There is no such report file.")
    return location


def _pieces(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while piece := file.read(min(PIECE, stop - file.tell())):
            yield piece


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
