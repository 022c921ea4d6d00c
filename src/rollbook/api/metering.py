"""Headers that tell what a request cost, and its line in the log (api.md, 11.1 and 11.2)."""

from __future__ import annotations

import logging
import time
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_REMAINING = "600.0"
"""Nothing is throttled; clients that slow down by this header see a full bucket."""

_log = logging.getLogger(__name__)


class Metering:
    """Measures every request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = str(uuid4())

        async def send_metered(message: Message) -> None:
            if message["type"] == "http.response.start":
                seconds = time.perf_counter() - started
                headers = MutableHeaders(scope=message)
                headers["X-Request-Context-Id"] = request_id
                headers["X-Request-Cost"] = f"{seconds:.6f}"
                headers["X-Rate-Limit-Remaining"] = _REMAINING
                # Never the query string: it may hold a token or a verifier.
                _log.info(
                    "request",
                    extra={
                        "action": "request",
                        "request": request_id,
                        "method": scope["method"],
                        "path": scope["path"],
                        "status": message["status"],
                        "seconds": round(seconds, 4),
                    },
                )
            await send(message)

        await self._app(scope, receive, send_metered)
