"""Zip archives from outside: what is in them, and what is not to be trusted."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path, PureWindowsPath

from rollbook.errors import BadSource

MAX_RATIO = 300
"""How many times smaller compression may make a large file; CSV and JSON reach 5 to 60."""
_SMALL_BYTES = 50 * 1024**2


def is_swollen(size: int, compressed: int) -> bool:
    """Whether a file grows beyond measure when it is unpacked."""
    return size > _SMALL_BYTES and size > MAX_RATIO * max(compressed, 1)


def members(
    archive: Path, wanted: Callable[[str], bool], *, max_bytes: int
) -> list[zipfile.ZipInfo]:
    """The wanted files of an archive, by name.

    Args:
        archive: a zip file.
        wanted: told a member's name; folders are never asked for.
        max_bytes: what all wanted files may hold together.

    Raises:
        BadSource: it is no zip, a member's path leads out of it, or it is a zip bomb.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = opened.infolist()
    except (OSError, zipfile.BadZipFile) as error:
        raise BadSource(f"{archive} is not a zip archive, or a damaged one: {error}") from error
    for info in infos:
        _refuse_outside(archive, info.filename)
    found = [info for info in infos if not info.is_dir() and wanted(info.filename)]
    _refuse_bomb(archive, found, max_bytes)
    return sorted(found, key=lambda info: info.filename)


def _refuse_outside(archive: Path, name: str) -> None:
    windows = PureWindowsPath(name)
    if windows.drive or windows.root or ".." in windows.parts:
        raise BadSource(
            f"{archive} holds a file with the path {name!r}, which leads out of the archive. "
            "Pack the files again with plain names."
        )


def _refuse_bomb(archive: Path, infos: list[zipfile.ZipInfo], max_bytes: int) -> None:
    swollen = any(is_swollen(info.file_size, info.compress_size) for info in infos)
    if swollen or sum(info.file_size for info in infos) > max_bytes:
        raise BadSource(
            f"{archive} would grow beyond measure when unpacked. If this is meant, unpack it "
            "yourself and give the folder."
        )
