"""The parameters of a request, wherever a client put them (api.md, section 2)."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode

from qs_codec import DecodeOptions, Duplicates, decode
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from rollbook.errors import BadParameter, RequestTooLarge, UnreadableRequest

MOST_BYTES = 1_000_000
_MOST_DISCARDED = 20_000_000
"""So much more is read of a request that is too large: clients look at an answer only then."""
_MOST_PARAMETERS = 2_000
_DEEPEST = 20
_NESTED = DecodeOptions(
    duplicates=Duplicates.LAST,
    list_limit=_MOST_PARAMETERS,
    parameter_limit=_MOST_PARAMETERS,
    depth=_DEEPEST,
    strict_depth=True,
    raise_on_limit_exceeded=True,
)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FORM = "application/x-www-form-urlencoded"


async def read_parameters(request: Request) -> dict[str, Any]:
    """Body and query string in one; the query string wins.

    Raises:
        UnreadableRequest, BadParameter, RequestTooLarge: they cannot be taken.
    """
    body = await _read_body(request)
    return {**body, **parse_nested(request.url.query)}


def parse_nested(text: str) -> dict[str, Any]:
    """`parameters[a][]=b` as nested objects and lists; values stay text.

    Raises:
        BadParameter: escapes are broken, or it is too much or too deep.
    """
    if not text:
        return {}
    check_escapes(text)
    if text.count("&") >= _MOST_PARAMETERS:
        raise BadParameter(f"A request has at most {_MOST_PARAMETERS:,} parameters.")
    try:
        parsed: dict[str, Any] = decode(text, _NESTED)
    except (IndexError, ValueError) as error:
        raise BadParameter(
            f"Parameters are nested at most {_DEEPEST} deep, and lists have at most "
            f"{_MOST_PARAMETERS:,} items."
        ) from error
    return parsed


def check_escapes(text: str) -> None:
    """Refuse what is no percent-encoded UTF-8 text, or holds a NUL, which no database keeps.

    Raises:
        BadParameter: it is refused.
    """
    try:
        plain = unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise BadParameter("The request has text that is not UTF-8.") from error
    if _BROKEN_ESCAPE.search(text):
        raise BadParameter("The request has a `%` that no two hex digits follow.")
    if "\0" in plain:
        raise BadParameter("The request has a NUL character.")


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
    headers = request.headers
    if not {"content-length", "transfer-encoding"} & set(headers):
        return {}
    content = await _content(request)
    kind = headers.get("content-type", _FORM).partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return parse_nested(urlencode(await _multipart(request, content)))
    if kind == "application/json" or kind.endswith("+json"):
        return parse_json(content)
    if kind == _FORM:
        return parse_nested(_text(content))
    return {}


async def _content(request: Request) -> bytes:
    pieces, size = list[bytes](), 0
    async for piece in request.stream():
        size += len(piece)
        if size <= MOST_BYTES:
            pieces.append(piece)
        elif size > MOST_BYTES + _MOST_DISCARDED:
            break
    if size > MOST_BYTES:
        raise RequestTooLarge(f"A request has at most {MOST_BYTES:,} bytes.")
    return b"".join(pieces)


async def _multipart(request: Request, content: bytes) -> list[tuple[str, str]]:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield content

    parser = MultiPartParser(
        request.headers,
        pieces(),
        max_files=10,
        max_fields=_MOST_PARAMETERS,
        max_part_size=MOST_BYTES,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise BadParameter(f"The multipart body cannot be taken: {error.message}") from error
    try:
        return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    finally:
        await form.close()


def parse_json(content: bytes) -> dict[str, Any]:
    """A JSON body; empty where it is no object.

    Raises:
        UnreadableRequest: it is not JSON, or holds what no JSON can say.
        BadParameter: it is too much or too deep, or holds a NUL.
    """
    if not content.strip():
        return {}
    try:
        parsed = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise UnreadableRequest("The JSON body cannot be parsed.") from error
    _check_json(parsed)
    try:
        # Half of a surrogate pair can be written with \\u, and 1e999 as a number, but not sent
        # again.
        json.dumps(parsed, ensure_ascii=False, allow_nan=False).encode()
    except ValueError as error:
        raise UnreadableRequest("The JSON body cannot be parsed.") from error
    return parsed if isinstance(parsed, dict) else {}


def _check_json(parsed: Any) -> None:
    number, level = 0, [parsed]
    for _ in range(_DEEPEST + 1):
        number += len(level)
        if number > 2 * _MOST_PARAMETERS:  # Names and values.
            raise BadParameter(f"A request has at most {_MOST_PARAMETERS:,} parameters.")
        for value in level:
            if isinstance(value, str) and "\0" in value:
                raise BadParameter("The request has a NUL character.")
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return
    raise BadParameter(f"Parameters are nested at most {_DEEPEST} deep.")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BadParameter("The request has text that is not UTF-8.") from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
