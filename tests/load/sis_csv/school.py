"""A school for tests: SIS files given as text go in, rows of tables come out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from rollbook.canvas.tables import Tables
from rollbook.engines.duck import DuckLimits
from rollbook.engines.lake import Lake, LakeEngine
from rollbook.errors import BadRows
from rollbook.load.checks import BadRow
from rollbook.load.loading import LoadSummary
from rollbook.load.sis_csv import SisOptions, load_sis_csv

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)

USERS = "user_id,login_id,full_name,status\n"
COURSES = "course_id,short_name,long_name,account_id,term_id,status\n"
SECTIONS = "section_id,course_id,name,status\n"
ENROLLMENTS = "course_id,section_id,user_id,role,status\n"

ANA = USERS + "ana,ana@x,Ana Sol,active\n"
ANA_AND_BEN = ANA + "ben,ben@x,Ben Orr,active\n"
ART = COURSES + "art,ART,Art,,,active\n"
ART_AND_BIO = ART + "bio,BIO,Biology,,,active\n"
ART_1 = SECTIONS + "art-1,art,Art One,active\n"
IN_ART = ENROLLMENTS + ",art-1,ana,student,active\n"


class School:
    """A lake, and SIS files to load into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lake = Lake(folder, DuckLimits(threads=1))
        self._engine: LakeEngine
        self._snapshot = 0

    def load(
        self, files: Mapping[str, str | bytes], *, now: datetime = NEW_YEAR, **options: Any
    ) -> LoadSummary:
        """Load files given by name (without `.csv`) and content."""
        return load_sis_csv(self.lake, [self.write(files)], SisOptions(now=now, **options))

    def write(self, files: Mapping[str, str | bytes]) -> Path:
        """Write files into a new folder."""
        folder = self.folder / f"sis-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        for name, content in files.items():
            data = dedent(content).encode() if isinstance(content, str) else content
            (folder / f"{name}.csv").write_bytes(data)
        return folder

    def refused(self, files: Mapping[str, str | bytes], **options: Any) -> list[tuple[Any, ...]]:
        """The file, line and reason of each row for which a load is refused."""
        with pytest.raises(BadRows) as error:
            self.load(files, **options)
        rows: tuple[BadRow, ...] = error.value.rows
        return [(row.file, row.line, row.reason) for row in rows]

    def tables(self) -> Tables:
        """The canonical tables as the latest snapshot has them."""
        latest = self.lake.snapshots()[-1].id
        if self._snapshot != latest:
            self.close()
            self._engine = self.lake.engine()
            self._snapshot = latest
        return Tables(self._engine)

    def close(self) -> None:
        """Close the view of the latest snapshot."""
        if self._snapshot:
            self._engine.close()

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Some columns of a table as the latest snapshot has them, in the order of ids."""
        expression = getattr(self.tables(), table)
        key = "enrollment_id" if table == "enrollment_states" else "id"
        found = self._engine.rows(expression.order_by(key).select(*columns))
        return [tuple(row[column] for column in columns) for row in found]

    def values(self, table: str, column: str) -> list[Any]:
        """One column of a table."""
        return [value for (value,) in self.rows(table, column)]
