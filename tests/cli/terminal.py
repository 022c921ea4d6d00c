"""A command in a terminal, in which somebody presses Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Terminal:
    """What a command that goes on says."""

    process: subprocess.Popen[bytes]
    screen: int
    text: str = ""

    def wait_for(self, words: str) -> None:
        """Wait until the command shows some words."""
        while words not in self.text:
            assert self._read(), self.text[-2000:]

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Wait until the command has ended; gives its exit status."""
        while self._read():
            pass
        return self.process.wait(60)

    @property
    def last_line(self) -> str:
        return self.text.strip().splitlines()[-1].strip()

    def _read(self) -> bool:
        piece = b""
        with suppress(OSError):  # Of Linux, when nobody has the other end any more.
            piece = os.read(self.screen, 65_536)
        self.text += _ESCAPES.sub("", piece.decode("utf-8", "replace"))
        return bool(piece)


@contextmanager
def terminal(*words: str | Path, variables: Mapping[str, str] | None = None) -> Iterator[Terminal]:
    """Start `rollbook` with some words."""
    pty = pytest.importorskip("pty")
    screen, other_end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "rollbook", *words],
        env={**os.environ, "COLUMNS": "200", **(variables or {})},
        stdout=subprocess.DEVNULL,
        stderr=other_end,
    )
    os.close(other_end)
    try:
        yield Terminal(process, screen)
    finally:
        process.kill()
        process.wait(60)
        os.close(screen)


def assert_nothing_was_loaded(shown: Terminal, status: int) -> None:
    """One sentence, and no traceback."""
    assert status == 130, shown.text[-2000:]
    assert shown.last_line == "Interrupted. Nothing was loaded; the lake is as it was."
    assert "Traceback" not in shown.text


def files_in(folder: Path) -> set[Path]:
    """All files of a data folder; SQLite's and those of locks come and go."""
    found = {file for file in folder.rglob("*") if file.is_file()}
    return {file for file in found if not file.name.endswith((".lock", "-wal", "-shm"))}
