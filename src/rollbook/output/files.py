"""The store of report files: what is in it is whole, and stays as it is."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rollbook.errors import FileNotFound

_LOCATION = re.compile(r"[0-9]+-[0-9]+\.[a-z]+")


def manifest_beside(location: str) -> str:
    """Where the manifest of the file at a location is kept."""
    return f"{location.partition('.')[0]}.json"


class FileStore(Protocol):
    """Where report files are kept."""

    def put(self, file: Path, location: str) -> None:
        """Move a finished file into the store; afterwards it survives a power cut."""

    def remove(self, location: str) -> None:
        """Take a file out of the store; nothing happens if it is not there."""

    def path(self, location: str) -> Path:
        """Where to read a file of the store.

        Raises:
            FileNotFound: the store does not have it.
        """


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
        path = self._path(location)
        if not path.is_file():
            raise FileNotFound("The file of this report is no longer in the store.")
        return path

    def _path(self, location: str) -> Path:
        # Locations are made by Rollbook; anything else must not become a path.
        if not _LOCATION.fullmatch(location):
            raise FileNotFound("There is no such report file.")
        return self.folder / location


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
