"""The bytes of a report file, sent once the audit log knows of it."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Callable, Mapping
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from rollbook.runs.model import ReportFile

_SENT = (200, 206)


class Download(FileResponse):
    """Streams a file, or the ranges that are asked for, and tells before it begins."""

    def __init__(
        self,
        path: Path,
        file: ReportFile,
        *,
        headers: Mapping[str, str],
        before: Callable[[int], None],
    ) -> None:
        """Prepare to send.

        Args:
            path: where the bytes are.
            file: what they are.
            headers: more headers.
            before: told how many bytes will be sent; what it raises keeps them from being sent.
        """
        super().__init__(
            path, headers=headers, media_type=file.content_type, filename=file.filename
        )
        self._before = before

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_told(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in _SENT:
                length = Headers(raw=message["headers"])["content-length"]
                await to_thread(self._before, int(length))
            await send(message)

        sends_bytes = scope["method"] == "GET"
        await super().__call__(scope, receive, send_told if sends_bytes else send)
