"""The OpenAPI document: what routes say of themselves, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from rollbook.api.schemas import SCHEMAS, Schema, reference

_ERRORS: Mapping[int, tuple[str, str]] = {
    400: ("BadRequest", "The request cannot be taken."),
    401: ("Errors", "No token, one that opens nothing, or one without the scope."),
    403: ("Errors", "The token's user lacks the permission."),
    404: ("Errors", "There is no such thing."),
    413: ("Errors", "The request is too large."),
    503: ("Errors", "No data were loaded yet."),
}
_JSON = "application/json"
_ACCOUNT_FORMS = (
    r"^(self|default|[0-9]{1,19}|"
    r"(hex:)?(sis_account_id|sis_integration_id|lti_context_id|uuid):.+)$"
)
_PATH_FIELDS: Mapping[str, Schema] = {
    "account_id": {
        "type": "string",
        "anyOf": [{"enum": ["self", "default"]}, {"pattern": _ACCOUNT_FORMS}],
        "description": "An id, `self`, `default`, `sis_account_id:X`, ... (also in hex).",
    },
    "run_id": {"type": "string", "pattern": "^[0-9]{1,19}$", "description": "The run's `id`."},
    "file_id": {"type": "string", "pattern": "^[0-9]{1,19}$", "description": "The file's `id`."},
    "term_id": {
        "type": "string",
        "minLength": 1,
        "description": "An id, `sis_term_id:X`, `default`, `current`, ...",
    },
    "report": {"type": "string", "minLength": 1, "description": "The key of a report type."},
}
_AS_USER: Schema = {
    "name": "as_user_id",
    "in": "query",
    "schema": {"type": "string"},
    "description": "A user to act as, in any id form.",
}
_TOKENS: list[dict[str, list[str]]] = [{"token": []}, {"access_token": []}]


_TEXT_HEADER = {"required": True, "schema": {"type": "string"}}
BYTES = {
    kind: {"schema": {"type": "string", "format": "binary"}}
    for kind in ("text/csv", "application/zip")
}
"""The content of a report file."""


def answers(
    schema: Schema,
    *also: int,
    text: str = "Done.",
    paged: bool = False,
    links: Mapping[str, Any] | None = None,
    retried: bool = False,
) -> dict[int | str, Any]:
    """What a call gives: JSON of a schema, or one of the errors that any call may give.

    Args:
        schema: of the body.
        also: further error statuses.
        text: what the body is.
        paged: whether it is one page of a list.
        links: what can be called next.
        retried: whether it says when to ask again.
    """
    found: dict[str, Any] = {"description": text, "content": {_JSON: {"schema": schema}}}
    if paged:
        found["headers"] = {"Link": _TEXT_HEADER}
    if retried:
        found["headers"] = {
            "Retry-After": {
                "description": "Seconds, while the run has not ended.",
                "schema": {"type": "string", "pattern": "^[0-9]+$"},
            }
        }
    if links:
        found["links"] = links
    return {200: found, **errors(400, 401, 403, 404, 503, *also)}


def links_to_run() -> dict[str, Any]:
    """What can be called with a run that was just started."""
    same = {name: f"$request.path.{name}" for name in ("account_id", "report")}
    parameters = {**same, "run_id": "$response.body#/id"}
    return {
        name: {"operationId": name, "parameters": parameters}
        for name in ("show_run", "show_manifest", "abort_run", "delete_run")
    }


def errors(*statuses: int) -> dict[int | str, Any]:
    """The answers of some error statuses."""
    return {
        status: {
            "description": _ERRORS[status][1],
            "content": {_JSON: {"schema": reference(_ERRORS[status][0])}},
        }
        for status in statuses
    }


def query(name: str, description: str, **schema: Any) -> Schema:
    """A parameter of the query string."""
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "string", **schema},
    }


PAGES = (
    query("page", "From 1.", pattern="^(0*[1-9][0-9]{0,8})?$"),
    query("per_page", "1 to 100, by default 10."),
)

WAIT = query("wait", "Seconds to wait for another `status` before answering, at most 60.")


def includes(*names: str) -> Schema:
    """The parameter `include[]`."""
    return {
        "name": "include[]",
        "in": "query",
        "description": f"What else to show: {', '.join(f'`{name}`' for name in names)}.",
        "schema": {"type": "array", "items": {"type": "string"}},
        "style": "form",
        "explode": True,
    }


def extra(*parameters: Schema, body: str | None = None, form: str = "") -> dict[str, Any]:
    """What a route takes beside its path.

    Args:
        parameters: of the query string.
        body: the schema of a JSON body; None where there is none.
        form: the schema of the same as a form.
    """
    found: dict[str, Any] = {"parameters": [*parameters, _AS_USER]}
    if body:
        kinds = {
            _JSON: body,
            "application/x-www-form-urlencoded": form,
            "multipart/form-data": form,
        }
        content = {kind: {"schema": reference(schema)} for kind, schema in kinds.items()}
        found["requestBody"] = {"required": False, "content": content}
    return found


def route_name(route: APIRoute) -> str:
    """The operation's id."""
    return route.name


def document(app: FastAPI, reports: Sequence[str]) -> dict[str, Any]:
    """The OpenAPI document of an app.

    Args:
        app: all its routes say what they take and give.
        reports: the keys of the report types that can be started.
    """
    found = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
    )
    found["components"] = {
        "schemas": SCHEMAS,
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer"},
            "access_token": {"type": "apiKey", "in": "query", "name": "access_token"},
            "verifier": {"type": "apiKey", "in": "query", "name": "verifier"},
        },
    }
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            # Texts are taken as they are; nothing fails to be of its type.
            operation["responses"].pop("422", None)
            operation.setdefault(
                "security", _TOKENS if "/accounts" in path or "/v1/" in path else []
            )
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["schema"] = _PATH_FIELDS[parameter["name"]]
                    if parameter["name"] == "report" and method == "post":
                        parameter["schema"] = {"type": "string", "enum": list(reports)}
    return found
