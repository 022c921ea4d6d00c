"""DuckDB connections, as all parts of Rollbook open them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
from duckdb_extensions import import_extension


@dataclass(frozen=True)
class DuckLimits:
    """What one DuckDB connection may use of the machine; None leaves DuckDB's default."""

    memory: str | None = None
    """Such as `2GB`."""
    threads: int | None = None
    temporary_folder: Path | None = None
    """Where larger-than-memory work spills to."""


def connect(limits: DuckLimits) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB in UTC that can attach a DuckLake with an SQLite catalogue."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if limits.memory:
        config["memory_limit"] = limits.memory
    if limits.threads:
        config["threads"] = limits.threads
    if limits.temporary_folder:
        config["temp_directory"] = str(limits.temporary_folder)
    connection = duckdb.connect(":memory:", config=config)
    for extension in ("ducklake", "sqlite_scanner"):
        import_extension(extension, con=connection)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def quoted(text: str | Path) -> str:
    """A text as an SQL literal, for statements that take no bound parameters (ATTACH)."""
    return "'" + str(text).replace("'", "''") + "'"
