"""The routes of DAP, called with patience (data_sources.md, 2.9)."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

import rollbook
from rollbook.errors import (
    CredentialsRefused,
    JobExpired,
    SourceUnavailable,
    UnknownTable,
)
from rollbook.load.dap.answers import Addresses, Job, Problem, TableList, Token
from rollbook.load.dap.files import appearing
from rollbook.load.dap.service import DapService

NAMESPACE = "canvas"
_TIMEOUT_SECONDS = 60
_LONGEST_ASKED_PAUSE = 600
_PIECE_BYTES = 1024**2
_TOKEN_MARGIN_SECONDS = 60
_HTTPX_LOG = logging.getLogger("httpx")
_OUT_OF_REACH = frozenset({"SnapshotRequired", "OutOfRange"})

Answer = TypeVar("Answer", bound=BaseModel)
Given = ParamSpec("Given")
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How often and how soon is asked again; pauses are in seconds and double."""

    attempts: int = 10
    first_pause: float = 0.5
    longest_pause: float = 60
    first_poll: float = 0.25
    longest_poll: float = 5
    """Between questions for a job's status."""


class OutOfReach(Exception):
    """DAP has no changes since a moment, and says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _TryAgain(Exception):
    """An answer that another attempt may better."""

    def __init__(self, what: str, after: float | None = None) -> None:
        super().__init__(what)
        self.after = after
        """Seconds that the service asks to wait; None where it does not say."""


class _NotFound(Exception):
    """There is nothing at this path."""


class DapClient:
    """A session with DAP: an async context manager.

    Every call is tried again after answers that may be better the next time: too many calls (after
    the seconds that DAP asks to wait), errors of the server, broken connections.

    All calls raise:
        CredentialsRefused: DAP does not take the credentials, or they may not do this.
        SourceUnavailable: DAP cannot be reached, or answers with errors again and again.
    """

    def __init__(
        self,
        service: DapService,
        patience: Patience | None = None,
        on_pause: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """Prepare a session.

        Args:
            service: whom to ask.
            patience: how often to ask again.
            on_pause: told the seconds until a call is tried again.
        """
        self._service = service
        self._patience = patience or Patience()
        self._on_pause = on_pause
        agent = {"User-Agent": f"rollbook/{rollbook.__version__}"}
        self._api = httpx.AsyncClient(
            base_url=service.url, headers=agent, timeout=_TIMEOUT_SECONDS, verify=_certificates()
        )
        # Another client: the files lie elsewhere, and no token may travel there.
        self._storage = httpx.AsyncClient(
            headers=agent | {"Accept-Encoding": "identity"},
            timeout=_TIMEOUT_SECONDS,
            follow_redirects=True,
            verify=_certificates(),
        )
        self._token: Token | None = None
        self._token_ends = 0.0
        self._login = asyncio.Lock()
        self._starting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        _HTTPX_LOG.addFilter(_without_queries)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _HTTPX_LOG.removeFilter(_without_queries)
        await self._api.aclose()
        await self._storage.aclose()

    async def tables(self) -> tuple[str, ...]:
        """The names of all tables."""
        return (await self._call(TableList, "GET", f"/dap/query/{NAMESPACE}/table")).tables

    async def start_job(self, table: str, form: str, since: str | None) -> Job:
        """Ask for a table, or for what changed in it; the job may be over already.

        Args:
            table: its name.
            form: the form of the files: `jsonl`, `csv`, `tsv`, `parquet`.
            since: the moment from which on changes are asked for; None for the whole table.

        Raises:
            OutOfReach: the changes since then are no longer, or not yet, to be had.
            UnknownTable: there is no such table.
        """
        path = f"/dap/query/{NAMESPACE}/table/{quote(table, safe='')}/data"
        body = {"format": form} | ({"since": since} if since else {})
        try:
            # One at a time: few jobs may be started a minute, and who waits for that holds back
            # the others.
            async with self._starting:
                return await self._call(Job, "POST", path, body)
        except _NotFound as error:
            raise UnknownTable(f"{self._service.host} has no table {table!r}: {error}.") from error

    async def job(self, number: str) -> Job:
        """A job as it is now.

        Raises:
            JobExpired: DAP has forgotten it.
        """
        try:
            return await self._call(Job, "GET", f"/dap/job/{quote(number, safe='')}")
        except _NotFound as error:
            raise JobExpired(f"{self._service.host} no longer has the job {number}.") from error

    async def finished(self, job: Job) -> Job:
        """The job once it is over.

        Raises:
            JobExpired: DAP has forgotten it.
        """
        pause = self._patience.first_poll
        while not job.is_over:
            await asyncio.sleep(pause)
            pause = min(2 * pause, self._patience.longest_poll)
            job = await self.job(job.id)
        return job

    async def download(self, number: str, target: Path) -> None:
        """Stream an object into a file, which appears when it is whole.

        Raises:
            JobExpired: DAP has deleted the object.
            NotWritable: the file cannot be written.
        """
        try:
            await self._patiently(self._fetch, number, target)
        except _NotFound as error:
            raise JobExpired(f"{self._service.host} no longer has a file of a job.") from error

    async def _fetch(self, number: str, target: Path) -> None:
        # A new address for each attempt, as it is good for some minutes only.
        response = await self._send("POST", "/dap/object/url", [{"id": number}])
        address = self._read(Addresses, response).urls.get(number)
        if address is None:
            raise _NotFound
        async with self._storage.stream("GET", address.url) as file:
            if file.status_code == httpx.codes.NOT_FOUND:
                raise _NotFound
            if file.status_code != httpx.codes.OK:
                raise _TryAgain(f"answers {file.status_code} for a file")
            with appearing(target) as stream:
                async for piece in file.aiter_raw(_PIECE_BYTES):
                    stream.write(piece)
                stream.flush()
                await asyncio.to_thread(os.fsync, stream.fileno())

    async def _call(
        self, answer: type[Answer], method: str, path: str, body: object = None
    ) -> Answer:
        return self._read(answer, await self._patiently(self._send, method, path, body))

    async def _patiently(
        self, do: Callable[Given, Awaitable[Result]], *args: Given.args, **kwargs: Given.kwargs
    ) -> Result:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type((_TryAgain, httpx.RequestError)),
            stop=stop_after_attempt(self._patience.attempts),
            wait=self._pause,
            before_sleep=self._tell_pause,
            reraise=True,
        )
        try:
            return await retrying(do, *args, **kwargs)
        except (_TryAgain, httpx.RequestError, httpx.InvalidURL) as error:
            what = str(error) if isinstance(error, _TryAgain) else f"cannot be reached: {error!r}"
            raise SourceUnavailable(
                f"{self._service.host} {what}, and so it was {self._patience.attempts} times. Try "
                "again later; what was downloaded is kept."
            ) from error

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _TryAgain) and error.after is not None:
            return min(error.after, _LONGEST_ASKED_PAUSE)
        growing = wait_exponential_jitter(
            multiplier=self._patience.first_pause,
            max=self._patience.longest_pause,
            jitter=self._patience.first_pause,
        )
        return growing(state)

    def _tell_pause(self, state: RetryCallState) -> None:
        if state.next_action:
            self._on_pause(state.next_action.sleep)

    async def _send(self, method: str, path: str, body: object) -> httpx.Response:
        token, is_new = await self._valid_token()
        headers = {"Authorization": f"Bearer {token.access_token}"}
        response = await self._api.request(method, path, json=body, headers=headers)
        if response.status_code == httpx.codes.UNAUTHORIZED and not is_new:
            if self._token is token:
                self._token = None
            raise _TryAgain("no longer takes a token that it gave", after=0)
        return self._checked(response)

    async def _valid_token(self) -> tuple[Token, bool]:
        """A token, and whether it is new."""
        async with self._login:
            if self._token and time.monotonic() < self._token_ends:
                return self._token, False
            response = await self._api.post(
                "/ids/auth/login",
                data={"grant_type": "client_credentials"},
                auth=(self._service.client_id, self._service.client_secret),
            )
            if response.status_code in {httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND}:
                self._refuse_credentials(_problem(response))
            self._token = self._read(Token, self._checked(response))
            self._token_ends = time.monotonic() + self._token.expires_in - _TOKEN_MARGIN_SECONDS
            return self._token, True

    def _checked(self, response: httpx.Response) -> httpx.Response:
        status = response.status_code
        if status < httpx.codes.BAD_REQUEST:
            return response
        problem = _problem(response)
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise _TryAgain(f"answers {status} ({problem})", _retry_after(response))
        if problem.kind in _OUT_OF_REACH:
            raise OutOfReach(problem)
        if status == httpx.codes.NOT_FOUND:
            raise _NotFound(str(problem))
        if problem.kind == "AccountUnderMaintenance":
            raise SourceUnavailable(f"{self._service.host} is being worked on: {problem}.")
        if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            self._refuse_credentials(problem)
        raise SourceUnavailable(f"{self._service.host} answers {status}: {problem}.")

    def _refuse_credentials(self, problem: Problem) -> None:
        raise CredentialsRefused(
            f"{self._service.host} refuses the client id and secret that are set: {problem}. Check "
            "ROLLBOOK_DAP_CLIENT_ID and ROLLBOOK_DAP_CLIENT_SECRET, and that the key has not "
            "expired and is one for Canvas Data."
        )

    def _read(self, answer: type[Answer], response: httpx.Response) -> Answer:
        try:
            return answer.model_validate_json(response.content)
        except ValidationError as error:
            # Not the error's text: it quotes the answer, which may be a token.
            wrong = ", ".join({".".join(map(str, e["loc"])) or "all" for e in error.errors()})
            raise SourceUnavailable(
                f"{self._service.host} answers with what is no {answer.__name__} (at {wrong}). "
                "Check dap_url."
            ) from None


def _without_queries(record: logging.LogRecord) -> bool:
    """Keep what signs the address of a file out of the log of requests."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            arg.copy_with(query=None) if isinstance(arg, httpx.URL) else arg for arg in record.args
        )
    return True


@cache
def _certificates() -> ssl.SSLContext:
    # Reading them takes longer than a call.
    return httpx.create_ssl_context()


def _problem(response: httpx.Response) -> Problem:
    try:
        return Problem.model_validate(response.json()["error"])
    except (ValueError, TypeError, KeyError):
        return Problem(message=response.reason_phrase)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds, from a number of them or from a date."""
    text = response.headers.get("Retry-After", "")
    if text.isdigit():
        return float(text)
    try:
        return max((parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds(), 0)
    except (ValueError, TypeError):
        return None
