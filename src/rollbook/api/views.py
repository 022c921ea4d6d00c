"""JSON of runs, report types and files, one function an object (api.md, sections 5, 6, 7.1)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from rollbook.access.institution import User
from rollbook.api.call import Call
from rollbook.api.forms import description_html, parameters_html
from rollbook.canvas.accounts import Account
from rollbook.canvas.zones import iso_seconds, zone_of
from rollbook.reports.report import Report
from rollbook.runs.model import ReportFile, Run

_UTC = zone_of("UTC")
_MIME_CLASSES = {"text/csv": "file", "application/zip": "zip"}
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def run_as_json(call: Call, run: Run) -> dict[str, Any]:
    """The Report object; without `attachment` while there is no file."""
    user = call.institution.user(run.user_id)
    shown = {
        "id": run.id,
        "parameters": dict(run.parameters),
        "progress": run.progress,
        "current_line": run.current_line,
        "status": str(run.status),
        "report": run.report,
        "created_at": _time(call, run.created_at),
        "started_at": _time(call, run.started_at),
        "ended_at": _time(call, run.ended_at),
        "run_time": run.seconds(call.now),
        "file_url": file_url(call, run.file) if run.file else None,
        "message": run.message,
        "user": user_as_json(call, user) if user else {},
    }
    if run.file:
        shown["attachment"] = file_as_json(call, run.file)
    # Only where they are asked for: Canvas has no such keys.
    if "queue" in call.include:
        place = call.services.runs.queue_place(run)
        shown["queue"] = place and asdict(place)
    if "estimate" in call.include:
        estimate = call.services.runs.estimate(run)
        shown["estimate"] = estimate and asdict(estimate)
    return shown


def report_as_json(
    call: Call, account: Account, report: Report, last_run: Run | None
) -> dict[str, Any]:
    """A report type in the list."""
    parameters = {
        parameter.name: {"required": parameter.required, "description": parameter.description}
        for parameter in report.parameters
    }
    shown: dict[str, Any] = {
        "title": report.title,
        "parameters": parameters or None,
        "report": report.key,
        "last_run": run_as_json(call, last_run) if last_run else None,
    }
    # Only where it cannot run: Canvas has no such key.
    if reason := call.institution.why_unavailable(report):
        shown["unavailable"] = reason
    if "description_html" in call.include:
        shown["description_html"] = description_html(report)
    # The documentation calls it params_html, Canvas itself parameters_html.
    if call.include & {"parameters_html", "params_html"} and report.parameters:
        terms = call.institution.terms(call.institution.accounts.root_of(account))
        shown["parameters_html"] = parameters_html(report, account, terms)
    return shown


def file_as_json(call: Call, file: ReportFile) -> dict[str, Any]:
    """The File object; its times are in UTC for everybody."""
    created_at = _iso_seconds(file.created_at, _UTC)
    verifier = call.verifier(file)
    return {
        "id": file.id,
        "uuid": verifier,
        "folder_id": file.account_id,
        "display_name": file.filename,
        "filename": file.filename,
        "upload_status": "success",
        "workflow_state": "processed",
        "content-type": file.content_type,
        "url": _download_url(call, file, verifier),
        "size": file.size,
        "created_at": created_at,
        "updated_at": created_at,
        "unlock_at": None,
        "locked": False,
        "hidden": False,
        "lock_at": None,
        "hidden_for_user": False,
        "thumbnail_url": None,
        "modified_at": created_at,
        "mime_class": _MIME_CLASSES.get(file.content_type, "file"),
        "media_entry_id": None,
        "category": "uncategorized",
        "locked_for_user": False,
    }


def user_as_json(call: Call, user: User) -> dict[str, Any]:
    """A user as runs and files show one."""
    return {
        "id": user.id,
        "anonymous_id": _in_base_36(user.id),
        "display_name": user.short_name,
        "avatar_image_url": avatar_url(call, user),
        "html_url": f"{call.base_url}/users/{user.id}",
        "pronouns": user.pronouns,
    }


def avatar_url(call: Call, user: User) -> str:
    return user.avatar_image_url or f"{call.base_url}/images/messages/avatar-50.png"


def file_url(call: Call, file: ReportFile) -> str:
    """The address for people who are logged in; clients cut the file's id out of it."""
    return f"{call.base_url}/accounts/{file.account_id}/files/{file.id}/download"


def download_url(call: Call, file: ReportFile) -> str:
    """The address that serves whoever knows it."""
    return _download_url(call, file, call.verifier(file))


def _download_url(call: Call, file: ReportFile, verifier: str) -> str:
    return f"{call.base_url}/files/{file.id}/download?download_frd=1&verifier={verifier}"


def _time(call: Call, moment: datetime | None) -> str | None:
    return None if moment is None else _iso_seconds(moment, call.zone)


# Of moments in UTC alone: of other zones, two that a change of the clocks sets apart count as equal.
@lru_cache(maxsize=10_000)
def _iso_seconds(moment: datetime, zone: ZoneInfo) -> str:
    return iso_seconds(moment, zone)


def _in_base_36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
