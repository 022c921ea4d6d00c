"""Makes `src/rollbook/reports/examples.json` anew: `python tests/reports/make_examples.py`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from conformance.cells import read_files  # noqa: E402
from reports.test_demo_reports import NOW, SWEEPS  # noqa: E402

import rollbook  # noqa: E402
from rollbook.load.demo import load_demo  # noqa: E402

ROWS = 3


def main() -> None:
    examples = {}
    with tempfile.TemporaryDirectory() as folder, rollbook.open(folder) as institution:
        load_demo(institution.lake, "tiny", NOW)
        for report, (parameters, _) in SWEEPS.items():
            found = read_files(institution.run(report, parameters, now=NOW).write(Path(folder)))
            name, (header, *rows) = next(iter(found.items()))
            examples[report] = {
                "file": name.removesuffix(".csv"),
                "header": header,
                "rows": [[cell or "" for cell in row] for row in rows[:ROWS]],
            }
    target = ROOT / "src" / "rollbook" / "reports" / "examples.json"
    target.write_text(json.dumps(examples, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
