"""Rollbook: Canvas account reports over your own copy of the data.

import rollbook

with rollbook.open("rollbook-data") as institution:
result = institution.run("provisioning_csv", {"users": True})
result.write(Path("users.csv"))
frame = result.polars()
"""

from __future__ import annotations

__version__ = "0.1.0"

from rollbook.institution import Institution, Result
from rollbook.institution import open_institution as open  # noqa: A004 (as pathlib and gzip do)

__all__ = ["Institution", "Result", "open"]
