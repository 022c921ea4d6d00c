"""`as_of`: a parameter of the run, whatever its report, that chooses earlier data.

A snapshot's number, or a moment: the newest snapshot loaded at or before it. Reports never see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from rollbook.canvas.accounts import read_account_tree
from rollbook.canvas.tables import Tables
from rollbook.canvas.zones import iso_seconds, zone_of
from rollbook.engines.engine import Engine, Snapshot, Source
from rollbook.engines.lake import snapshot_numbered
from rollbook.errors import BadParameter, EmptyLake, UnknownSnapshot
from rollbook.reports.parameters import Parameters
from rollbook.reports.times import read_time

_NAME = "as_of"


def given_as_of(parameters: Mapping[str, Any]) -> Any:
    """What a run was given as `as_of`; None where nothing was."""
    return Parameters(parameters).given(_NAME)


def without_as_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that are the report's own."""
    return {name: value for name, value in parameters.items() if name != _NAME}


def find_snapshot(as_of: Any, snapshots: Sequence[Snapshot], zone: ZoneInfo) -> Snapshot:
    """The snapshot that `as_of` means.

    Args:
        as_of: a number, or a date or time as `rollbook.reports.times.read_time` reads it.
        snapshots: those there are, oldest first.
        zone: where a time without an offset is at home; a bare date is its midnight there.

    Raises:
        EmptyLake: there is none at all.
        BadParameter: it is neither number nor time.
        UnknownSnapshot: there is no such snapshot, or none so early.
    """
    if not snapshots:
        raise EmptyLake("There are no data yet. Load some first.")
    if _is_number(as_of):
        return snapshot_numbered(int(as_of), snapshots)
    moment = read_time(as_of, zone)
    if moment is None:
        raise BadParameter(
            f"as_of is a snapshot's number, a date or a time, not {as_of!r}. "
            "Write for example 2026-11-25 or 2026-11-25T06:00:00Z."
        )
    early = [snapshot for snapshot in snapshots if snapshot.loaded_at <= moment]
    if not early:
        oldest = iso_seconds(snapshots[0].loaded_at.astimezone(UTC), zone)
        raise UnknownSnapshot(
            f"No data are kept as of {iso_seconds(moment, zone)}: the oldest snapshot, "
            f"{snapshots[0].id}, was loaded at {oldest}."
        )
    return early[-1]


def open_as_of(source: Source, as_of: Any, account: str) -> Engine:
    """A view of the data as `as_of` says; as they are now where it is None.

    Args:
        source: where the tables are.
        as_of: as for `find_snapshot`.
        account: in any id form; the zone of its root account is that of times without an offset.

    Raises:
        BadParameter: the source keeps no earlier data.
        UnknownAccount: there is no such account.
        As `find_snapshot`.
    """
    if as_of is None:
        return source.engine()
    snapshots = source.snapshots()
    zone = zone_of("UTC") if _is_number(as_of) or not snapshots else _zone(source, account)
    return source.engine(find_snapshot(as_of, snapshots, zone).id)


def _is_number(as_of: Any) -> bool:
    text = str(as_of)
    return isinstance(as_of, int | str) and text.isascii() and text.isdigit() and len(text) < 19


def _zone(source: Source, account: str) -> ZoneInfo:
    engine = source.engine()
    try:
        accounts = read_account_tree(Tables(engine), engine)
        return zone_of(accounts.root_of(accounts.find(account)).default_time_zone)
    finally:
        engine.close()
