"""Errors become answers here and nowhere else (api.md, 3.1 and section 9)."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from rollbook.api.answers import CanvasJson, wants_string_ids, with_string_ids
from rollbook.canvas.zones import iso_seconds, zone_of
from rollbook.errors import (
    ExpiredToken,
    InvalidMasquerade,
    InvalidToken,
    NotAuthenticated,
    NotPermitted,
    ResourceError,
    RollbookError,
    UnknownTerm,
    UnreadableRequest,
)

_ASK_FOR_TOKEN = {"WWW-Authenticate": 'Bearer realm="canvas-lms"'}
_TRY_LATER = {"Retry-After": "30"}
_MISSING = {"errors": [{"message": "The specified resource does not exist."}]}

_log = logging.getLogger(__name__)


def answer_errors(app: FastAPI) -> None:
    """Have an app answer errors as Canvas does."""
    app.add_exception_handler(RollbookError, _rollbook_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _fault)


def body_of(error: RollbookError) -> dict[str, Any]:
    """What an error says to a client."""
    if error.status == 404:
        return _MISSING
    for kind, body in _BODIES.items():
        if isinstance(error, kind):
            return body(error)
    return _message(error)


def _message(error: RollbookError) -> dict[str, Any]:
    return {"errors": [{"message": str(error)}]}


def _expired(error: Any) -> dict[str, Any]:
    expired_at = iso_seconds(error.expired_at, zone_of("UTC"))
    return {"errors": [{"message": str(error), "expired_at": expired_at}]}


def _generic(code: str) -> dict[str, Any]:
    return {"errors": [{"message": "An error occurred.", "error_code": code}]}


_BODIES: Mapping[type[RollbookError], Callable[[RollbookError], dict[str, Any]]] = {
    UnknownTerm: lambda error: {"error": str(error)},
    UnreadableRequest: lambda _error: _generic("bad_request"),
    InvalidMasquerade: lambda error: {"errors": str(error)},
    NotAuthenticated: lambda error: {"status": "unauthenticated", **_message(error)},
    NotPermitted: lambda error: {"status": "unauthorized", **_message(error)},
    ExpiredToken: _expired,
}


async def _rollbook_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RollbookError):
        raise error
    if error.status >= 500:
        _log.error("request failed: %s", error, extra={"action": "request_failed"})
    asks = isinstance(error, NotAuthenticated | InvalidToken)
    headers = _ASK_FOR_TOKEN if asks else None
    if isinstance(error, ResourceError):
        headers = _TRY_LATER
    return CanvasJson(body_of(error), status_code=error.status, headers=headers)


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status in (404, 405):
        # To Canvas's router a path without this method is no path.
        return CanvasJson(_generic("not_found"), status_code=404)
    return CanvasJson(_generic("bad_request"), status_code=status)


async def _fault(request: Request, error: Exception) -> Response:
    number = secrets.randbelow(2**31)
    _log.error(
        "fault in a request", exc_info=error, extra={"action": "request_fault", "error_id": number}
    )
    body = {**_generic("internal_server_error"), "error_report_id": number}
    content = with_string_ids(body) if wants_string_ids(request) else body
    # The server drops the connection after a fault; a client should not send its next request there.
    return CanvasJson(content, status_code=500, headers={"Connection": "close"})
