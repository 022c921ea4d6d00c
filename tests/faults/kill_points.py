"""Where in a run's life a process is killed: at the nth line that it executes in a stage of it.

The process traces itself, so that nothing in Rollbook knows of it. Which point comes next stands in a
file; who reaches it renames that file, and so each point kills once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, Literal

Role = Literal["server", "worker"]

STAGES: Mapping[Role, Mapping[str, Sequence[str]]] = {
    "server": {
        "accepting": ["runs/service.start", "runs/store.create"],
        "queueing": ["runs/dispatch.hand_over", "runs/jobs.enqueue"],
        "answering": ["api/routes_reports._one_run", "api/views.*"],
        "telling": ["runs/waiting.*"],
    },
    "worker": {
        "taking": ["runs/performance._perform_in_turn", "runs/performance._begin"],
        "pinning": ["runs/views.view", "runs/views._take", "runs/performance._work"],
        "planning": ["reports/execution.plan_report", "runs/performance._planned"],
        "streaming": ["reports/execution._batches", "output/csv.read", "output/csv._taken"],
        "encoding": ["output/csv.format_rows", "output/csv._header"],
        "writing": [
            "output/csv.write_csv",
            "output/archive.write_archive",
            "runs/performance._publish",
        ],
        "syncing": ["output/files._sync"],
        "renaming": ["output/files.put"],
        "registering": ["runs/store.complete"],
        "notifying": [
            "runs/dispatch.*",
            "dbos/_sys_db.record_operation_result",
            "dbos/_sys_db.update_workflow_outcome",
        ],
    },
}
"""The functions of each stage, the innermost one counts: what they call belongs to it."""


@dataclass(frozen=True)
class KillPoint:
    """What is killed, and when."""

    role: Role
    """Whose lines count."""
    stage: str
    line: int
    """Its number among those of the stage; 0 to kill nobody and only write down the stage of each."""
    victims: Sequence[int] = ()
    """Process ids."""


class KillPoints:
    """The next point, and how far its processes got; a folder that they share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._next = folder / "next.json"
        self._reached = folder / "reached.json"
        self._counted = folder / "counted"

    def set(self, point: KillPoint) -> None:
        """Have processes watch for a point."""
        self._reached.unlink(missing_ok=True)
        written = self._next.with_suffix(".new")
        written.write_text(json.dumps(asdict(point)))
        written.replace(self._next)

    def clear(self) -> bool:
        """Have them watch for none; tells whether the point was reached."""
        self._next.unlink(missing_ok=True)
        return self._reached.exists()

    def counted(self) -> Counter[tuple[Role, str]]:
        """How many lines each stage had while a point without a line was set."""
        return Counter(
            ("server" if role == "server" else "worker", stage)
            for role, stage in (line.split() for line in self._counted.read_text().splitlines())
        )

    def watch(self, role: Role) -> None:
        """Trace this process from now on, in this thread and those that start later."""
        tracer = _Tracer(role, self._next, self._reached, self._counted)
        threading.settrace(tracer.enter)
        sys.settrace(tracer.enter)


class _Tracer:
    def __init__(self, role: Role, following: Path, reached: Path, counted: Path) -> None:
        self._role = role
        self._next = following
        self._reached = reached
        self._counted = counted
        self._read: tuple[int, int] | None = None
        self._point: KillPoint | None = None
        self._lines = 0

    def enter(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        return self._line if _place(frame.f_code.co_filename) else None

    def _line(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line" and (stage := self._stage(frame)):
            self._pass(stage)
        return self._line

    def _stage(self, frame: FrameType) -> str | None:
        for around in _outwards(frame):
            code = around.f_code
            if stage := _stage_of(self._role, code.co_filename, code.co_name):
                return stage
        return None

    def _pass(self, stage: str) -> None:
        point = self._look()
        if point is None:
            return
        if point.line == 0:
            with self._counted.open("a") as counted:
                counted.write(f"{self._role} {stage}\n")
        elif (point.role, point.stage) == (self._role, stage):
            self._lines += 1
            if self._lines == point.line:
                self._kill(point)

    def _look(self) -> KillPoint | None:
        try:
            status = self._next.stat()
        except FileNotFoundError:
            return None
        if self._read != (status.st_ino, status.st_mtime_ns):
            self._read = (status.st_ino, status.st_mtime_ns)
            self._point = KillPoint(**json.loads(self._next.read_text()))
            self._lines = 0
        return self._point

    def _kill(self, point: KillPoint) -> None:
        try:
            self._next.rename(self._reached)
        except FileNotFoundError:
            # Another thread or process was first.
            return
        for victim in sorted(point.victims, key=lambda victim: victim == os.getpid()):
            os.kill(victim, signal.SIGKILL)


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


# By names, as code objects take long to compare.
@cache
def _place(file: str) -> str | None:
    """The module of a file, where it is one whose lines count; as `runs/store`."""
    _, is_ours, module = file.rpartition("/rollbook/")
    if is_ours:
        return module.removesuffix(".py")
    return "dbos/_sys_db" if file.endswith("/dbos/_sys_db.py") else None


@cache
def _stage_of(role: Role, file: str, function: str) -> str | None:
    place = _place(file)
    for stage, functions in STAGES[role].items():
        if f"{place}.{function}" in functions or f"{place}.*" in functions:
            return stage
    return None
