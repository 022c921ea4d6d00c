"""Whether an installation can do its work: the same checks for monitors and for people."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from rollbook.access.institution import Institution
from rollbook.canvas.zones import DEFAULT_ZONE, is_utc, zone_of
from rollbook.config import Settings
from rollbook.engines.lake import Lake
from rollbook.engines.lake_place import LocalPlace
from rollbook.errors import RollbookError
from rollbook.faults import explained
from rollbook.output.files import FileStore, open_files
from rollbook.runs.recovery import Heartbeats
from rollbook.state.database import Database, existing_database, revisions
from rollbook.state.tables import files, runs

_LITTLE = 2 * 1024**3
_TOO_LITTLE = 200 * 1024**2


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    NOTICE = "notice"
    """It works, and somebody should know."""
    WRONG = "wrong"
    """It does not work."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check found."""

    check: str
    level: Level
    text: str
    """What is so."""
    advice: str = ""
    """What to do."""


def examine(settings: Settings) -> Iterator[Finding]:
    """All checks of an installation, whether it serves at the moment or not; nothing is changed."""
    for check in (_check_settings, check_folder):
        finding = check(settings)
        yield finding
        if finding.level is Level.WRONG:
            # The others would fail for the same reason.
            return
    yield check_disk(settings.data)
    yield from _examine_data(settings)
    yield from _examine_state(settings)


def check_data(current: Callable[[], Institution]) -> Finding:
    """Whether there are data to report on."""
    try:
        institution = current()
    except RollbookError as error:
        return Finding(check="data", level=Level.WRONG, text=str(error))
    as_of = f", as of {institution.data_as_of:%Y-%m-%d %H:%M} UTC" if institution.data_as_of else ""
    number = len(institution.accounts.accounts)
    return Finding(
        check="data",
        level=Level.OK if number else Level.WRONG,
        text=f"Snapshot {institution.snapshot} with {number:,} accounts{as_of}.",
        advice="" if number else "Load the table accounts: every report begins with an account.",
    )


def check_workers(heartbeats: Heartbeats) -> Finding:
    """Whether somebody does runs."""
    living = sorted(heartbeats.living())
    return Finding(
        check="workers",
        level=Level.OK if living else Level.NOTICE,
        text=f"At work: {', '.join(living)}." if living else "No worker is at work: runs wait.",
        advice="" if living else "Start `rollbook serve`, or `rollbook worker`.",
    )


def check_disk(folder: Path) -> Finding:
    """Whether there is room for report files, and for what runs put on disk."""
    present = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(present).free
    level = Level.OK if free > _LITTLE else Level.NOTICE if free > _TOO_LITTLE else Level.WRONG
    return Finding(
        check="disk",
        level=level,
        text=f"{free / 1e9:,.1f} GB are free where the data lie.",
        advice="" if level is Level.OK else "Free some space, or move the data to a larger disk.",
    )


def check_folder(settings: Settings) -> Finding:
    """Whether the data folder is there and may be written."""
    folder = settings.data
    if not folder.is_dir():
        if settings.database_url is not None:
            text = f"{folder.absolute()} is not there yet; a worker makes it."
            return Finding(check="folder", level=Level.OK, text=text)
        advice = "Load some data, for example with `rollbook load demo`; or set `data`."
        text = f"There is no folder {folder.absolute()}."
        return Finding(check="folder", level=Level.WRONG, text=text, advice=advice)
    user = os.getuid()
    for place in (folder, folder / "files", folder / "work", folder / "lake"):
        if not place.exists():
            continue
        try:
            tempfile.TemporaryFile(dir=place).close()
        except OSError as error:
            return Finding(
                check="folder",
                level=Level.WRONG,
                text=f"{place.absolute()} cannot be written: {error.strerror}.",
                advice=f"Give it to the user that runs Rollbook: chown -R {user} {place}.",
            )
    return Finding(check="folder", level=Level.OK, text=f"{folder.absolute()} can be written.")


def _check_settings(settings: Settings) -> Finding:
    try:
        number = len(settings.reports.keys())
        kind = type(settings.tables).__name__.lower()
    except RollbookError as error:
        return Finding(check="settings", level=Level.WRONG, text=str(error))
    text = f"They can be used; {number} report types over a {kind}."
    return Finding(check="settings", level=Level.OK, text=text)


def _examine_data(settings: Settings) -> Iterator[Finding]:
    tables = settings.tables
    if isinstance(tables, Lake) and isinstance(tables.place, LocalPlace):
        damage = _damage(tables.place.catalogue)
        if damage:
            yield damage
            return
    try:
        engine = tables.engine()
    except RollbookError as error:
        yield Finding(check="data", level=Level.WRONG, text=str(error))
        return
    with closing(engine):
        institution = Institution(engine)
        yield check_data(lambda: institution)
        if institution.accounts.accounts:
            yield _check_zone(institution.accounts.default_root().default_time_zone)


def _check_zone(name: str | None) -> Finding:
    try:
        ZoneInfo(DEFAULT_ZONE)
    except ZoneInfoNotFoundError:
        return Finding(
            check="time zone",
            level=Level.WRONG,
            text="This machine has no data of time zones.",
            advice="Install them: the package tzdata of the system, or `pip install tzdata`.",
        )
    zone = zone_of(name)
    if is_utc(zone) and name not in ("UTC", "Etc/UTC"):
        return Finding(
            check="time zone",
            level=Level.NOTICE,
            text=f"The root account's zone {name!r} is none that Canvas has; times print in UTC.",
            advice="Correct accounts.default_time_zone, for example America/New_York.",
        )
    return Finding(check="time zone", level=Level.OK, text=f"Times print in {zone.key}.")


def _examine_state(settings: Settings) -> Iterator[Finding]:
    local = ("state.sqlite", "jobs.sqlite") if settings.database_url is None else ()
    for name in local:
        if damage := _damage(settings.data / name):
            yield damage
            return
    try:
        database = existing_database(settings)
    except RollbookError as error:
        yield Finding(check="database", level=Level.WRONG, text=str(error))
        return
    if database is None:
        text = "There is no state yet; the first start of `rollbook serve` makes it."
        yield Finding(check="database", level=Level.NOTICE, text=text)
        return
    try:
        known, newest = revisions(database)
        yield _check_revision(known, newest)
        if known == newest:
            yield _check_clock(database)
            yield check_workers(Heartbeats(database))
            yield _check_store(database, open_files(settings))
    except RollbookError as error:
        yield Finding(check="database", level=Level.WRONG, text=str(error))
    finally:
        database.close()


def _damage(path: Path) -> Finding | None:
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            found = str(opened.execute("PRAGMA quick_check").fetchone()[0])
    except sqlite3.Error as error:
        found = str(explained(error) or error)
    if found == "ok":
        return None
    return Finding(
        check="database",
        level=Level.WRONG,
        text=f"{path.name} cannot be used: {found}",
        advice="Stop Rollbook, and restore the file from a backup.",
    )


def _check_revision(known: str | None, newest: str) -> Finding:
    if known == newest:
        return Finding(check="database", level=Level.OK, text="It is whole and up to date.")
    return Finding(
        check="database",
        level=Level.NOTICE,
        text=f"It has the form {known} of another release; this one uses {newest}.",
        advice="The next start of `rollbook serve` brings an older one up to date.",
    )


def _check_clock(database: Database) -> Finding:
    with database.reading() as connection:
        newest = connection.execute(sa.select(runs.c.created_at).order_by(runs.c.id.desc())).first()
    now = datetime.now(UTC)
    if newest and newest.created_at > now + timedelta(minutes=5):
        return Finding(
            check="clock",
            level=Level.WRONG,
            text=f"The clock says {now:%Y-%m-%d %H:%M} UTC, and the last run was started later.",
            advice="Set the clock, and have it kept right (NTP): links and tokens expire by it.",
        )
    return Finding(check="clock", level=Level.OK, text=f"It is {now:%Y-%m-%d %H:%M} UTC.")


def _check_store(database: Database, store: FileStore) -> Finding:
    kept = sa.select(files.c.location, files.c.size).where(files.c.deleted_at.is_(None))
    with database.reading() as connection:
        expected = {row.location: row.size for row in connection.execute(kept)}
    with_size = store.sizes()
    lost = [name for name, size in expected.items() if with_size.get(name) != size]
    return Finding(
        check="store",
        level=Level.WRONG if lost else Level.OK,
        text=f"{len(lost)} of {len(expected)} report files are missing or cut short."
        if lost
        else f"{len(expected)} report files.",
        advice="Bring them back from a backup, or run the reports again." if lost else "",
    )
