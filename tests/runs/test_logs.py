"""Every line that a run causes names the run, whoever writes it."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

from runs.bench import Bench, accounts_file

from rollbook.canvas.tables import Tables
from rollbook.reports.report import Plan
from rollbook.reports.scope import Scope
from rollbook.runs.logs import log_to_stderr
from rollbook.runs.model import Status


@contextmanager
def log_of_a_worker() -> Iterator[io.StringIO]:
    """What this process logs as a worker would, while it is one."""
    root, ours = logging.getLogger(), logging.getLogger("rollbook")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    # A command of another test may have begun what log_to_stderr does not begin twice.
    logging.captureWarnings(capture=False)
    with redirect_stderr(io.StringIO()) as log, warnings.catch_warnings():
        log_to_stderr()
        warnings.simplefilter("always")
        yield log
        logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def talkative(tables: Tables, scope: Scope) -> Plan:
    logging.getLogger("some.library").warning("slow network")
    warnings.warn("this will go away", FutureWarning, stacklevel=1)
    return accounts_file(tables, scope)


def test_lines_of_libraries_name_the_run(bench: Bench) -> None:
    with log_of_a_worker() as log:
        first, second = (bench.performed(bench.new_run(talkative)) for _ in range(2))
        logging.getLogger("rollbook").info("between runs")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert first.status is second.status is Status.COMPLETE
    for run in (first, second):
        loggers = {line["logger"] for line in lines if line.get("run") == run.id}
        assert {"rollbook.runs.performance", "some.library", "py.warnings"} <= loggers
    assert "run" not in lines[-1]
