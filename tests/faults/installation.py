"""A server and a worker as processes of their own, started again whenever they die.

They are forked off a process that has imported Rollbook: to import it takes longer than all else.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import httpx
import pytest
from api.live import SECONDS, free_port, until
from faults.kill_points import KillPoints, Role

from rollbook.access.tokens import create_token
from rollbook.api.serve import serve
from rollbook.config import Settings
from rollbook.load.json_tables import load_tables
from rollbook.runs.logs import log_to_stderr
from rollbook.runs.worker import work

ROLES: Sequence[Role] = ("server", "worker")
WORKER = "worker-1"
_LATE_IMPORTS = [
    "pandas",
    "pyarrow.compute",
    "dbos._sys_db_sqlite",
    "uvicorn.protocols.http.h11_impl",
]
"""Libraries that are imported only once they are used."""
_ACCOUNTS = [{"id": 1, "name": "Example", "workflow_state": "active"}]


@cache
def _forking() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, *_LATE_IMPORTS])
    with pytest.MonkeyPatch.context() as patch:
        # Before Python 3.13 it does not find what this process finds.
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        forkserver.ensure_running()
    return context


def _be(role: Role, settings: str, traced: Path | None) -> None:
    """What a process does."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    Thread(target=_end_with, args=[parent], daemon=True).start()
    chosen = Settings.model_validate_json(settings)
    log = os.open(chosen.data / f"{role}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 2)
    log_to_stderr()
    if traced:
        KillPoints(traced).watch(role)
    if role == "server":
        serve(chosen)
    else:
        work(chosen, WORKER, wait_seconds=10)


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


@dataclass
class Installation:
    """The processes, and how clients reach them."""

    settings: Settings
    traced: Path | None
    token: str
    processes: dict[Role, BaseProcess] = field(default_factory=dict)
    ends: list[tuple[Role, int | None]] = field(default_factory=list)
    """The exit statuses of those that were started again."""
    _lock: Lock = field(default_factory=Lock)

    def start(self, role: Role) -> None:
        arguments = (role, self.settings.model_dump_json(), self.traced)
        process = _forking().Process(target=_be, args=arguments, daemon=True)
        process.start()
        self.processes[role] = process

    @property
    def ids(self) -> dict[Role, int]:
        """The process ids of now."""
        with self._lock:
            return {role: process.pid or 0 for role, process in self.processes.items()}

    def wait_for_others_than(self, ids: Collection[int]) -> None:
        """Wait until processes that die have been started again."""
        until(lambda: not set(ids) & set(self.ids.values()))

    def keep(self, closing: Connection) -> None:
        """Start again whoever ends."""
        while True:
            ended = wait([closing, *(process.sentinel for process in self.processes.values())])
            if closing in ended:
                return
            with self._lock:
                for role, process in list(self.processes.items()):
                    if process.sentinel in ended:
                        process.join()
                        self.ends.append((role, process.exitcode))
                        self.start(role)

    def client(self) -> httpx.Client:
        """A client with a token."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.settings.port}",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=SECONDS,
        )


def asked(client: httpx.Client, method: str, path: str, **request: Any) -> httpx.Response:
    """The answer to a request that is sent again until there is one."""

    def ask() -> httpx.Response | None:
        with suppress(httpx.TransportError):
            return client.request(method, path, **request)
        return None

    return until(ask)


@contextmanager
def installed(
    folder: Path, *, traced: Path | None = None, **settings: Any
) -> Iterator[Installation]:
    """A server and a worker over a folder of their own."""
    chosen = Settings(data=folder, port=free_port(), workers=0, **settings)
    load_tables(chosen.lake, {"accounts": _ACCOUNTS}, "tests")
    installation = Installation(chosen, traced, create_token(chosen, purpose="tests").text)
    closing, close = multiprocessing.Pipe(duplex=False)
    for role in ROLES:
        installation.start(role)
    keeper = Thread(target=installation.keep, args=[closing])
    keeper.start()
    try:
        yield installation
    finally:
        close.send(None)
        keeper.join()
        for process in installation.processes.values():
            process.kill()
            process.join()
