"""The examples of docs/api.md, as they stand there, each by its own interpreter."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from api.live import PROVISIONING, LiveServer

MANUAL = Path(__file__).parents[2] / "docs" / "api.md"
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "sh": ("sh", "-eu"),
    "python": (sys.executable,),
    "js": ("node",),
    "powershell": ("pwsh", "-NonInteractive", "-File"),
    "r": ("Rscript",),
}
PROBES: Mapping[str, tuple[str, ...]] = {
    "r": ("Rscript", "-e", "library(httr2); library(jsonlite)"),
}
"""Find out whether the packages of an example are there."""
ENDINGS = {"js": ".mjs", "powershell": ".ps1"}


def examples() -> dict[str, str]:
    text = MANUAL.read_text("utf-8")
    _, _, section = text.partition("## Examples\n")
    section, _, _ = section.partition("\n## ")
    return dict(re.findall(r"```(\w+)\n(.+?)```", section, re.DOTALL))


def ways_to_start() -> str:
    """The commands that all start the same run."""
    text = MANUAL.read_text("utf-8")
    _, _, section = text.partition("\n## Parameters\n")
    return section.partition("```sh\n")[2].partition("```")[0]


def is_there(language: str) -> bool:
    if not shutil.which(COMMANDS[language][0]):
        return False
    probe = PROBES.get(language)
    return not probe or subprocess.run(probe, capture_output=True, check=False).returncode == 0


def test_each_language_has_an_example() -> None:
    assert examples().keys() == COMMANDS.keys()


@pytest.mark.parametrize("language", [name for name in COMMANDS if is_there(name)])
def test_an_example_saves_the_file(live: LiveServer, tmp_path: Path, language: str) -> None:
    script = tmp_path / f"example{ENDINGS.get(language, '')}"
    script.write_text(examples()[language])
    done = subprocess.run(
        [*COMMANDS[language], script],
        cwd=tmp_path,
        env={**os.environ, "ROLLBOOK_URL": live.url, "ROLLBOOK_TOKEN": live.token},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "users.csv").read_text("utf-8").startswith("canvas_user_id,user_id,")


def test_all_ways_to_start_start_the_same_run(idle: LiveServer) -> None:
    commands = ways_to_start().splitlines()
    assert len(commands) == 4
    url = f"{idle.url}{PROVISIONING}"
    # Its answers come in one line each.
    script = "\n".join(f"{command}; echo" for command in commands)
    done = subprocess.run(
        ["sh", "-eu", "-c", script],
        env={**os.environ, "URL": url, "TOKEN": idle.token},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    sent = [json.loads(line)["parameters"] for line in done.stdout.splitlines()]
    assert sent == [{"users": "true"}, {"users": "true"}, {"users": True}, {"users": "true"}]
