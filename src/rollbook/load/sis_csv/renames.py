"""change_sis_id.csv: objects get other SIS ids before all other files (data_sources.md, 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rollbook.load.sis_csv.rows import Draft


@dataclass(frozen=True)
class _Renamable:
    table: str
    column: str = "sis_source_id"
    has_integration_id: bool = True


_TYPES = {
    "account": _Renamable("accounts"),
    "term": _Renamable("enrollment_terms"),
    "course": _Renamable("courses"),
    "section": _Renamable("course_sections"),
    "group": _Renamable("groups", has_integration_id=False),
    "group_category": _Renamable("group_categories", has_integration_id=False),
    "user": _Renamable("pseudonyms", "sis_user_id"),
}


class _Change(NamedTuple):
    file: int
    line: int
    old: str | None
    new: str | None
    old_integration: str | None
    new_integration: str | None


class _Names:
    """The SIS ids and integration ids of a table, in both directions, as changes go on."""

    def __init__(self, draft: Draft, kind: _Renamable) -> None:
        integration = "integration_id" if kind.has_integration_id else "NULL"
        rows = draft.institution.connection.execute(
            f"SELECT id, {kind.column}, {integration} FROM {kind.table} "
            f"WHERE {kind.column} IS NOT NULL"
        ).fetchall()
        self.kind = kind
        self.sis: dict[str, int] = {sis: number for number, sis, _ in rows}
        self.integration: dict[str, int] = {key: number for number, _, key in rows if key}

    def apply(self, change: _Change) -> str | None:
        """Make a change; gives the reason if it cannot be made."""
        if change.old is not None:
            number = self.sis.get(change.old)
        else:
            number = self.integration.get(change.old_integration or "")
        if number is None:
            # Made by an earlier load of the same file.
            done = change.new is not None and change.new in self.sis
            return (
                None if done else f"there is no such object: {change.old or change.old_integration}"
            )
        if change.new is not None and self.sis.get(change.new, number) != number:
            return f"the new id is taken: {change.new}"
        if change.new_integration is not None and not self.kind.has_integration_id:
            return "objects of this type have no integration id"
        if self.integration.get(change.new_integration or "", number) != number:
            return f"the new integration id is taken: {change.new_integration}"
        self._rename(number, change)
        return None

    def _rename(self, number: int, change: _Change) -> None:
        if change.new is not None:
            self.sis = {sis: key for sis, key in self.sis.items() if key != number}
            self.sis[change.new] = number
        if change.new_integration is not None:
            self.integration = {k: v for k, v in self.integration.items() if v != number}
            if change.new_integration:
                self.integration[change.new_integration] = number


def rename(draft: Draft) -> None:
    """Change SIS ids and integration ids row by row, each seeing what those before it did."""
    draft.refuse(
        "in_change_sis_id",
        f"lower(type) NOT IN ({', '.join(repr(name) for name in _TYPES)})",
        "unknown type",
        naming="left(type, 40)",
    )
    for name, kind in _TYPES.items():
        changes = draft.institution.connection.execute(
            "SELECT file, line, old_id, new_id, old_integration_id, new_integration_id "
            "FROM in_change_sis_id ANTI JOIN refused USING (file, line) "
            "WHERE lower(type) = ? ORDER BY seq",
            [name],
        ).fetchall()
        if changes:
            _rename_objects(draft, kind, [_Change(*change) for change in changes])


def _rename_objects(draft: Draft, kind: _Renamable, changes: list[_Change]) -> None:
    names = _Names(draft, kind)
    reasons = ((change, names.apply(change)) for change in changes)
    refused = [(change.file, change.line, reason) for change, reason in reasons if reason]
    connection = draft.institution.connection
    if refused:
        connection.executemany("INSERT INTO refused VALUES (?, ?, ?)", refused)
    draft.execute(
        "CREATE OR REPLACE TEMP TABLE renamed (id BIGINT, sis VARCHAR, integration VARCHAR)"
    )
    integrations = {number: key for key, number in names.integration.items()}
    rows = [(number, sis, integrations.get(number)) for sis, number in names.sis.items()]
    connection.executemany("INSERT INTO renamed VALUES (?, ?, ?)", rows)
    _write(draft, kind)


def _write(draft: Draft, kind: _Renamable) -> None:
    integration = ", integration_id = renamed.integration" if kind.has_integration_id else ""
    tables = [kind.table, *(["users"] if kind.table == "pseudonyms" else [])]
    draft.execute(
        f"CREATE OR REPLACE TEMP TABLE moved AS SELECT old.{kind.column} AS old, renamed.sis AS new "
        f"FROM renamed JOIN {kind.table} old ON old.id = renamed.id "
        f"WHERE old.{kind.column} <> renamed.sis"
    )
    draft.execute(
        f"UPDATE {kind.table} AS old SET {kind.column} = renamed.sis{integration} FROM renamed "
        f"WHERE renamed.id = old.id"
    )
    for table in tables:
        # A remembered id whose object is there no longer gives its SIS id away.
        draft.execute(
            f"UPDATE ids SET key = CASE WHEN key IN (SELECT old FROM moved) "
            f"THEN (SELECT any_value(new) FROM moved WHERE moved.old = ids.key) END "
            f"WHERE table_name = '{table}' AND origin = 'sis' "
            "AND (key IN (SELECT old FROM moved) OR key IN (SELECT new FROM moved))"
        )
    draft.institution.renamed = True
