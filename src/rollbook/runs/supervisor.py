"""Starts worker processes, starts them again when they die, and stops them."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from threading import Event, Thread

from rollbook.config import Settings

_LONGEST_PAUSE = 30.0
_GOOD_LIFE = 60.0
"""A worker that lived so long did not die of its start."""
_GRACE_SECONDS = 5.0

_log = logging.getLogger(__name__)


@dataclass
class _Worker:
    name: str
    process: subprocess.Popen[str]
    pause: float
    """How long to wait before its next start."""
    started: float = field(default_factory=time.monotonic)


class Supervisor:
    """The workers of one server.

    Args:
        settings: the installation.
        first_pause: seconds before a worker that died is started again; each time it dies soon
            they double.
    """

    def __init__(self, settings: Settings, *, first_pause: float = 0.5) -> None:
        self._settings = settings
        self._first_pause = first_pause
        self._stopping = Event()
        self._workers: list[_Worker] = []
        self._thread = Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        # Many machines that share the work must not share a name.
        machine = "" if self._settings.database_url is None else f"{socket.gethostname()}-"
        names = [f"{machine}worker-{number + 1}" for number in range(self._settings.workers)]
        self._workers = [_Worker(name, self._spawn(name), self._first_pause) for name in names]
        self._thread.start()

    def stop(self) -> None:
        """End all workers; what they were doing is begun again at the next start."""
        self._stopping.set()
        self._thread.join()
        for worker in self._workers:
            _close_input(worker.process)
        for worker in self._workers:
            try:
                worker.process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()

    def _watch(self) -> None:
        while not self._stopping.wait(0.2):
            for worker in self._workers:
                if worker.process.poll() is not None:
                    self._revive(worker)

    def _revive(self, worker: _Worker) -> None:
        _log.error(
            "worker died",
            extra={
                "action": "worker_died",
                "worker": worker.name,
                "exit_status": worker.process.returncode,
            },
        )
        _close_input(worker.process)
        if time.monotonic() - worker.started > _GOOD_LIFE:
            worker.pause = self._first_pause
        if self._stopping.wait(worker.pause):
            return
        worker.pause = min(worker.pause * 2, _LONGEST_PAUSE)
        worker.process = self._spawn(worker.name)
        worker.started = time.monotonic()

    def _spawn(self, name: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 (our own program)
            [sys.executable, "-m", "rollbook.runs.worker", name],
            stdin=subprocess.PIPE,
            text=True,
            # Ctrl-C is for this process, which then ends the workers.
            start_new_session=True,
        )
        # Settings go through the pipe, where no list of processes shows them. The pipe stays
        # open: it ends with this process, however that ends, and the worker ends with it.
        try:
            if process.stdin:
                process.stdin.write(self._settings.model_dump_json() + "\n")
                process.stdin.flush()
        except BrokenPipeError:
            _log.exception("worker did not start", extra={"action": "worker_lost", "worker": name})
        return process


def _close_input(process: subprocess.Popen[str]) -> None:
    if process.stdin:
        try:
            process.stdin.close()
        except BrokenPipeError:
            return
