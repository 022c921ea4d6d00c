"""Paths and methods as Canvas's router takes them (api.md, section 1, "Path rules")."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollbook.api.answers import CanvasJson
from rollbook.api.errors import body_of
from rollbook.api.parameters import check_escapes
from rollbook.errors import BadParameter

API = "/api/v1/"


class Segment(Convertor[str]):
    """One segment of an encoded path, decoded: `{account_id:segment}`."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return unquote(value)

    def to_string(self, value: str) -> str:
        return quote(value, safe="")


register_url_convertor("segment", Segment())

ACCOUNT = "/api/v1/accounts/{account_id:segment}"
REPORTS = ACCOUNT + "/reports"
FILE = "/files/{file_id:segment}"


class CanvasPaths:
    """Forgives a trailing slash and `.json`, answers HEAD as GET, and routes on encoded paths.

    Segments stay percent-encoded for the router, so that `sis_account_id:a%2Fb` is one of them;
    the convertor `segment` decodes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        raw_path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
        try:
            check_escapes(raw_path)
        except BadParameter as error:
            answer = CanvasJson(body_of(error), status_code=error.status)
            await answer(scope, receive, send)
            return
        path = normal_path(raw_path)
        scope = {**scope, "path": path, "raw_path": path.encode("latin-1")}
        if scope["method"] == "HEAD" and path.startswith("/api/"):
            scope["method"] = "GET"
            send = _without_body(send)
        await self._app(scope, receive, send)


def normal_path(path: str) -> str:
    """The path that is routed; API paths with another extension than `.json` go nowhere."""
    path = path.partition("?")[0]
    if not path.startswith("/"):
        # A whole address is a request's target too (RFC 9112, 3.2.2).
        path = urlsplit(path).path or "/"
    if len(path) > 1:
        path = path.rstrip("/") or "/"
    if not path.startswith(API):
        return path
    path = path.removesuffix(".json")
    return path if "." not in path else f"/unrouted{path}"


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head
