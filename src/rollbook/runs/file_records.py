"""Which report files there are, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from rollbook.audit import AuditRecord, write_record
from rollbook.runs.model import ReportFile, Run
from rollbook.runs.rows import RUNS, run_of
from rollbook.state.database import Database
from rollbook.state.tables import files, runs


@dataclass(frozen=True)
class Struck:
    """What became of a file that was struck off."""

    bytes_are_needed: bool
    """Whether another file consists of the same bytes, which therefore stay."""


class FileRecords:
    """What the state database knows of report files; their bytes are in a `FileStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run_of_file(self, file_id: int) -> Run | None:
        """The run that wrote a file, deleted ones too; None if the file was deleted."""
        with self._database.reading() as connection:
            query = RUNS.where(files.c.id == file_id)
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else run_of(row)

    def with_files_before(
        self, moments: Mapping[str, datetime], otherwise: datetime | None
    ) -> list[Run]:
        """The runs, deleted ones too, whose file is older than a moment; oldest first.

        Args:
            moments: by report type.
            otherwise: for all other types; None for none of them.
        """
        expired = [
            sa.and_(runs.c.report == report, files.c.created_at < moment)
            for report, moment in moments.items()
        ]
        if otherwise is not None:
            expired.append(
                sa.and_(runs.c.report.not_in(list(moments)), files.c.created_at < otherwise)
            )
        query = RUNS.where(sa.or_(sa.false(), *expired)).order_by(files.c.id)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [run_of(row) for row in rows]

    def strike_off(self, file: ReportFile, record: AuditRecord) -> Struck | None:
        """Strike a file off: every link to it is dead; None if somebody else did it before.

        Args:
            file: the file.
            record: what the audit log keeps of it.
        """
        of_same_bytes = sa.select(files.c.id).where(
            files.c.location == file.location, files.c.deleted_at.is_(None)
        )
        with self._database.writing() as connection:
            # Locked, so that of two who strike off files of the same bytes one sees the other.
            living = set(connection.execute(of_same_bytes.with_for_update()).scalars())
            if file.id not in living:
                return None
            statement = files.update().where(files.c.id == file.id)
            connection.execute(statement.values(deleted_at=record.at))
            write_record(connection, record)
        return Struck(bytes_are_needed=len(living) > 1)

    def number_at(self, location: str) -> int:
        """How many files consist of the bytes at a location."""
        query = sa.select(sa.func.count()).where(
            files.c.location == location, files.c.deleted_at.is_(None)
        )
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def needless_locations(self, struck_off_since: datetime) -> list[str]:
        """Where bytes lie, or lay, that no file needs since it was struck off."""
        living = sa.select(files.c.location).where(files.c.deleted_at.is_(None))
        query = sa.select(files.c.location).where(
            files.c.deleted_at >= struck_off_since, files.c.location.not_in(living)
        )
        with self._database.reading() as connection:
            return list(connection.execute(query.distinct()).scalars())
