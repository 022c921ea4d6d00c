"""Rollbook: Canvas account reports over your own copy of the data.

import rollbook

with rollbook.open("rollbook-data") as institution:
result = institution.run("provisioning_csv", {"users": True})
result.write(Path("users.csv"))
frame = result.polars()
"""

from __future__ import annotations

__version__ = "0.1.0"

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rollbook.institution import Institution, Result
    from rollbook.institution import open_institution as open  # noqa: A004 (as pathlib and gzip do)

__all__ = ["Institution", "Result", "open"]


def __getattr__(name: str) -> Any:
    # Only when it is asked for: engines take a second to import, the command line's help need not.
    if name not in __all__:
        raise AttributeError(f"module 'rollbook' has no attribute {name!r}")
    from rollbook import institution  # noqa: PLC0415

    return institution.open_institution if name == "open" else getattr(institution, name)
