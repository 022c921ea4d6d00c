"""The bytes of a report file, sent once the audit log knows of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from email.utils import format_datetime
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from rollbook.output.files import FileStore
from rollbook.runs.model import ReportFile

_RANGE = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*")


class _NoSuchPart(Exception):
    """The file ends before the part that is asked for."""


def send_file(
    request: Request,
    files: FileStore,
    file: ReportFile,
    *,
    headers: Mapping[str, str],
    before: Callable[[int], None],
) -> Response:
    """An answer that streams a file, or the part of it that is asked for.

    Args:
        request: what is asked.
        files: where the bytes are.
        file: what they are.
        headers: more headers, with an ETag.
        before: told how many bytes will be sent; what it raises keeps them from being sent.

    Raises:
        FileNotFound: the store does not have the file.
        FilesUnavailable: the store cannot be reached.
    """
    headers = {
        **headers,
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"attachment; filename{_parameter(file.filename)}",
        "Last-Modified": format_datetime(file.created_at, usegmt=True),
    }
    try:
        part = _part_asked_for(request, file.size, headers)
    except _NoSuchPart:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{file.size}"})
    start, stop = part or (0, file.size)
    content = files.read(file.location, start, stop)
    headers["Content-Length"] = str(stop - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    status = 206 if part else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=file.content_type)
    before(stop - start)
    return StreamingResponse(content, status, headers, media_type=file.content_type)


def _part_asked_for(
    request: Request, size: int, headers: Mapping[str, str]
) -> tuple[int, int] | None:
    """Where the part begins and where it has ended; None for the whole file.

    Several parts are answered with the whole, as RFC 9110 allows.
    """
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    condition = request.headers.get("if-range", headers["ETag"])
    if not asked or condition not in (headers["ETag"], headers["Last-Modified"]):
        return None
    first, last = asked.groups()
    if first:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        is_range = not last or int(first) <= int(last)
    else:
        start, stop = max(size - int(last or 0), 0), size
        is_range = bool(last)
    if not is_range:
        return None
    if start >= stop:
        raise _NoSuchPart
    return start, stop


def _parameter(filename: str) -> str:
    escaped = quote(filename)
    return f'="{filename}"' if escaped == filename else f"*=utf-8''{escaped}"
