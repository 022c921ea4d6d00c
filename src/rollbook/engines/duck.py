"""DuckDB connections, as all parts of Rollbook open them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb


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
        # Ours are files of installed packages, trusted as the engine itself is. To check their
        # signatures would cost each connection a tenth of a second.
        "allow_unsigned_extensions": True,
    }
    if limits.memory:
        config["memory_limit"] = limits.memory
    if limits.threads:
        config["threads"] = limits.threads
    if limits.temporary_folder:
        config["temp_directory"] = str(limits.temporary_folder)
    connection = duckdb.connect(":memory:", config=config)
    for extension in ("ducklake", "sqlite_scanner"):
        load_extension(connection, extension)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension into the connection's database.

    Raises:
        ModuleNotFoundError: its package is not installed.
    """
    connection.execute(f"LOAD {quoted(_extension_file(name))}")


@cache
def _extension_file(name: str) -> Path:
    """The extension in its package, for this version of DuckDB."""
    package = files(f"duckdb_extension_{name}")
    file = package / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    return Path(str(file))


def quoted(text: str | Path) -> str:
    """A text as an SQL literal, for statements that take no bound parameters (ATTACH)."""
    return "'" + str(text).replace("'", "''") + "'"
