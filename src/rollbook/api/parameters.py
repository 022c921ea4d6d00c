"""The parameters of a request, wherever a client put them (api.md, section 2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from qs_codec import DecodeOptions, Duplicates, decode
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from rollbook.errors import BadParameter, UnreadableRequest

MOST_BYTES = 1_000_000
_MOST_PARAMETERS = 2_000
_NESTED = DecodeOptions(
    duplicates=Duplicates.LAST,
    list_limit=_MOST_PARAMETERS,
    parameter_limit=_MOST_PARAMETERS,
    depth=5,
    raise_on_limit_exceeded=True,
)


async def read_parameters(request: Request) -> dict[str, Any]:
    """Body and query string in one; the query string wins.

    Raises:
        UnreadableRequest: they cannot be parsed.
    """
    body = await _read_body(request)
    return {**body, **parse_nested(request.url.query)}


def parse_nested(text: str) -> dict[str, Any]:
    """`parameters[a][]=b` as nested objects and lists; values stay text."""
    try:
        parsed: dict[str, Any] = decode(text, _NESTED) if text else {}
    except (IndexError, ValueError) as error:
        raise UnreadableRequest(f"The parameters cannot be read: {error}") from error
    return parsed


def report_parameters(parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """What was sent as `parameters`; None where nothing was.

    Raises:
        BadParameter: it is not an object.
    """
    given = parameters.get("parameters")
    if given is None or given == "":
        return None
    if not isinstance(given, dict):
        raise BadParameter("parameters must be an object")
    return given


def as_list(value: Any) -> list[str]:
    """A list parameter: one value counts as a list of it."""
    if value is None:
        return []
    return [str(item) for item in (value if isinstance(value, list) else [value])]


async def _read_body(request: Request) -> dict[str, Any]:
    if request.method == "GET" and "content-length" not in request.headers:
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return parse_nested(urlencode(await _multipart(request)))
    content = await _content(request)
    if kind == "application/json" or kind.endswith("+json"):
        return parse_json(content)
    if kind == "application/x-www-form-urlencoded":
        return parse_nested(content.decode("utf-8", "replace"))
    return {}


async def _content(request: Request) -> bytes:
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > MOST_BYTES:
            raise UnreadableRequest(f"A request has at most {MOST_BYTES} bytes.")
    return content


async def _multipart(request: Request) -> list[tuple[str, str]]:
    # Starlette limits fields and files by itself; this limits them all together.
    if int(request.headers.get("content-length", "0")) > MOST_BYTES:
        raise UnreadableRequest(f"A request has at most {MOST_BYTES} bytes.")
    try:
        async with request.form(
            max_fields=_MOST_PARAMETERS, max_files=10, max_part_size=MOST_BYTES
        ) as form:
            return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    except (MultiPartException, HTTPException) as error:
        raise UnreadableRequest("The multipart body cannot be parsed.") from error


def parse_json(content: bytes) -> dict[str, Any]:
    """A JSON body; empty where it is no object.

    Raises:
        UnreadableRequest: it is not JSON, or holds what no JSON can say.
    """
    if not content.strip():
        return {}
    try:
        parsed = json.loads(content, parse_constant=_refuse)
        # Half of a surrogate pair can be written with \\u, but not stored or sent again.
        json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise UnreadableRequest("The JSON body cannot be parsed.") from error
    return parsed if isinstance(parsed, dict) else {}


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
