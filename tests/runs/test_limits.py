"""A run that wants more than it may have ends with a sentence; one that can spill completes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import ibis
import pytest
from runs.bench import Bench, endless_file

from rollbook.canvas.tables import Tables
from rollbook.config import Settings, read_settings
from rollbook.engines.duck import share_of_memory
from rollbook.engines.lake import Lake
from rollbook.errors import ConfigurationError
from rollbook.reports.report import Column, OutputFile, Plan
from rollbook.reports.scope import Scope
from rollbook.runs.model import Status
from rollbook.runs.views import LakeViews

ROWS = 400_000
_LETTERS = 150
SMALL = "40MB"


def wide_rows(_tables: Tables, _scope: Scope) -> Plan:
    """Sorted by some 60 MB of text."""
    numbers = ibis.range(ROWS).unnest().name("n").as_table()
    text = numbers.n.cast("string").hexdigest("md5") + ibis.literal("x" * _LETTERS)
    rows = numbers.mutate(text=text).order_by("text")
    return Plan((OutputFile("wide", (Column("n", rows.n),), rows),))


def limited(bench: Bench, data: Path, **limits: Any) -> None:
    """Have the bench's runs use no more than this."""
    lake = Settings(data=data, threads=1, **limits).lake
    bench.place = replace(bench.place, view=LakeViews(lake, bench.folder / "work").view)


def test_a_report_larger_than_memory_completes_by_spilling(bench: Bench, data: Path) -> None:
    """That it spills shows below, where it may not spill so much."""
    limited(bench, data, memory_limit=SMALL)
    run = bench.performed(bench.new_run(wide_rows))
    assert (run.status, run.current_line) == (Status.COMPLETE, ROWS + 1)
    assert bench.left_over() == []


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (
            {"memory_limit": SMALL, "spill_limit": "1MB"},
            "This needs more temporary disk than the 1MB it may use. Raise spill_limit or",
        ),
        ({"memory_limit": "12MB"}, "This needs more memory than the 12MB it may use. Raise"),
    ],
)
def test_a_run_that_needs_more_than_it_may_use_says_what_to_do(
    bench: Bench, data: Path, limits: dict[str, str], reason: str
) -> None:
    limited(bench, data, **limits)
    run = bench.performed(bench.new_run(wide_rows))
    assert (run.status, run.file) == (Status.ERROR, None)
    assert run.parameters["extra_text"].startswith(f"Failed, {reason}")
    assert bench.left_over() == []


def test_a_run_that_takes_longer_than_it_may_is_ended(bench: Bench) -> None:
    bench.place = replace(bench.place, run_seconds=0.3)
    run = bench.performed(bench.new_run(endless_file))
    assert (run.status, run.file) == (Status.ERROR, None)
    assert run.parameters["extra_text"] == (
        "Failed, The report took longer than the 0.005 minutes that a run may. Raise run_minutes, "
        "or ask for less at once: one term, fewer files."
    )


def memory_of(settings: Settings) -> str | None:
    lake = settings.tables_of_a_worker
    assert isinstance(lake, Lake)
    return lake.limits.memory


def test_runs_at_a_time_share_the_memory() -> None:
    settings = Settings(workers=2, runs_per_worker=2)
    assert memory_of(settings) == share_of_memory(4)
    assert memory_of(Settings(memory_limit="1GB")) == "1GB"


def test_a_size_without_a_unit_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"memory_limit: .* Write a number and a unit"):
        read_settings(memory_limit="lots")
