"""Canvas's own settings: the rows of the table `settings`."""

from __future__ import annotations

from rollbook.canvas.tables import Tables
from rollbook.engines.engine import Engine


def read_setting(tables: Tables, engine: Engine, name: str) -> str | None:
    """The value of a setting; None where the source has no such row, or no such table."""
    if not tables.is_present("settings"):
        return None
    rows = tables.settings.filter(tables.settings.name == name).order_by("id")
    values = [row["value"] for row in engine.rows(rows.select("value").limit(1))]
    return values[0] if values else None
