"""The README's Python, as it stands there."""

from __future__ import annotations

import re
from contextlib import chdir
from pathlib import Path
from typing import Any

import rollbook
from rollbook.load.demo import load_demo

README = Path(__file__).parents[2] / "README.md"


def test_the_example_gives_a_file_and_a_table(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(import rollbook\n.+?)```", README.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    with chdir(tmp_path), rollbook.open("rollbook-data") as institution:
        load_demo(institution.lake, "tiny")
        exec(example, names)  # noqa: S102 (our own manual)
    assert (tmp_path / "provisioning.zip").stat().st_size > 0
    assert len(names["enrollments"]) > 0
