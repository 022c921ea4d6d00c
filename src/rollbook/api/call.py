"""One request: what it asks, who asks, and how the answer should look."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends
from prometheus_client import CollectorRegistry
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rollbook.access.callers import (
    Caller,
    recognise,
    require_read_reports,
    require_report,
    require_scope,
)
from rollbook.access.institution import Institution, Institutions
from rollbook.access.links import make_verifier
from rollbook.access.scopes import scope_of
from rollbook.access.tokens import TokenStore
from rollbook.api.answers import CanvasJson, wants_string_ids, with_string_ids
from rollbook.api.parameters import as_list, read_parameters
from rollbook.audit import Actor, AuditLog
from rollbook.canvas.accounts import Account
from rollbook.canvas.zones import zone_of
from rollbook.config import Settings
from rollbook.output.files import FileStore
from rollbook.runs.model import ReportFile
from rollbook.runs.recovery import Heartbeats
from rollbook.runs.service import RunService
from rollbook.runs.waiting import StateChanges
from rollbook.state.memory import Memory

_MARGIN = timedelta(seconds=5)
_HOST = re.compile(r"[A-Za-z0-9.\-_]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


@dataclass(frozen=True, kw_only=True)
class Services:
    """What all requests share."""

    settings: Settings
    runs: RunService
    files: FileStore
    tokens: TokenStore
    institutions: Institutions
    heartbeats: Heartbeats
    audit: AuditLog
    changes: StateChanges
    memory: Memory
    metrics: CollectorRegistry
    clock: Callable[[], datetime]
    """Tells the present, aware."""


class Call:
    """A request and what it stands on; made before any route looks at it."""

    def __init__(self, request: Request, parameters: Mapping[str, Any]) -> None:
        self.request = request
        self.parameters = parameters
        self.services: Services = request.app.state.services
        self.now = self.services.clock()

    @cached_property
    def institution(self) -> Institution:
        """The data as they were when the request began."""
        return self.services.institutions.current()

    @cached_property
    def caller(self) -> Caller:
        """Who asks.

        Raises:
            AccessDenied: nobody who may make this call.
        """
        as_user = self.parameters.get("as_user_id")
        caller = recognise(
            self.services.tokens, self.institution, self._token(), str(as_user) if as_user else None
        )
        require_scope(
            caller, scope_of(self.request.method, self.request.scope["route"].path_format)
        )
        return caller

    @property
    def actor(self) -> Actor:
        """Who asks, as the audit log names them."""
        caller = self.caller
        as_user_id = caller.user_id if caller.user_id != caller.token.user_id else None
        return Actor(
            token_id=caller.token.id,
            user_id=caller.token.user_id,
            as_user_id=as_user_id,
            address=self.address,
        )

    @property
    def address(self) -> str | None:
        """The network address that the request came from."""
        return self.request.client.host if self.request.client else None

    @cached_property
    def include(self) -> frozenset[str]:
        """What else the answer should hold; nothing where the token's scopes leave that out."""
        token = self.caller.token
        if token.scopes and not token.allow_includes:
            return frozenset()
        return frozenset(as_list(self.parameters.get("include")))

    def account(self, account_id: str, report: str | None = None) -> Account:
        """The account that the path names, if the caller may read reports of it.

        Args:
            account_id: any id form.
            report: the report type that it is about.

        Raises:
            AccessDenied, UnknownAccount: the caller may not, or it does not exist.
        """
        caller = self.caller
        account = self.institution.accounts.find(account_id)
        require_read_reports(self.institution, caller, account)
        if report is not None:
            require_report(caller, report)
        return account

    def verifier(self, file: ReportFile) -> str:
        """What opens a file for whoever the caller hands it to (api.md, 8.3)."""
        lifetime = timedelta(hours=self.services.settings.link_hours)
        return make_verifier(file, self.caller.token.id, self.now, lifetime)

    @property
    def locale(self) -> str:
        """The language of the user who asks."""
        user = self.caller.user
        return str((user and user.locale) or "en")

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which the caller reads times."""
        if self.services.settings.times_in_utc:
            return zone_of("UTC")
        return self.institution.zone(self.caller.user)

    @cached_property
    def base_url(self) -> str:
        """Scheme and host as the client wrote them (api.md, section 10)."""
        headers = self.request.headers
        scheme = headers.get("x-forwarded-proto", "").partition(",")[0].strip()
        host = headers.get("x-forwarded-host", headers.get("host", "")).partition(",")[0].strip()
        if scheme not in ("http", "https"):
            scheme = self.request.url.scheme
        if not _HOST.fullmatch(host):
            host = f"{self.services.settings.host}:{self.services.settings.port}"
        return f"{scheme}://{host}"

    def answer(
        self, content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Content as Canvas sends it."""
        if wants_string_ids(self.request):
            content = with_string_ids(content)
        return CanvasJson(content, status_code=status, headers=headers)

    async def answer_by(self, make: Callable[[], Response]) -> Response:
        """What `make` gives, made here if an equal request was answered before, else in a thread.

        All that an equal request read is remembered, and to hand one to a thread and back takes as
        long as to answer it. Where it is made changes nothing of what it checks and reads.
        """
        scope, institutions = self.request.scope, self.services.institutions
        token = self.request.headers.get("authorization")
        request = hash((scope["raw_path"], scope["query_string"], token))
        memory = self.services.memory
        until: datetime | None = memory.at_hand(("answered", request, institutions.state))
        if until is not None and datetime.now(UTC) < until and institutions.is_at_hand():
            return make()

        def make_and_note() -> Response:
            answer = make()
            # To note the use of a token is to write, which may have to wait for other writers.
            until = self.caller.token.use_noted_until - _MARGIN
            memory.get(("answered", request, institutions.state), lambda: until)
            return answer

        return await run_in_threadpool(make_and_note)

    def _token(self) -> str | None:
        scheme, _, token = self.request.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer" and token:
            return token
        given = self.parameters.get("access_token")
        return given if isinstance(given, str) else None


async def _make_call(
    request: Request, parameters: Annotated[dict[str, Any], Depends(read_parameters)]
) -> Call:
    return Call(request, parameters)


ApiCall = Annotated[Call, Depends(_make_call)]
"""The parameter by which a route gets its call."""
