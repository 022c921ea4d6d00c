"""Runs commands in turn and measures each as a process: seconds and peak memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Measurement:
    """One command over several runs."""

    seconds: list[float]
    peak_megabytes: float

    @property
    def median_seconds(self) -> float:
        return median(self.seconds)


def in_turn(commands: dict[str, Sequence[str]], runs: int) -> dict[str, Measurement]:
    """Measure commands A B A B ..., after one run of each that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    peaks: dict[str, float] = dict.fromkeys(commands, 0.0)
    for number in range(runs + 1):
        for name, command in commands.items():
            elapsed, peak = once(command)
            if number:
                seconds[name].append(elapsed)
                peaks[name] = max(peaks[name], peak)
    return {name: Measurement(seconds[name], peaks[name]) for name in commands}


def once(command: Sequence[str]) -> tuple[float, float]:
    """Measure a command: seconds, and the most megabytes that it held."""
    # The command prints the seconds of its own work, without the start of the interpreter.
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command} ended with status {status}")
    printed = output.strip().splitlines()
    elapsed = float(printed[-1]) if printed else time.monotonic() - started
    return elapsed, usage.ru_maxrss / 1024


def own_peak_megabytes() -> float:
    """The most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
