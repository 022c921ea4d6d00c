"""Disks that get full: a mounted one of a few megabytes, or a limit on the size of files."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_SIZE = "24m"


@dataclass(frozen=True)
class SmallDisk:
    """A folder on a disk that can be filled."""

    folder: Path
    is_mounted: bool

    @contextmanager
    def full(self) -> Iterator[None]:
        """While the block works nothing more can be written."""
        with self._filled() if self.is_mounted else self._limited():
            yield

    @contextmanager
    def _filled(self) -> Iterator[None]:
        ballast = self.folder / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while file.write(b"0" * 4096):
                    pass
            except OSError:
                yield
        ballast.unlink()

    @contextmanager
    def _limited(self) -> Iterator[None]:
        # Writes beyond it fail as on a full disk; Python ignores the signal.
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(params=["mounted", "limited"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk]:
    """A small disk; where tests may not mount one, the limit serves for both."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tests", str(folder)]
    is_mounted = request.param == "mounted" and _succeeds(mount)
    yield SmallDisk(folder, is_mounted)
    if is_mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
