"""The shapes of requests and answers, as the OpenAPI document states them (api.md)."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "integer"}
_TRUTH: Schema = {"type": "boolean"}
_TIME: Schema = {"type": "string", "format": "date-time"}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _thing(required: Schema, **optional: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
    }


def list_of(name: str) -> Schema:
    """An array of a named schema."""
    return {"type": "array", "items": reference(name)}


def reference(name: str) -> Schema:
    """A named schema of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


_USER = _thing(
    {
        "id": _NUMBER,
        "anonymous_id": _TEXT,
        "display_name": _or_null(_TEXT),
        "avatar_image_url": _TEXT,
        "html_url": _TEXT,
        "pronouns": _or_null(_TEXT),
    }
)

SCHEMAS: dict[str, Schema] = {
    "File": _thing(
        {
            "id": _NUMBER,
            "uuid": {**_TEXT, "description": "The verifier in `url`; it expires."},
            "folder_id": _NUMBER,
            "display_name": _TEXT,
            "filename": _TEXT,
            "upload_status": {"const": "success"},
            "workflow_state": {"const": "processed"},
            "content-type": {"enum": ["text/csv", "application/zip"]},
            "url": {**_TEXT, "description": "Serves the bytes, without a token."},
            "size": _NUMBER,
            "created_at": _TIME,
            "updated_at": _TIME,
            "modified_at": _TIME,
            "unlock_at": {"type": "null"},
            "lock_at": {"type": "null"},
            "locked": _TRUTH,
            "hidden": _TRUTH,
            "hidden_for_user": _TRUTH,
            "locked_for_user": _TRUTH,
            "thumbnail_url": {"type": "null"},
            "mime_class": {"enum": ["file", "zip"]},
            "media_entry_id": {"type": "null"},
            "category": _TEXT,
        },
        user={"type": "object"},
        usage_rights={"type": "null"},
    ),
    "Run": _thing(
        {
            "id": _NUMBER,
            "parameters": {
                "type": "object",
                "description": "As they were sent; `locale` and `extra_text` join them.",
            },
            "progress": {**_NUMBER, "minimum": 0, "maximum": 100},
            "current_line": _or_null(_NUMBER),
            "status": {
                "enum": [
                    "created",
                    "running",
                    "compiling",
                    "complete",
                    "error",
                    "aborted",
                    "deleted",
                ]
            },
            "report": _TEXT,
            "created_at": _TIME,
            "started_at": _or_null(_TIME),
            "ended_at": _or_null(_TIME),
            "run_time": {"type": "number", "minimum": 0, "description": "Seconds."},
            "file_url": _or_null(_TEXT),
            "message": _or_null(_TEXT),
            "user": {"anyOf": [_USER, {"type": "object", "maxProperties": 0}]},
        },
        attachment={"$ref": "#/components/schemas/File"},
        queue={
            "anyOf": [_thing({"position": _NUMBER, "waiting": _NUMBER}), {"type": "null"}],
            "description": "Its place among the runs that have not begun; null once it has.",
        },
        estimate={
            "anyOf": [
                _thing(
                    {
                        "seconds_left": {"type": ["number", "null"]},
                        "typical_seconds": {"type": "number", "minimum": 0},
                        "runs": _NUMBER,
                    }
                ),
                {"type": "null"},
            ],
            "description": "How long it may work, as earlier runs did; null if none tells.",
        },
    ),
    "Manifest": _thing(
        {
            "report": _TEXT,
            "account_id": _NUMBER,
            "parameters": {"type": "object"},
            "data_as_of": {**_or_null(_TIME), "description": "Since when the data are so, in UTC."},
            "snapshot": {**_TEXT, "description": "The state of the data, as `lake:3`."},
            "written_at": _TIME,
            "rows": {**_NUMBER, "minimum": 0, "description": "Of all its CSVs, without headers."},
            "files": {"type": "object", "additionalProperties": _NUMBER},
            "size": _NUMBER,
            "sha256": {**_TEXT, "pattern": "^[0-9a-f]{64}$"},
            "warnings": {
                "type": "array",
                "items": _TEXT,
                "description": "What does not fit in the tables that the report reads.",
            },
        }
    ),
    "ReportType": _thing(
        {
            "title": _TEXT,
            "parameters": {
                "type": ["object", "null"],
                "additionalProperties": _thing({"required": _TRUTH, "description": _TEXT}),
            },
            "report": _TEXT,
            "last_run": {"anyOf": [{"$ref": "#/components/schemas/Run"}, {"type": "null"}]},
        },
        description_html=_TEXT,
        parameters_html=_TEXT,
        unavailable={**_TEXT, "description": "Why it cannot run on the present data."},
    ),
    "Account": _thing(
        {
            "id": _NUMBER,
            "name": _or_null(_TEXT),
            "workflow_state": _or_null(_TEXT),
            "parent_account_id": _or_null(_NUMBER),
            "root_account_id": _or_null(_NUMBER),
            "uuid": _or_null(_TEXT),
            "default_time_zone": _TEXT,
            "sis_account_id": _or_null(_TEXT),
            "integration_id": _or_null(_TEXT),
        }
    ),
    "Term": _thing(
        {
            "id": _NUMBER,
            "name": _or_null(_TEXT),
            "start_at": _or_null(_TIME),
            "end_at": _or_null(_TIME),
            "workflow_state": _or_null(_TEXT),
            "grading_period_group_id": _or_null(_NUMBER),
            "sis_term_id": _or_null(_TEXT),
        }
    ),
    "Terms": _thing({"enrollment_terms": {"type": "array", "items": reference("Term")}}),
    "Self": _thing(
        {
            "id": _NUMBER,
            "name": _or_null(_TEXT),
            "sortable_name": _or_null(_TEXT),
            "short_name": _or_null(_TEXT),
            "avatar_url": _or_null(_TEXT),
            "locale": _or_null(_TEXT),
            "effective_locale": _TEXT,
        }
    ),
    "PublicUrl": _thing({"public_url": _TEXT}),
    "Errors": _thing(
        {
            "errors": {
                "description": "A text where a user cannot be acted as, else a list.",
                "anyOf": [{"type": "array", "items": _thing({"message": _TEXT})}, _TEXT],
            }
        },
        status=_TEXT,
    ),
    "BadRequest": {
        "anyOf": [reference("Errors"), _thing({"error": _TEXT})],
        "description": "`error` names a term that does not exist.",
    },
    "Start": {
        "properties": {
            "parameters": {
                "anyOf": [{"type": "object"}, {"type": "null"}, {"const": ""}],
                "description": "The report's parameters; `as_of`, a snapshot's number or a time, "
                "runs any on earlier data. Unknown ones are kept and shown.",
                "examples": [{"users": True, "courses": True}],
            }
        }
    },
    "StartForm": {
        "type": "object",
        "properties": {"parameters[users]": {**_TEXT, "examples": ["true"]}},
        "patternProperties": {r"^parameters\[\w+\](\[\])?$": _TEXT},
        "description": "Each parameter in brackets, as `parameters[users]=true`.",
    },
}
