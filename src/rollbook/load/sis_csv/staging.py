"""SIS files into staging tables, one for each kind: `in_users`, `in_courses`, ...

A staging table has the columns `file` (number), `line`, `seq` (the order over all files of the
load), `state` (what the status word means), and the kind's own as text: NULL is nothing to say
(blank, or no such column), empty text is "clear the value".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

import duckdb
import pyarrow as pa

from rollbook.load.checks import BadRow
from rollbook.load.sis_csv.kinds import KINDS, Kind, is_ignored, kind_of
from rollbook.load.sis_csv.parsing import Broken, Row, is_utf8, lines_of, printable, rows_of
from rollbook.load.sis_csv.sources import SisFile

_CHUNK_ROWS = 50_000
_DELETE = "<delete>"


@dataclass
class Staging:
    """The staging tables and the rows refused so far."""

    connection: duckdb.DuckDBPyConnection
    files: list[SisFile] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    """The names of the kinds that files were found of."""
    ignored: list[str] = field(default_factory=list)
    """The names of files that are known and left out, and of empty ones."""
    _rows: int = 0

    def __post_init__(self) -> None:
        self.connection.execute(
            "CREATE TEMP TABLE refused (file INTEGER, line INTEGER, reason VARCHAR)"
        )
        for kind in KINDS:
            columns = ", ".join(f'"{name}" VARCHAR' for name in kind.staged_columns)
            self.connection.execute(
                f"CREATE TEMP TABLE in_{kind.name} "
                f"(file INTEGER, line INTEGER, seq BIGINT, state VARCHAR, {columns})"
            )

    def add(self, file: SisFile) -> None:
        """Read a file into the staging table of its kind."""
        number = len(self.files)
        self.files.append(file)
        lines = lines_of(file.read())
        rows = iter(rows_of(lines))
        first = next(rows, None)
        if first is None:
            self.ignored.append(file.name)
            return
        header, problem = _header(first)
        kind = kind_of(header)
        if not problem and kind is None and is_ignored(header):
            self.ignored.append(file.name)
        elif problem or kind is None:
            self._refuse(number, [Broken(first.line, problem or _unknown_header())])
        else:
            self.kinds.add(kind.name)
            self._add_rows(number, kind, header, rows, clean=_is_clean("".join(lines)))

    def _add_rows(
        self,
        number: int,
        kind: Kind,
        header: Sequence[str],
        rows: Iterable[Row | Broken],
        *,
        clean: bool,
    ) -> None:
        checked = (_checked(row, len(header), clean=clean) for row in rows)
        while chunk := list(islice(checked, _CHUNK_ROWS)):
            good = [row for row in chunk if isinstance(row, Row)]
            self._refuse(number, [row for row in chunk if isinstance(row, Broken)])
            if good:
                self._insert(number, kind, header, good)

    def _insert(self, number: int, kind: Kind, header: Sequence[str], rows: list[Row]) -> None:
        cells = list(zip(*(row.cells for row in rows), strict=True))
        staged = {
            kind.renamed.get(name, name): pa.array(cells[place], pa.string())
            for place, name in enumerate(header)
            if name in kind.columns
        }
        seq = pa.array(range(self._rows, self._rows + len(rows)), pa.int64())
        table = pa.table(
            {"line": pa.array([row.line for row in rows], pa.int32()), "seq": seq, **staged}
        )
        self._rows += len(rows)
        self.connection.register("chunk", table)
        values = ", ".join(f'{_meaning(kind, name)} AS "{name}"' for name in staged)
        self.connection.execute(
            f"INSERT INTO in_{kind.name} BY NAME "
            f"SELECT CAST(? AS INTEGER) AS file, line, seq, {values} FROM chunk",
            [number],
        )
        self.connection.unregister("chunk")

    def check_rows(self) -> None:
        """Refuse rows without a required cell, or with a status that no row of the kind has."""
        for kind in KINDS:
            if kind.name not in self.kinds:
                continue
            for group in kind.required_cells:
                filled = ", ".join(f'"{name}"' for name in group)
                self.refuse_where(
                    f"in_{kind.name}",
                    f"coalesce({filled}, '') = ''",
                    _quoted(f"{' or '.join(group)} is missing"),
                )
            if kind.statuses:
                self._read_statuses(kind)

    def _read_statuses(self, kind: Kind) -> None:
        cases = " ".join(
            f"WHEN starts_with(lower(status), {_quoted(word)}) THEN {_quoted(meaning)}"
            for word, meaning in kind.statuses.items()
        )
        self.connection.execute(f"UPDATE in_{kind.name} SET state = CASE {cases} END")
        words = ", ".join(kind.statuses)
        self.refuse_where(
            f"in_{kind.name}",
            "state IS NULL",
            "CASE WHEN status IS NULL THEN 'status is missing' ELSE 'unknown status ''' || "
            f"left(status, 40) || '''; possible are {words}' END",
        )

    def refuse_where(self, rows: str, condition: str, reason: str) -> int:
        """Refuse the rows of a staged relation that fulfil an SQL condition.

        Args:
            rows: a relation with `file` and `line`.
            condition: SQL over its columns.
            reason: SQL that gives the reason in words.

        Returns:
            How many rows were not refused for this reason before.
        """
        count = self.connection.execute(
            f"INSERT INTO refused SELECT DISTINCT file, line, {reason} FROM {rows} "
            f"WHERE ({condition}) AND NOT EXISTS (SELECT 1 FROM refused r "
            f"WHERE r.file = {rows}.file AND r.line = {rows}.line AND r.reason = {reason})"
        ).fetchone()
        return int(count[0]) if count else 0

    def bad_rows(self) -> list[BadRow]:
        """All refused rows in the order of files and lines, each once with all its reasons."""
        refused = self.connection.execute(
            "SELECT file, line, string_agg(DISTINCT reason, '; ' ORDER BY reason) FROM refused "
            "GROUP BY file, line ORDER BY file, line"
        ).fetchall()
        texts: dict[int, dict[int, str]] = {
            number: _texts(self.files[number]) for number in {row[0] for row in refused}
        }
        return [
            BadRow(self.files[number].name, line, reason, texts[number].get(line, ""))
            for number, line, reason in refused
        ]

    def _refuse(self, number: int, rows: Sequence[Broken]) -> None:
        if not rows:
            return
        lines = pa.array([row.line for row in rows], pa.int32())
        reasons = pa.array([row.reason for row in rows], pa.string())
        self.connection.register("broken", pa.table({"line": lines, "reason": reasons}))
        self.connection.execute(
            "INSERT INTO refused SELECT CAST(? AS INTEGER), line, reason FROM broken", [number]
        )
        self.connection.unregister("broken")


def _header(first: Row | Broken) -> tuple[list[str], str | None]:
    """The column names of a file and what is wrong with them."""
    if isinstance(first, Broken):
        return [], f"the header cannot be read, so the whole file is left out: {first.reason}"
    header = [name.lower() for name in first.cells]
    if not _is_clean("".join(header)):
        return [], "the header is not UTF-8, so the whole file is left out"
    kind = kind_of(header)
    if kind is None:
        return header, None
    twice = sorted({name for name in kind.columns if header.count(name) > 1})
    if twice:
        return header, f"the header names {', '.join(twice)} twice, so the whole file is left out"
    missing = kind.missing_columns(header)
    if missing:
        return header, (
            f"the header of this {kind.name} file lacks {', '.join(missing)}, "
            "so the whole file is left out"
        )
    return header, None


def _unknown_header() -> str:
    return "the header is that of no SIS file, so the whole file is left out"


def _checked(row: Row | Broken, width: int, *, clean: bool) -> Row | Broken:
    if isinstance(row, Broken):
        return row
    if len(row.cells) != width:
        return Broken(row.line, f"{len(row.cells)} cells where the header has {width}")
    if clean or _is_clean("".join(row.cells)):
        return row
    return Broken(row.line, "a NUL character" if is_utf8("".join(row.cells)) else "not UTF-8")


def _is_clean(text: str) -> bool:
    return "\0" not in text and is_utf8(text)


def _meaning(kind: Kind, staged: str) -> str:
    """SQL for what a cell says: NULL nothing, empty text "clear the value"."""
    name = f'"{staged}"'
    if staged in kind.blank_clears:
        return f"CASE {name} WHEN '{_DELETE}' THEN '' ELSE {name} END"
    if staged in kind.delete_clears:
        return f"CASE {name} WHEN '' THEN NULL WHEN '{_DELETE}' THEN '' ELSE {name} END"
    return f"nullif({name}, '')"


def _quoted(text: str) -> str:
    """A text of this program as an SQL literal; never one of a file."""
    return "'" + text.replace("'", "''") + "'"


def _texts(file: SisFile) -> dict[int, str]:
    """The rows of a file as they stand there, by the line they start on."""
    lines = lines_of(file.read())
    return {
        row.line: printable(
            "".join(lines[row.line - 1 : row.last_line if isinstance(row, Row) else row.line])
        ).rstrip("\r\n")
        for row in rows_of(lines)
    }
