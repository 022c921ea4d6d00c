"""Several CSVs in one zip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

# The same for all entries, so that the same rows give the same bytes.
_ENTRY_TIME = (1980, 1, 1, 0, 0, 0)
_COMPRESSION_LEVEL = 1


def write_archive(file: Path, entries: Sequence[tuple[str, Callable[[BinaryIO], None]]]) -> None:
    """Write a zip whose entries are written, one after the other, by the functions given."""
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL) as archive:
        for name, write in entries:
            info = ZipInfo(name, _ENTRY_TIME)
            info.compress_type = ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with archive.open(info, "w", force_zip64=True) as sink:
                write(cast("BinaryIO", sink))
