"""JSON as Canvas sends it (api.md, 11.1 and 11.3)."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
STRING_IDS = "application/json+canvas-string-ids"


class CanvasJson(Response):
    """UTF-8 JSON; the media type names the charset, as clients compare it."""

    media_type = "application/json; charset=utf-8"

    def render(self, content: Any) -> bytes:
        return _encode(content).encode()


def wants_string_ids(request: Request) -> bool:
    return STRING_IDS in request.headers.get("accept", "")


def with_string_ids(content: Any) -> Any:
    """Every integer under a key that names an id, as text; also deep inside."""
    if isinstance(content, list):
        return [with_string_ids(item) for item in content]
    if not isinstance(content, dict):
        return content
    return {key: _value(key, value) for key, value in content.items()}


def _value(key: str, value: Any) -> Any:
    if (key == "id" or key.endswith("_id")) and _is_integer(value):
        return str(value)
    if (key == "ids" or key.endswith("_ids")) and isinstance(value, list):
        return [str(item) if _is_integer(item) else with_string_ids(item) for item in value]
    return with_string_ids(value)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
