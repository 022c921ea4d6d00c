"""Text files of a dump, unpacked and read through once, so that damage has a position."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

from rollbook.errors import BadSource
from rollbook.load.archives import is_swollen
from rollbook.load.canvas_data.formats import MAX_RECORD_BYTES, TOO_LARGE, Format, Part

_PIECE_BYTES = 1024**2
_GZIP = 31
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*(\\u0000)")


def plain_text(part: Part, workspace: Path) -> Path:
    """The part as a file of plain, whole UTF-8 text.

    DuckDB would take a gzip file that ends too early or fails its check for a shorter one, and
    reads unpacked files with all cores.

    Args:
        part: a text file.
        workspace: where it is unpacked to; a file that is not packed stays where it is.

    Raises:
        BadSource: it is cut off, damaged, a bomb, or not UTF-8 text; says where.
    """
    check = _TextCheck(part.name, is_json=part.format is Format.JSONL)
    if not part.gzipped:
        with part.path.open("rb") as stream:
            while piece := stream.read(_PIECE_BYTES):
                check.add(piece)
        check.end()
        return part.path
    target = workspace / f"{uuid4().hex}.txt"
    with target.open("wb") as unpacked:
        for piece in _unpack(part):
            check.add(piece)
            unpacked.write(piece)
    check.end()
    return target


def _unpack(part: Part) -> Iterator[bytes]:
    """The content of a gzip file, which may be several one after the other."""
    unpacker = zlib.decompressobj(wbits=_GZIP)
    size = read = 0
    with part.path.open("rb") as stream:
        while packed := stream.read(_PIECE_BYTES):
            read += len(packed)
            while packed:
                if unpacker.eof:
                    if not packed.strip(b"\0"):
                        break  # Padding.
                    unpacker = zlib.decompressobj(wbits=_GZIP)
                try:
                    piece = unpacker.decompress(packed, 4 * _PIECE_BYTES)
                except zlib.error as error:
                    raise BadSource(
                        f"{part.name} is damaged, at about byte {read:,} of the file: its gzip "
                        "check fails. Download it again."
                    ) from error
                size += len(piece)
                if is_swollen(size, read):
                    raise BadSource(
                        f"{part.name} grows beyond measure when unpacked, at byte {read:,} of the "
                        "file. If this is meant, unpack it yourself."
                    )
                yield piece
                packed = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    if not unpacker.eof:
        raise BadSource(
            f"{part.name} is cut off at byte {read:,}: its gzip data do not end. It may be half "
            "downloaded; download it again."
        )


class _TextCheck:
    """Reads text piece by piece; refuses bytes that no text of Canvas's database has."""

    def __init__(self, name: str, *, is_json: bool) -> None:
        self._name = name
        self._is_json = is_json
        self._tail = b""
        self._record_bytes = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._position = 0
        self._lines = 0

    def add(self, piece: bytes) -> None:
        nul = piece.find(b"\0")
        if nul >= 0:
            self._refuse("a NUL byte, which no text of Canvas has", piece, nul)
        if self._is_json:
            self._check_escapes(piece)
            self._check_size(piece)
        pending = len(self._decoder.getstate()[0])
        try:
            self._decoder.decode(piece)
        except UnicodeDecodeError as error:
            self._refuse("bytes that are not UTF-8", piece, max(error.start - pending, 0))
        self._position += len(piece)
        self._lines += piece.count(b"\n")

    def _check_escapes(self, piece: bytes) -> None:
        # An escape may begin in the piece before.
        text = self._tail + piece
        if b"u0000" in text and (found := _NUL_ESCAPE.search(text)):
            offset = found.start(1) - len(self._tail)
            self._refuse("a NUL character, which no text of Canvas has", piece, max(offset, 0))
        self._tail = piece[-32:]

    def _check_size(self, piece: bytes) -> None:
        # DuckDB takes larger ones at times, for as much memory on each of its threads.
        end = piece.find(b"\n")
        self._record_bytes += len(piece) if end < 0 else end
        if self._record_bytes > MAX_RECORD_BYTES:
            self._refuse(TOO_LARGE, piece, 0)
        if end >= 0:
            self._record_bytes = len(piece) - piece.rfind(b"\n") - 1

    def end(self) -> None:
        try:
            self._decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            self._refuse("an unfinished UTF-8 character at its end", b"", 0)

    def _refuse(self, what: str, piece: bytes, offset: int) -> NoReturn:
        line = self._lines + piece.count(b"\n", 0, offset) + 1
        raise BadSource(
            f"{self._name} has {what}: line {line:,}, byte {self._position + offset + 1:,}"
            f"{' of the unpacked text' if self._name.endswith('.gz') else ''}. "
            "Download it again, or correct it."
        )
