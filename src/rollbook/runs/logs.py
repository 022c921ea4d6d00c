"""The log of a process: one JSON object a line, on standard error."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_encode = json.JSONEncoder(default=str).encode
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


_run_id: ContextVar[int | None] = ContextVar("run_id", default=None)


@contextmanager
def logging_of_run(run_id: int) -> Iterator[None]:
    """All that is logged in the block, and in threads that take its context along, is of a run."""
    before = _run_id.set(run_id)
    try:
        yield
    finally:
        _run_id.reset(before)


class JsonLines(logging.Formatter):
    """A record and what its `extra` says: `action`, `run`, `worker`, ..."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (run_id := _run_id.get()) is not None:
            entry["run"] = run_id
        entry.update((key, value) for key, value in vars(record).items() if key not in _PLAIN)
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return _encode(entry)


def log_to_stderr(level: int = logging.INFO) -> None:
    """Write the log of this process to standard error, with what libraries warn of."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("rollbook").setLevel(level)
    logging.captureWarnings(capture=True)
    # DBOS writes lines of its own form unless it finds a handler.
    logging.getLogger("dbos").addHandler(logging.NullHandler())
