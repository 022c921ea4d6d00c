"""Report files in an object store, which many machines share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from rollbook.bucket import Bucket
from rollbook.errors import FileNotFound, FilesUnavailable
from rollbook.output.files import GONE, PIECE, checked_location

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult


@dataclass(frozen=True)
class BucketFiles:
    """A folder of an S3 bucket, where a file appears whole when its last byte has arrived."""

    bucket: Bucket

    @cached_property
    def _store(self) -> S3Store:
        return self.bucket.store("files")

    def put(self, file: Path, location: str) -> None:
        with self._telling_causes():
            obstore.put(self._store, checked_location(location), file)
        file.unlink()

    def remove(self, location: str) -> None:
        with self._telling_causes():
            try:
                obstore.delete(self._store, checked_location(location))
            except FileNotFoundError:
                return

    def read(self, location: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        part: GetOptions = {"range": {"offset": start} if stop is None else (start, stop)}
        with self._telling_causes():
            return self._pieces(obstore.get(self._store, checked_location(location), options=part))

    def sizes(self) -> dict[str, int]:
        with self._telling_causes():
            pages = obstore.list(self._store)
            return {str(item["path"]): item["size"] for page in pages for item in page}

    def _pieces(self, found: GetResult) -> Iterator[bytes]:
        with self._telling_causes():
            for piece in found.stream(min_chunk_size=PIECE):
                yield bytes(piece)

    @contextmanager
    def _telling_causes(self) -> Iterator[None]:
        try:
            yield
        except (NotFoundError, FileNotFoundError) as error:
            raise FileNotFound(GONE) from error
        except (BaseError, OSError) as error:
            raise FilesUnavailable(
                f"The files in bucket {self.bucket.name} cannot be reached. Try again in a "
                "moment; if they stay away, look at the object store and at the AWS variables."
            ) from error
