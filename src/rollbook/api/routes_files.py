"""Report files: what they are, and their bytes (api.md, section 8)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from rollbook.access.callers import living_token, require_file
from rollbook.access.links import read_verifier
from rollbook.api.call import ApiCall, Call
from rollbook.api.downloads import send_file
from rollbook.api.openapi import BYTES, answers, errors, extra, includes, query
from rollbook.api.paths import ACCOUNT, FILE
from rollbook.api.schemas import reference
from rollbook.api.views import download_url, file_as_json, user_as_json
from rollbook.audit import Actor, Event
from rollbook.errors import FileNotFound
from rollbook.runs.model import ReportFile, Run, record_of

_OF_ACCOUNT = f"/accounts/{{account_id:segment}}{FILE}/download"

router = APIRouter(tags=["files"])

_FILE = reference("File")
_INCLUDES = extra(includes("user", "usage_rights"))
_BYTES = {
    200: {"description": "The bytes.", "content": BYTES},
    206: {"description": "Those that `Range` asks for.", "content": BYTES},
    304: {"description": "They are those of `If-None-Match`."},
    416: {"description": "The file has no such range."},
    **errors(400, 401, 403, 404, 503),
}
_DOWNLOAD = {
    **extra(query("download_frd", "Canvas sends 1; it changes nothing.")),
    "security": [{"verifier": []}, {"token": []}, {"access_token": []}],
}


@router.get(f"/api/v1{FILE}", responses=answers(_FILE), openapi_extra=_INCLUDES)
def show_file(call: ApiCall, file_id: str) -> Response:
    """What is known of a file."""
    return call.answer(_shown(call, _file_of(_readable(call, file_id))))


@router.delete(f"/api/v1{FILE}", responses=answers(_FILE, 413), openapi_extra=extra())
def delete_file(call: ApiCall, file_id: str) -> Response:
    """Delete a file for good; every link to it is dead, its run stays."""
    run = _readable(call, file_id)
    shown = _shown(call, _file_of(run))
    call.services.runs.delete_file(run, call.services.files, actor=call.actor)
    return call.answer(shown)


@router.get(ACCOUNT + FILE, responses=answers(_FILE), openapi_extra=_INCLUDES)
def show_file_of_account(call: ApiCall, account_id: str, file_id: str) -> Response:
    """What is known of a file of an account."""
    return call.answer(_shown(call, _file_of(_readable(call, file_id, account_id))))


@router.get(
    f"/api/v1{FILE}/public_url",
    responses=answers(reference("PublicUrl")),
    openapi_extra=extra(),
)
def show_public_url(call: ApiCall, file_id: str) -> Response:
    """An address that serves whoever knows it, for a time."""
    file = _file_of(_readable(call, file_id))
    return call.answer({"public_url": download_url(call, file)})


@router.head(f"{FILE}/download", include_in_schema=False)
@router.get(f"{FILE}/download", responses=_BYTES, openapi_extra=_DOWNLOAD)
def download(call: ApiCall, file_id: str) -> Response:
    """The bytes, for who has a verifier or may read the file."""
    return _bytes_of(call, file_id)


@router.head(_OF_ACCOUNT, include_in_schema=False)
@router.get(_OF_ACCOUNT, responses=_BYTES, openapi_extra=_DOWNLOAD)
def download_of_account(call: ApiCall, account_id: str, file_id: str) -> Response:
    """As `download`, for a file of the account."""
    return _bytes_of(call, file_id, account_id)


def _shown(call: Call, file: ReportFile) -> dict[str, Any]:
    shown = file_as_json(call, file)
    if "user" in call.include:
        user = call.institution.user(file.user_id)
        shown["user"] = user_as_json(call, user) if user else {}
    if "usage_rights" in call.include:
        shown["usage_rights"] = None
    return shown


def _bytes_of(call: Call, file_id: str, account_id: str | None = None) -> Response:
    opened = _by_link(call, file_id, account_id)
    run, actor = opened or (_readable(call, file_id, account_id), call.actor)
    file = _file_of(run)
    # A file never changes, and no other ever gets its id.
    etag = f'"{file.sha256 or file.id}"'
    headers = {"ETag": etag, "Cache-Control": _CACHING.get(file.content_type, "private, no-cache")}
    known = call.request.headers.get("if-none-match", "")
    if etag in known or known.strip() == "*":
        return Response(status_code=304, headers=headers)

    def record(sent: int) -> None:
        call.services.audit.add(record_of(run, Event.DOWNLOAD, actor, call.now, sent=sent))

    return send_file(call.request, call.services.files, file, headers=headers, before=record)


_CACHING = {"application/zip": "private, max-age=86400"}
"""As Canvas; for others it says nothing, and a link may be dead tomorrow."""


def _by_link(call: Call, file_id: str, account_id: str | None) -> tuple[Run, Actor] | None:
    """The run of the file and who has it, if the request holds a verifier that is good."""
    verifier = call.parameters.get("verifier")
    if not isinstance(verifier, str):
        return None
    try:
        run = _find(call, file_id, account_id)
    except FileNotFound:
        return None
    link = read_verifier(_file_of(run), verifier, call.now)
    token = link and living_token(call.services.tokens, call.institution, link.token_id)
    if not token:
        return None
    return run, Actor(token_id=token.id, user_id=token.user_id, address=call.address)


def _readable(call: Call, file_id: str, account_id: str | None = None) -> Run:
    """The run of the file, if the caller may read that."""
    caller = call.caller
    run = _find(call, file_id, account_id)
    require_file(call.institution, caller, _file_of(run), run.report)
    return run


def _find(call: Call, file_id: str, account_id: str | None) -> Run:
    account = None if account_id is None else call.institution.accounts.find(account_id)
    run = call.services.runs.run_of_file(file_id)
    if account is not None and run.account_id != account.id:
        raise FileNotFound("There is no such report file.")
    return run


def _file_of(run: Run) -> ReportFile:
    if run.file is None:
        raise FileNotFound("There is no such report file.")
    return run.file
