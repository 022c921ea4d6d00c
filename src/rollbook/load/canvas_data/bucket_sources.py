"""Sources in a bucket: brought to this machine before they are read (data_sources.md, 2.4)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from rollbook.bucket import bucket_at
from rollbook.errors import BadSource, SourceUnavailable
from rollbook.faults import naming_causes
from rollbook.load.loading import Progress

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Store

_AT_ONCE = 8
_PIECE = 4 * 1024 * 1024


@dataclass(frozen=True)
class _Object:
    """One file of a bucket, and where it will lie here."""

    store: S3Store
    meta: ObjectMeta
    url: str
    target: Path


def bring(sources: Sequence[Path | str], workspace: Path, progress: Progress) -> list[Path]:
    """The sources as they lie on this machine, those of buckets downloaded.

    Args:
        sources: paths, and addresses `s3://bucket/prefix` of folders or files, opened by what the
            usual AWS variables say.
        workspace: where downloaded files go: a folder for each address, laid out as the bucket is.
        progress: told how much is there.

    Raises:
        BadSource: an address has no files, names that cannot be files here, or a file that changed
            meanwhile.
        ConfigurationError: there are no credentials.
        ResourceError: the disk is full.
        SourceUnavailable: the bucket cannot be reached, or does not let us in.
    """
    found: list[Path] = []
    objects: list[_Object] = []
    for number, source in enumerate(sources):
        if isinstance(source, Path):
            found.append(source)
            continue
        # Messages name files by the last folder.
        folder = workspace / f"bucket-{number}" / (PurePosixPath(source).name or "bucket")
        listed = _objects(source, folder)
        objects += listed
        # A file by itself, where the address is a file's.
        found.append(listed[0].target if listed[0].url == source else folder)
    _download(objects, progress)
    return found


def _objects(url: str, folder: Path) -> list[_Object]:
    """The file that an address names, or those below it."""
    import obstore  # noqa: PLC0415 (few need it)
    from obstore.exceptions import BaseError  # noqa: PLC0415

    bucket = bucket_at(url)
    try:
        if key := bucket.prefix.rstrip("/"):
            root = replace(bucket, prefix="").store()
            with suppress(FileNotFoundError):
                target = _target(folder, PurePosixPath(key).name, url)
                return [_Object(root, obstore.head(root, key), url, target)]
        store = bucket.store()
        items = [item for page in obstore.list(store) for item in page]
    except (BaseError, OSError) as error:
        raise _unavailable(url) from error
    if not items:
        raise BadSource(f"There are no files at {url}. Look at the address.")
    return [
        _Object(
            store,
            item,
            f"{url.rstrip('/')}/{item['path']}",
            _target(folder, str(item["path"]), url),
        )
        for item in items
    ]


def _target(folder: Path, name: str, url: str) -> Path:
    # Names in a bucket may be any text.
    parts = name.split("/")
    if not all(parts) or {".", ".."} & set(parts) or "\\" in name or "\0" in name:
        raise BadSource(f"{url} has a file named {name!r}, which cannot be a file's name here.")
    return folder.joinpath(*parts)


def _download(objects: Sequence[_Object], progress: Progress) -> None:
    whole = sum(item.meta["size"] for item in objects) or 1
    done = 0
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="download") as pool:
        waiting = [pool.submit(_fetch, item) for item in objects]
        try:
            for ended in as_completed(waiting):
                done += ended.result()
                progress("Downloading", done / whole)
        finally:
            for job in waiting:
                job.cancel()


def _fetch(item: _Object) -> int:
    import obstore  # noqa: PLC0415 (few need it)
    from obstore.exceptions import BaseError, PreconditionError  # noqa: PLC0415

    name, size = str(item.meta["path"]), item.meta["size"]
    with naming_causes():
        item.target.parent.mkdir(parents=True, exist_ok=True)
    try:
        found = obstore.get(item.store, name, options={"if_match": item.meta["e_tag"]})
        with naming_causes(), item.target.open("wb") as file:
            for piece in found.stream(min_chunk_size=_PIECE):
                file.write(piece)
    except (PreconditionError, FileNotFoundError) as error:
        raise _changed(item.url) from error
    except BaseError as error:
        raise _unavailable(item.url) from error
    if item.target.stat().st_size != size:
        raise _changed(item.url)
    # Of two jobs of which nothing else tells, the later one counts.
    written = item.meta["last_modified"].timestamp()
    os.utime(item.target, (written, written))
    return size


def _changed(url: str) -> BadSource:
    return BadSource(f"{url} changed while it was read. Load again when whoever writes it is done.")


def _unavailable(url: str) -> SourceUnavailable:
    return SourceUnavailable(
        f"{url} cannot be reached. Try again in a moment; if it stays away, look at the address and "
        "at the AWS variables."
    )
