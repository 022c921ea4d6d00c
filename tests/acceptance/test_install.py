"""A newcomer's installation: a wheel into a fresh environment gives a working command."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_pip_install_gives_a_working_command(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, symlinks=True)
    python, rollbook = environment / "bin" / "python", environment / "bin" / "rollbook"
    pip = (
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "--quiet",
        "--disable-pip-version-check",
    )
    run(
        *pip,
        "install",
        "--no-compile",
        "--constraint",
        ROOT / "constraints.txt",
        ROOT,
        folder=tmp_path,
    )
    assert run(rollbook, "--version", folder=tmp_path).startswith("rollbook ")
    run(rollbook, "load", "demo", "--scale", "tiny", folder=tmp_path)
    run(rollbook, "run", "provisioning_csv", "-p", "users=true", "-o", "users.csv", folder=tmp_path)
    assert (tmp_path / "users.csv").read_text("utf-8").startswith("canvas_user_id,user_id,")


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    run(
        *(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT),
        folder=tmp_path,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = run(sys.executable, "-m", "zipfile", "--list", wheel, folder=tmp_path)
    assert "rollbook/canvas/schema.json" in names
    assert "rollbook/state/migrations/env.py" in names
    assert "tests/" not in names
