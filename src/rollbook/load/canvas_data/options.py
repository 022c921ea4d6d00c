"""What a person can choose of a Canvas Data load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class CanvasDataOptions:
    """Settings of a load of Canvas Data 2 files."""

    tables: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Of a table, the files or folders that hold it, as patterns: `{"users": ["dump/u*.csv"]}`."""
    client_logs: Sequence[Path] = ()
    """What the client printed: it says which job folder holds which table."""
    null_is_text: bool = False
    """Read an unquoted NULL of CSV as text: old dumps mean a person of that name."""
    skip_unrecognised: bool = False
    """Leave out files that no table is known for, instead of asking."""
    observers_from_enrollments: bool = False
    """Make `user_observers`, which Canvas Data lacks, of observer enrollments (2.3)."""
    account_settings: Mapping[str, Any] = field(default_factory=dict)
    """The settings of root accounts, which Canvas Data lacks."""
    largest_loss: float | None = None
    """The share of its rows, 0 to 1, that a table may lose; None for any."""
