"""One file of a report as Parquet, typed; times are UTC."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from rollbook.institution import Result


def write_parquet(result: Result, target: Path) -> int:
    """Write a report that has one file as Parquet; gives the number of rows.

    Raises:
        BadParameter: the report has several files.
    """
    rows = result.arrow()
    with tempfile.TemporaryDirectory(prefix=".rollbook-", dir=target.parent) as aside:
        whole = Path(aside) / "report.parquet"
        pq.write_table(rows, whole)
        whole.replace(target)
    return int(rows.num_rows)
