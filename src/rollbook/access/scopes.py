"""Scopes: which calls a token may make, in Canvas's form (api.md, section 1, "OAuth scopes")."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rollbook.errors import BadParameter

_ACCOUNT = "/api/v1/accounts/:account_id"
_FILES = "/api/v1/files/:id"

SCOPES = (
    f"url:GET|{_ACCOUNT}/reports",
    f"url:GET|{_ACCOUNT}/reports/:report",
    f"url:POST|{_ACCOUNT}/reports/:report",
    f"url:GET|{_ACCOUNT}/reports/:report/:id",
    f"url:DELETE|{_ACCOUNT}/reports/:report/:id",
    f"url:PUT|{_ACCOUNT}/reports/:report/:id/abort",
    f"url:GET|{_FILES}",
    f"url:DELETE|{_FILES}",
    f"url:GET|{_FILES}/public_url",
    f"url:GET|{_ACCOUNT}/files/:id",
    "url:GET|/api/v1/accounts",
    "url:GET|/api/v1/accounts/:id",
    f"url:GET|{_ACCOUNT}/sub_accounts",
    f"url:GET|{_ACCOUNT}/terms",
    f"url:GET|{_ACCOUNT}/terms/:id",
    "url:GET|/api/v1/users/:id",
)
"""Every scope there is."""

_BY_ANOTHER_NAME = {
    "/api/v1/accounts/:account_id": "/api/v1/accounts/:id",
    "/api/v1/users/self": "/api/v1/users/:id",
    # Not of Canvas: whoever may see a run may see what its file holds.
    f"{_ACCOUNT}/reports/:report/:id/manifest": f"{_ACCOUNT}/reports/:report/:id",
    # Not of the API; who may ask for the file in words may have its bytes.
    "/files/:id/download": _FILES,
    "/accounts/:account_id/files/:id/download": _FILES,
}
_FIELD = re.compile(r"\{(?:(?:run|file|term)_(id)|(\w+))\}")


def scope_of(method: str, path: str) -> str:
    """The scope that a call needs; HEAD counts as GET.

    Args:
        method: the HTTP method.
        path: the route's path, as `/api/v1/files/{file_id}`.
    """
    named = _FIELD.sub(lambda field: f":{field[1] or field[2]}", path)
    verb = "GET" if method == "HEAD" else method
    return f"url:{verb}|{_BY_ANOTHER_NAME.get(named, named)}"


def check_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """The scopes, each once.

    Raises:
        BadParameter: one of them does not exist.
    """
    chosen = tuple(dict.fromkeys(scopes))
    for scope in chosen:
        if scope not in SCOPES:
            raise BadParameter(f"There is no scope {scope!r}. There are: {', '.join(SCOPES)}.")
    return chosen
