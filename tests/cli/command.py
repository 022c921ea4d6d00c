"""The command line as a program would call it, without a process for each call."""

from __future__ import annotations

import io
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from rollbook.cli.main import main


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Rollbook:
    """The command, run in a folder of its own."""

    folder: Path

    def __call__(self, *words: str, status: int = 0) -> Done:
        out, err = _Stream(), _Stream()
        with (
            chdir(self.folder),
            redirect_stdout(out),
            redirect_stderr(err),
            patch.object(sys, "argv", ["rollbook", *words]),
        ):
            try:
                main()
                ended = 0
            except SystemExit as end:
                ended = int(end.code or 0)
        done = Done(ended, out.text(), err.text())
        assert done.status == status, done.stderr
        return done


class _Stream(io.TextIOWrapper):
    """A standard stream whose bytes are kept."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="")

    def text(self) -> str:
        self.flush()
        kept = self.buffer
        assert isinstance(kept, io.BytesIO)
        return kept.getvalue().decode()
