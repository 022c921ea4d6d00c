"""Report files: what they are, and their bytes (api.md, section 8)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from rollbook.access.callers import may_read_reports
from rollbook.api.call import ApiCall, Call
from rollbook.api.parameters import as_list
from rollbook.api.paths import ACCOUNT, FILE
from rollbook.api.views import download_url, file_as_json, user_as_json
from rollbook.errors import FileNotFound, NotPermitted
from rollbook.runs.model import ReportFile

_OF_ACCOUNT = f"/accounts/{{account_id:segment}}{FILE}/download"

router = APIRouter(tags=["files"])


@router.get(f"/api/v1{FILE}")
def show_file(call: ApiCall, file_id: str) -> Response:
    """What is known of a file."""
    return call.answer(_shown(call, _readable_file(call, file_id)))


@router.get(ACCOUNT + FILE)
def show_file_of_account(call: ApiCall, account_id: str, file_id: str) -> Response:
    """What is known of a file of an account."""
    return call.answer(_shown(call, _readable_file(call, file_id, account_id)))


@router.get(f"/api/v1{FILE}/public_url")
def show_public_url(call: ApiCall, file_id: str) -> Response:
    """An address that serves whoever knows it."""
    return call.answer({"public_url": download_url(call, _readable_file(call, file_id))})


@router.head(f"{FILE}/download", include_in_schema=False)
@router.get(f"{FILE}/download")
def download(call: ApiCall, file_id: str) -> Response:
    """The bytes, for who knows the verifier or may read the file."""
    return _bytes_of(call, _known_file(call, file_id) or _readable_file(call, file_id))


@router.head(_OF_ACCOUNT, include_in_schema=False)
@router.get(_OF_ACCOUNT)
def download_of_account(call: ApiCall, account_id: str, file_id: str) -> Response:
    """As `download`, for a file of the account."""
    file = _known_file(call, file_id, account_id) or _readable_file(call, file_id, account_id)
    return _bytes_of(call, file)


def _shown(call: Call, file: ReportFile) -> dict[str, Any]:
    shown = file_as_json(call, file)
    include = as_list(call.parameters.get("include"))
    if "user" in include:
        user = call.institution.user(file.user_id)
        shown["user"] = user_as_json(call, user) if user else {}
    if "usage_rights" in include:
        shown["usage_rights"] = None
    return shown


def _bytes_of(call: Call, file: ReportFile) -> Response:
    # A file never changes. Its uuid opens it, so only a digest of that may name its state.
    etag = f'"{hashlib.sha256(file.uuid.encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=86400"}
    if etag in call.request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return FileResponse(
        call.services.files.path(file.location),
        headers=headers,
        media_type=file.content_type,
        filename=file.filename,
    )


def _known_file(call: Call, file_id: str, account_id: str | None = None) -> ReportFile | None:
    """The file, if the request holds its verifier."""
    verifier = call.parameters.get("verifier")
    if not isinstance(verifier, str):
        return None
    file = _find(call, file_id, account_id)
    known = file and hmac.compare_digest(verifier.encode(), file.uuid.encode())
    return file if known else None


def _readable_file(call: Call, file_id: str, account_id: str | None = None) -> ReportFile:
    """The file, if the caller administers its account or ran the report."""
    caller = call.caller
    file = _find(call, file_id, account_id)
    if file is None:
        raise FileNotFound("There is no such report file.")
    account = call.institution.accounts.accounts.get(file.account_id)
    is_own = caller.user_id is not None and caller.user_id == file.user_id
    may = account is not None and may_read_reports(call.institution, caller, account)
    if not (is_own or may):
        raise NotPermitted("user not authorized to perform that action")
    return file


def _find(call: Call, file_id: str, account_id: str | None) -> ReportFile | None:
    if not (file_id.isascii() and file_id.isdigit() and len(file_id) < 19):
        return None
    file = call.services.runs.file(int(file_id))
    if file is None or account_id is None:
        return file
    account = call.institution.accounts.find(account_id)
    return file if file.account_id == account.id else None
