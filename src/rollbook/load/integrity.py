"""Whether the tables of a lake fit together: keys, references, states.

Real data break Canvas's own constraints, and Canvas Data exports tables at different moments
(data_sources.md, 1 and 2), so that nothing here refuses a load: it is counted and told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import duckdb

from rollbook.canvas.references import KINDS, REFERENCES
from rollbook.canvas.schema import TABLES
from rollbook.canvas.states import STATES
from rollbook.engines.engine import Snapshot
from rollbook.engines.lake import SCHEMA, Lake, schemas_in_lake

_EXAMPLES = 3


@dataclass(frozen=True)
class Orphans:
    """Rows that point to a row that is not there."""

    table: str
    column: str
    target: str
    """The table pointed to."""
    rows: int
    examples: tuple[int, ...]
    """Some of the ids that are not there."""


@dataclass(frozen=True)
class UnknownState:
    """Rows in a state that Canvas does not have."""

    table: str
    column: str
    state: str
    rows: int


@dataclass(frozen=True)
class Integrity:
    """What was found; all empty where everything fits."""

    orphans: tuple[Orphans, ...] = ()
    unknown_states: tuple[UnknownState, ...] = ()
    duplicate_keys: Mapping[str, int] | None = None
    """Rows with the key of another row, by table."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not (self.orphans or self.unknown_states or self.duplicate_keys)

    def sentences(self, tables: Collection[str]) -> list[str]:
        """What was found in some tables, in words."""
        duplicates = self.duplicate_keys or {}
        return [
            *(
                f"{o.table}.{o.column}: {_rows(o.rows, 'points', 'point')} to {o.target} that are not there."
                for o in self.orphans
                if o.table in tables
            ),
            *(
                f"{s.table}.{s.column}: {_rows(s.rows, 'has', 'have')} the state {s.state!r}, "
                "which Canvas does not have."
                for s in self.unknown_states
                if s.table in tables
            ),
            *(
                f"{name}: {_rows(number, 'has', 'have')} the key of another row."
                for name, number in duplicates.items()
                if name in tables
            ),
        ]

    def as_json(self) -> dict[str, Any]:
        """What is kept with a snapshot."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """What was kept with a snapshot."""
        orphans = (Orphans(**{**o, "examples": tuple(o["examples"])}) for o in kept["orphans"])
        return cls(
            orphans=tuple(orphans),
            unknown_states=tuple(UnknownState(**state) for state in kept["unknown_states"]),
            duplicate_keys=kept["duplicate_keys"],
        )


@dataclass(frozen=True)
class _Reference:
    table: str
    column: str
    target: str
    kind: tuple[str, str] | None = None
    """The column that holds the kind of object, and the kind that is meant here."""


def integrity_of(lake: Lake, snapshot: Snapshot) -> Integrity:
    """What does not fit in a snapshot: what its load found, else what is found now."""
    if "integrity" in snapshot.details:
        return Integrity.from_json(snapshot.details["integrity"])
    with lake.reading(snapshot) as connection:
        return check_integrity(connection)


def check_integrity(
    connection: duckdb.DuckDBPyConnection,
    *,
    changed: Collection[str] | None = None,
    earlier: Integrity | None = None,
    changes: Mapping[str, str] | None = None,
) -> Integrity:
    """Look for what does not fit.

    Args:
        connection: sees the lake's tables.
        changed: the tables that changed since `earlier`; all of them if None.
        earlier: what was found before; what no change can have touched is taken from it.
        changes: of changed tables whose other rows stayed as they were, a table of the changes, each
            key once; `meta_deleted` tells which rows are gone. Only changes are looked through where
            all was well before, which they are few of.
    """
    present = {name: schema.names for name, schema in schemas_in_lake(connection).items()}
    touched = set(present) if changed is None or earlier is None else set(changed)
    kept = earlier or Integrity()
    delta = _Delta(connection, changes if earlier and changes else {}, frozenset(touched), kept)
    references = [r for r in _references(present) if _touches(r, touched) and delta.may_break(r)]
    orphans = [o for o in kept.orphans if not {o.table, o.target} & touched and o.table in present]
    orphans += [o for r in references if (o := _orphans(connection, r)) is not None]
    states = [s for s in kept.unknown_states if s.table not in touched and s.table in present]
    for (table, column), known in STATES.items():
        may_differ = table in touched and delta.may_bring_state(table, column, known)
        if may_differ and column in present.get(table, ()):
            states += _unknown_states(connection, table, column, known)
    duplicates = {
        name: number
        for name, number in (kept.duplicate_keys or {}).items()
        if name not in touched and name in present
    }
    for name in filter(delta.may_double_keys, touched & present.keys()):
        if number := count_duplicates(connection, f'lake.{SCHEMA}."{name}"', _key(name)):
            duplicates[name] = number
    return Integrity(
        orphans=tuple(sorted(orphans, key=lambda o: (o.table, o.column, o.target))),
        unknown_states=tuple(states),
        duplicate_keys=duplicates,
    )


@dataclass(frozen=True)
class _Delta:
    """Whether the changes of a load can have broken what was sound before."""

    connection: duckdb.DuckDBPyConnection
    changes: Mapping[str, str]
    touched: frozenset[str]
    earlier: Integrity

    def may_break(self, reference: _Reference) -> bool:
        """Whether rows may point to nothing."""
        if not self._knows(reference.table) or not self._knows(reference.target):
            return True
        known = {(o.table, o.column, o.target) for o in self.earlier.orphans}
        if (reference.table, reference.column, reference.target) in known:
            return True
        return self._rows_without_target(reference) or self._rows_to_what_is_gone(reference)

    def may_bring_state(self, table: str, column: str, known: Collection[str]) -> bool:
        """Whether rows may have a state that Canvas does not have."""
        had = any((s.table, s.column) == (table, column) for s in self.earlier.unknown_states)
        changes = self.changes.get(table)
        if had or changes is None:
            return True
        if not self._has(changes, column):
            return False
        query = f'SELECT DISTINCT "{column}" FROM {changes} WHERE "{column}" IS NOT NULL'
        return any(state not in known for (state,) in self.connection.execute(query).fetchall())

    def may_double_keys(self, table: str) -> bool:
        """Whether rows may have the key of another: changes replace by key."""
        return table not in self.changes or table in (self.earlier.duplicate_keys or {})

    def _knows(self, table: str) -> bool:
        return table not in self.touched or table in self.changes

    def _rows_without_target(self, reference: _Reference) -> bool:
        changes = self.changes.get(reference.table)
        if changes is None or not self._has(changes, reference.column):
            return False
        # A change may leave out the column that tells what kind of object is meant.
        kind = reference.kind if reference.kind and self._has(changes, reference.kind[0]) else None
        where, parameters = _pointing(reference.column, kind)
        pointing = f"FROM {changes} AS pointing WHERE NOT meta_deleted AND {where}"
        if not _first(self.connection, f"SELECT count(*) {pointing}", parameters):
            return False
        lost = f"SELECT count(*) FROM ({_lost_values(reference, pointing)})"
        return bool(_first(self.connection, lost, parameters))

    def _rows_to_what_is_gone(self, reference: _Reference) -> bool:
        changes = self.changes.get(reference.target)
        if changes is None:
            return False
        gone = f"SELECT {_key(reference.target)} FROM {changes} WHERE meta_deleted"
        if not _first(self.connection, f"SELECT count(*) FROM ({gone})", []):
            return False
        where, parameters = _pointing(reference.column, reference.kind)
        lost = (
            f'SELECT count(*) FROM lake.{SCHEMA}."{reference.table}" AS pointing '
            f'WHERE pointing."{reference.column}" IN ({gone}) AND {where}'
        )
        return bool(_first(self.connection, lost, parameters))

    def _has(self, table: str, column: str) -> bool:
        return column in self.connection.table(table).columns


def count_duplicates(connection: duckdb.DuckDBPyConnection, table: str, key: str) -> int:
    """How many rows of a table, given as SQL, have the key of another."""
    row = connection.execute(f"SELECT count({key}), min({key}), max({key}) FROM {table}").fetchone()
    number, first, last = row or (0, None, None)
    if not number:
        return 0
    distinct = f"count(DISTINCT {key})"
    if last - first < min(64 * number, 2**30):
        # Ids lie close together: a bit for each is ten times as quick as a set.
        distinct = f"bit_count(bitstring_agg({key}, {int(first)}, {int(last)}))"
    found = connection.execute(f"SELECT {distinct} FROM {table}").fetchone()
    return int(number) - int(found[0] if found else 0)


def _rows(number: int, verb_of_one: str, verb: str) -> str:
    return f"1 row {verb_of_one}" if number == 1 else f"{number:,} rows {verb}"


def _key(table: str) -> str:
    return TABLES[table].primary_key[0]


def _references(present: Mapping[str, Collection[str]]) -> Iterator[_Reference]:
    for table, columns in REFERENCES.items():
        for column, target in columns.items():
            if column not in present.get(table, ()):
                continue
            if target in TABLES and target in present:
                yield _Reference(table, column, target)
            elif target in present[table]:
                for kind, other in KINDS.items():
                    if other in present:
                        yield _Reference(table, column, other, (target, kind))


def _touches(reference: _Reference, touched: Collection[str]) -> bool:
    return reference.table in touched or reference.target in touched


def _orphans(connection: duckdb.DuckDBPyConnection, reference: _Reference) -> Orphans | None:
    """The rows without a partner."""
    where, parameters = _pointing(reference.column, reference.kind)
    pointing = f'FROM lake.{SCHEMA}."{reference.table}" AS pointing WHERE {where}'
    lost = _lost_values(reference, pointing)
    if not _first(connection, f"SELECT count(*) FROM ({lost})", parameters):
        return None
    connection.execute(f"CREATE OR REPLACE TEMP TABLE lost_values AS {lost}", parameters)
    number = _first(
        connection,
        f'SELECT count(*) {pointing} AND pointing."{reference.column}" IN (FROM lost_values)',
        parameters,
    )
    examples = connection.execute(f"FROM lost_values ORDER BY 1 LIMIT {_EXAMPLES}").fetchall()
    return Orphans(
        table=reference.table,
        column=reference.column,
        target=reference.target,
        rows=number,
        examples=tuple(int(row[0]) for row in examples),
    )


def _lost_values(reference: _Reference, pointing: str) -> str:
    """A query of the values without a partner, of rows given as `FROM ... AS pointing WHERE ...`.

    Values are fewer than rows; and where rows are joined, a large table is at times taken for the
    small one, and does not fit into memory.
    """
    return (
        f'SELECT value FROM (SELECT DISTINCT pointing."{reference.column}" AS value {pointing}) '
        f'ANTI JOIN lake.{SCHEMA}."{reference.target}" AS target '
        f"ON value = target.{_key(reference.target)}"
    )


def _pointing(column: str, kind: tuple[str, str] | None) -> tuple[str, list[object]]:
    """The condition that a row points to something, with its parameters; 0 stands for nothing."""
    pointing = f'pointing."{column}" <> 0'
    return (f'{pointing} AND pointing."{kind[0]}" = ?', [kind[1]]) if kind else (pointing, [])


def _unknown_states(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, known: Collection[str]
) -> list[UnknownState]:
    rows = connection.execute(
        f'SELECT "{column}", count(*) FROM lake.{SCHEMA}."{table}" '
        f'WHERE "{column}" IS NOT NULL GROUP BY ALL ORDER BY ALL'
    ).fetchall()
    return [
        UnknownState(table, column, str(state), number)
        for state, number in rows
        if state not in known
    ]


def _first(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object]) -> int:
    row = connection.execute(sql, list(parameters)).fetchone()
    return int(row[0]) if row else 0
