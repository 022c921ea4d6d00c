"""DuckDB connections, as all parts of Rollbook open them."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb

from rollbook.errors import MemoryExhausted, ResourceError, SpillExhausted
from rollbook.faults import explained


@dataclass(frozen=True)
class DuckLimits:
    """What one DuckDB connection may use of the machine; None leaves DuckDB's default."""

    memory: str | None = None
    """Such as `2GB`."""
    threads: int | None = None
    temporary_folder: Path | None = None
    """Where larger-than-memory work spills to."""
    spill: str | None = None
    """What may lie there at a time, such as `20GB`; by default nine tenths of what is free."""


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
    if limits.spill:
        # Among the options of `connect` it is overwritten by the default.
        connection.execute(f"SET max_temp_directory_size = {quoted(limits.spill)}")
    return connection


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension into the connection's database.

    Raises:
        ModuleNotFoundError: its package is not installed.
    """
    connection.execute(f"LOAD {quoted(_extension_file(name))}")


def share_of_memory(parts: int) -> str:
    """The memory of each of so many connections, if all together get what one gets by default."""
    with duckdb.connect(":memory:") as connection:
        row = connection.execute("SELECT current_setting('memory_limit')").fetchone()
    size, unit = str(row[0] if row else "1 GiB").split()
    return f"{float(size) / parts:.2f}{unit}"


@contextmanager
def naming_limits(limits: DuckLimits) -> Iterator[None]:
    """Errors of DuckDB that say what the machine lacks become ours.

    Raises:
        ResourceError: memory or disk ran out, or a file may not be written.
    """
    try:
        yield
    except duckdb.Error as error:
        if known := reached_limit(error, limits):
            raise known from error
        raise


def reached_limit(error: duckdb.Error, limits: DuckLimits) -> ResourceError | None:
    """What the machine lacks; None if the error is another."""
    if not isinstance(error, duckdb.OutOfMemoryException):
        return explained(error)
    if "max_temp_directory_size" not in str(error):
        has = f"the {limits.memory} it may use" if limits.memory else "there is"
        return MemoryExhausted(
            f"This needs more memory than {has}. Raise "
            "memory_limit, lower threads or runs_per_worker, or ask for less at once: one term, "
            "fewer files."
        )
    if limits.spill is None:
        # Then it may fill the disk.
        return explained(OSError(errno.ENOSPC, str(error)))
    return SpillExhausted(
        f"This needs more temporary disk than the {limits.spill} it may use. Raise spill_limit or "
        "memory_limit, or ask for less at once: one term, fewer files."
    )


@cache
def _extension_file(name: str) -> Path:
    """The extension in its package, for this version of DuckDB."""
    package = files(f"duckdb_extension_{name}")
    file = package / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    return Path(str(file))


def quoted(text: str | Path) -> str:
    """A text as an SQL literal, for statements that take no bound parameters (ATTACH)."""
    return "'" + str(text).replace("'", "''") + "'"
