"""A server on this machine that speaks DAP's six routes (data_sources.md, 2.9)."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from load.canvas_data.dump import Record, Row, write_job

from rollbook.canvas.schema import TABLES
from rollbook.load.dap.service import DapService

CLIENT_ID = "eu-central-1#client-of-the-tests"
CLIENT_SECRET = "secret-of-the-tests"


@dataclass(frozen=True)
class Reply:
    """An answer; `cut` ends the connection after so many bytes of the body."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None


def answer(value: Any, status: int = 200, **headers: str) -> Reply:
    """An answer in JSON."""
    named = {"Content-Type": "application/json"} | {
        name.replace("_", "-"): text for name, text in headers.items()
    }
    return Reply(status, json.dumps(value).encode(), named)


def error(status: int, kind: str, message: str, /, **fields: Any) -> Reply:
    """An answer that says what went wrong."""
    said = {"type": kind, "uuid": "uuid-of-the-error", "message": message, **fields}
    return answer({"error": said}, status)


def busy(status: int = 503, **headers: str) -> Reply:
    """An answer that the next attempt may better."""
    return Reply(status, b"try again", headers)


@dataclass
class ServedJob:
    """A table, or changes in it, made into objects."""

    id: str
    table: str
    since: str | None
    until: str
    objects: list[str]
    polls: int

    def as_json(self, *, is_over: bool) -> dict[str, Any]:
        expires = (datetime.now(UTC) + timedelta(hours=24)).isoformat()
        shown = {"id": self.id, "expires_at": expires}
        if not is_over:
            return shown | {"status": "running"}
        times = {"since": self.since, "until": self.until} if self.since else {"at": self.until}
        objects = [{"id": number} for number in self.objects]
        return shown | {"status": "complete", "schema_version": 1, "objects": objects} | times


@dataclass
class Limit:
    """So many calls, then a pause."""

    calls: int
    pause: float
    left: int
    again_at: float = 0.0


class DapServer:
    """What DAP has, what it was asked, and how it is to answer next."""

    def __init__(self) -> None:
        self.clock = datetime(2026, 11, 25, 6, tzinfo=UTC)
        self.records: dict[str, list[Record]] = {}
        self.columns: dict[str, list[str]] = {}
        self.jobs: dict[str, ServedJob] = {}
        self.objects: dict[str, bytes] = {}
        self.calls: list[tuple[str, str]] = []
        """Of each call, the route and what it was about."""
        self.rows_per_file = 1000
        self.polls = 1
        """How often a job is asked for until it is over; 0 for jobs that are over at once."""
        self.oldest: dict[str, datetime] = {}
        """Since when a table's changes are to be had."""
        self.may_finish: Callable[[], bool] = lambda: True
        self.held = threading.Event()
        """Set when a download is held back."""
        self.release = threading.Event()
        self.hold: Callable[[str], bool] = lambda number: False
        """Which downloads wait until they are released."""
        self.too_early = 0
        """Calls that came before a pause was over."""
        self._next: dict[str, deque[Reply]] = defaultdict(deque)
        self._always: dict[str, Reply] = {}
        self._limits: dict[str, Limit] = {}
        self.tokens: list[str] = []
        """All that were given."""
        self.on_file: Callable[[], None] = lambda: None
        """What happens in Canvas once a file was fetched; only once."""
        self._files_left: int | None = None
        self._lock = threading.RLock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True

    def commit(self, table: str, *rows: Row) -> None:
        """Add or change rows; an hour later."""
        self.clock += timedelta(hours=1)
        known = self.records.setdefault(table, [])
        columns = dict.fromkeys([*self.columns.get(table, []), *(n for row in rows for n in row)])
        self.columns[table] = [name for name in columns if name != _key(table)]
        for row in rows:
            value = {name: cell for name, cell in row.items() if name != _key(table)}
            known.append(Record(row[_key(table)], value, self.now, "U"))

    def delete(self, table: str, *ids: int) -> None:
        """Take rows away; an hour later."""
        self.clock += timedelta(hours=1)
        self.records[table] += [Record(number, {}, self.now, "D") for number in ids]

    def rows(self, table: str) -> dict[int, Row]:
        """The rows of a table as they are now, by key."""
        return {r.id: r.value for r in self._newest(table).values() if r.action != "D"}

    @property
    def now(self) -> str:
        """The time that is over last."""
        return self.clock.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def service(self) -> DapService:
        return DapService(self.url, CLIENT_ID, CLIENT_SECRET)

    def asked(self, route: str) -> list[str]:
        """What the calls of a route were about."""
        return [about for name, about in self.calls if name == route]

    def reply(self, route: str, *replies: Reply) -> None:
        """Answer the next calls of a route so."""
        self._next[route].extend(replies)

    def always(self, route: str, reply: Reply) -> None:
        """Answer all calls of a route so from now on."""
        self._always[route] = reply

    def as_usual(self) -> None:
        """Answer all calls as usual from now on."""
        self._next.clear()
        self._always.clear()
        self._files_left = None

    def limit(self, route: str, calls: int, pause: float) -> None:
        """Answer so many calls of a route, then ask to wait for `pause` seconds."""
        self._limits[route] = Limit(calls, pause, calls)

    def serve_files(self, number: int) -> None:
        """Answer so many downloads from now on, and the others with an error."""
        self._files_left = number

    def forget_jobs(self) -> None:
        """Delete all jobs and objects, as DAP does after a day."""
        self.jobs.clear()
        self.objects.clear()

    def start(self) -> None:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self.release.set()
        self._http.shutdown()
        self._http.server_close()

    def handle(self, request: _Handler) -> Reply:
        """The answer to a request."""
        path = [unquote(word) for word in urlsplit(request.path).path.split("/")[1:]]
        with self._lock:
            route, about, act = self._route(request, path)
            self.calls.append((route, about))
            refused = self._refused(route)
            if refused:
                return refused
            if route not in {"login", "file"} and not self._is_authorized(request):
                return error(401, "AuthenticationError", "no valid token")
            if route != "file":
                return act()
        if self.hold(about):
            self.held.set()
            self.release.wait(60)
        return act()

    def _route(self, request: _Handler, path: list[str]) -> tuple[str, str, Callable[[], Reply]]:
        match (request.command, path):
            case ("POST", ["ids", "auth", "login"]):
                found = "login", "", lambda: self._log_in(request)
            case ("GET", ["dap", "query", "canvas", "table"]):
                found = "tables", "", lambda: answer({"tables": list(self.records)})
            case ("GET", ["dap", "query", "canvas", "table", table, "schema"]):
                found = "schema", table, lambda: self._schema(table)
            case ("POST", ["dap", "query", "canvas", "table", table, "data"]):
                body = request.json()
                kind = "incremental" if body.get("since") else "snapshot"
                found = "data", f"{table} {kind}", lambda: self._start_job(table, body)
            case ("GET", ["dap", "job", number]):
                found = "job", number, lambda: self._job(number)
            case ("POST", ["dap", "object", "url"]):
                numbers = [item["id"] for item in request.json()]
                found = "url", ",".join(numbers), lambda: self._urls(numbers)
            case ("GET", ["files", number, _]):
                found = "file", number, lambda: self._file(number)
            case _:
                found = "nothing", request.path, lambda: error(404, "ObjectNotFound", "no route")
        return found

    def _refused(self, route: str) -> Reply | None:
        if self._next[route]:
            return self._next[route].popleft()
        if route in self._always:
            return self._always[route]
        limit = self._limits.get(route)
        if limit is None:
            return None
        if limit.again_at:
            if time.monotonic() < limit.again_at:
                self.too_early += 1
            else:
                limit.left, limit.again_at = limit.calls, 0.0
        if limit.left:
            limit.left -= 1
            return None
        limit.again_at = limit.again_at or time.monotonic() + limit.pause
        return busy(429, Retry_After=f"{limit.pause:.0f}")

    def _log_in(self, request: _Handler) -> Reply:
        given = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        if (
            given != f"{CLIENT_ID}:{CLIENT_SECRET}"
            or request.body != b"grant_type=client_credentials"
        ):
            return error(401, "AuthenticationError", "wrong client id or secret")
        payload = {"exp": int(time.time()) + 3600, "jti": uuid4().hex}
        token = ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
            for part in ({"alg": "HS256", "typ": "JWT"}, payload, {"signed": "not at all"})
        )
        self.tokens.append(token)
        fields = {"expires_in": 3600, "scope": "dap", "token_type": "Bearer"}
        return answer({"access_token": token, **fields})

    def _is_authorized(self, request: _Handler) -> bool:
        return request.headers.get("Authorization", "").removeprefix("Bearer ") in self.tokens

    def _schema(self, table: str) -> Reply:
        if table not in self.records:
            return error(404, "ObjectNotFound", f"no table {table}", id=table, kind="table")
        text = {"type": "string"}
        sections = {
            "meta": {"ts": {"type": "string", "format": "date-time"}, "action": text},
            "key": {_key(table): {"type": "integer", "format": "int64"}},
            "value": dict.fromkeys(self.columns[table], text),
        }
        properties = {
            name: {"type": "object", "properties": inner} for name, inner in sections.items()
        }
        return answer({"schema": {"type": "object", "properties": properties}, "version": 1})

    def _start_job(self, table: str, body: Mapping[str, Any]) -> Reply:
        if table not in self.records:
            return error(404, "ObjectNotFound", f"no table {table}", id=table, kind="table")
        since = body.get("since")
        if since:
            moment, oldest = datetime.fromisoformat(since), self.oldest.get(table)
            if oldest and moment < oldest:
                fields = {"since": oldest.isoformat(), "until": self.now}
                return error(400, "SnapshotRequired", "too long ago", **fields)
            if moment > self.clock:
                fields = {"since": "2026-01-01T00:00:00Z", "until": self.now}
                return error(400, "OutOfRange", "nothing is as new as that", **fields)
        # Until now, and without now itself: the bounds are inclusive and exclusive.
        until = (self.clock + timedelta(milliseconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        job = ServedJob(str(uuid4()), table, since, until, [], self.polls)
        for content in self._files(table, since, body["format"]):
            number = f"{job.id}/part-{len(job.objects)}"
            self.objects[number] = content
            job.objects.append(number)
        self.jobs[job.id] = job
        return answer(job.as_json(is_over=not self.polls))

    def _files(self, table: str, since: str | None, form: str) -> Iterator[bytes]:
        if since:
            start = datetime.fromisoformat(since)
            newest = self._newest(table).values()
            rows = [r for r in newest if datetime.fromisoformat(r.ts) >= start]
        else:
            rows = [
                Record(r.id, r.value, r.ts) for r in self._newest(table).values() if r.action != "D"
            ]
        for first in range(0, len(rows), self.rows_per_file):
            with TemporaryDirectory() as folder:
                file = write_job(
                    Path(folder),
                    rows[first : first + self.rows_per_file],
                    form,
                    columns=self.columns[table],
                    packed=form != "parquet",
                    key=_key(table),
                )
                yield file.read_bytes()

    def _newest(self, table: str) -> dict[int, Record]:
        return {record.id: record for record in self.records[table]}

    def _job(self, number: str) -> Reply:
        job = self.jobs.get(number)
        if job is None:
            return error(404, "ObjectNotFound", f"no job {number}", id=number, kind="job")
        if not self.may_finish():
            return answer(job.as_json(is_over=False))
        job.polls = max(job.polls - 1, 0)
        return answer(job.as_json(is_over=not job.polls))

    def _urls(self, numbers: list[str]) -> Reply:
        if not self.objects.keys() >= {*numbers}:
            return error(404, "ObjectNotFound", "no such object", id=numbers[0], kind="object")
        return answer({"urls": {n: {"url": f"{self.url}/files/{self._path(n)}"} for n in numbers}})

    def _path(self, number: str) -> str:
        job, _, part = number.partition("/")
        form = "parquet" if self.objects[number].startswith(b"PAR1") else "gz"
        return f"{job}%2F{part}/{part.replace('-', '-0000')}.{form}?X-Signature=of-the-tests"

    def _file(self, number: str) -> Reply:
        if number not in self.objects:
            return Reply(404, b"<Error/>")
        with self._lock:
            if self._files_left == 0:
                return busy(500)
            if self._files_left:
                self._files_left -= 1
            happening, self.on_file = self.on_file, lambda: None
            happening()
        return Reply(200, self.objects[number], {"Content-Type": "application/octet-stream"})


def _key(table: str) -> str:
    (key,) = TABLES[table].primary_key if table in TABLES else ("id",)
    return key


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # Else head and body are two packets, and the second waits for an answer.
    dap: DapServer

    def do_GET(self) -> None:
        self.body = b""
        self._answer()

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer()

    def json(self) -> Any:
        return json.loads(self.body)

    def log_message(self, *args: object) -> None:
        pass

    def _answer(self) -> None:
        reply = self.dap.handle(self)
        try:
            self.send_response(reply.status)
            for name, text in reply.headers.items():
                self.send_header(name.replace("_", "-"), text)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: reply.cut])
        except ConnectionError:
            self.close_connection = True  # Who asked is gone.
        if reply.cut is not None:
            self.close_connection = True


def _handler(server: DapServer) -> type[_Handler]:
    return type("Handler", (_Handler,), {"dap": server})


@contextmanager
def dap_server() -> Iterator[DapServer]:
    """A server for one test."""
    server = DapServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()
