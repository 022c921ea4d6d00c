"""A real server with a real worker, for tests that ask as clients do."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from api.institution import LARGE_ROOT, load_institution

from rollbook.access.tokens import create_token
from rollbook.config import Settings

PROVISIONING = "/api/v1/accounts/self/reports/provisioning_csv"
LARGE = f"/api/v1/accounts/{LARGE_ROOT}/reports/provisioning_csv"
SECONDS = 60
"""How long a client waits for an answer."""
START_SECONDS = 120
RUN_SECONDS = 120

Found = TypeVar("Found")


def until(look: Callable[[], Found | None], *, seconds: float = RUN_SECONDS) -> Found:
    """What `look` finds, as soon as it finds something true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"nothing came within {seconds} s")


@dataclass
class LiveServer:
    """A server process, its worker, and its data."""

    settings: Settings
    process: subprocess.Popen[bytes]
    token: str
    """Of a service that reaches the institution."""
    large_token: str
    """Of a service that reaches the large root."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    @property
    def log(self) -> str:
        return (self.settings.data / "server.log").read_text()

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=SECONDS)

    def wait_until_ready(self) -> None:
        sign = "readyz" if self.settings.workers else "healthz"

        def ready() -> bool:
            assert self.process.poll() is None, self.log
            try:
                return httpx.get(f"{self.url}/{sign}").status_code == 200
            except httpx.TransportError:
                return False

        until(ready, seconds=START_SECONDS)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def start_server(data: Path, **settings: Any) -> LiveServer:
    """Load the institution and serve it on a free port."""
    chosen = Settings(data=data, port=free_port(), memory_limit="2GB", **settings)
    load_institution(chosen.lake)
    return serve(chosen)


def serve(chosen: Settings) -> LiveServer:
    """Serve what is there."""
    token = create_token(chosen, purpose="tests")
    large_token = create_token(chosen, account=str(LARGE_ROOT), purpose="tests")
    variables = {
        f"ROLLBOOK_{name.upper()}": str(value)
        for name, value in chosen.model_dump(exclude_unset=True).items()
    }
    with (chosen.data / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "rollbook.api.serve"],
            env={**os.environ, **variables},
            stderr=log,
        )
    return LiveServer(chosen, process, token.text, large_token.text)


def get(url: str, **request: Any) -> httpx.Response:
    """The answer to a request of its own, without a token, however busy the machine is."""
    return httpx.get(url, timeout=SECONDS, **request)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@cache
def _shared(workers: int) -> LiveServer:
    # One for all folders of tests, because starting takes seconds.
    folder = tempfile.TemporaryDirectory(prefix="rollbook-tests-", ignore_cleanup_errors=True)
    server = start_server(Path(folder.name), workers=workers)
    atexit.register(folder.cleanup)
    atexit.register(server.stop)
    server.wait_until_ready()
    return server


@pytest.fixture(scope="session")
def live() -> LiveServer:
    """The server that the tests share."""
    return _shared(workers=1)


@pytest.fixture(scope="session")
def idle() -> LiveServer:
    """A server without workers, where runs stay `created`."""
    return _shared(workers=0)


@pytest.fixture
def waiting(idle: LiveServer) -> Iterator[httpx.Client]:
    """A client of the server where runs stay `created`."""
    with idle.client(idle.token) as client:
        yield client


@pytest.fixture
def client(live: LiveServer) -> Iterator[httpx.Client]:
    """A client with the token of a service."""
    with live.client(live.token) as client:
        yield client


@pytest.fixture
def anonymous(live: LiveServer) -> Iterator[httpx.Client]:
    """A client without a token."""
    with live.client() as client:
        yield client


@pytest.fixture
def large(live: LiveServer) -> Iterator[httpx.Client]:
    """A client that may run reports of the large root, which take long."""
    with live.client(live.large_token) as client:
        yield client


@pytest.fixture
def as_user(live: LiveServer) -> Iterator[Callable[[int], httpx.Client]]:
    """Makes clients with the token of a user."""
    clients: list[httpx.Client] = []

    def make(user_id: int) -> httpx.Client:
        token = create_token(live.settings, user_id=user_id, purpose="tests")
        clients.append(live.client(token.text))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def start(client: httpx.Client, path: str = PROVISIONING, **parameters: Any) -> dict[str, Any]:
    """Start a run, with its parameters in a form."""
    form = {f"parameters[{name}]": str(value) for name, value in parameters.items()}
    answer = client.post(path, data=form)
    assert answer.status_code == 200, answer.text
    run: dict[str, Any] = answer.json()
    return run


def ended(client: httpx.Client, run: dict[str, Any], path: str = PROVISIONING) -> dict[str, Any]:
    """The run, once it has ended."""

    def look() -> dict[str, Any] | None:
        shown: dict[str, Any] = client.get(f"{path}/{run['id']}").json()
        return shown if shown["progress"] == 100 else None

    return until(look)


def complete(client: httpx.Client, **parameters: Any) -> dict[str, Any]:
    """A run that has completed."""
    run = ended(client, start(client, **(parameters or {"users": True})))
    assert run["status"] == "complete", run
    return run
