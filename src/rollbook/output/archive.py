"""Several CSVs in one zip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, cast
from zipfile import ZIP_DEFLATED, ZipFile

_COMPRESSION_LEVEL = 1


def write_archive(file: Path, entries: Sequence[tuple[str, Callable[[BinaryIO], None]]]) -> None:
    """Write a zip whose entries are written, one after the other, by the functions given.

    Entries carry no time of their own: the same rows give the same bytes.
    """
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL) as archive:
        for name, write in entries:
            with archive.open(name, "w", force_zip64=True) as sink:
                write(cast("BinaryIO", sink))
