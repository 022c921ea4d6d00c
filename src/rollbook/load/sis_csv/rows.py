"""Staged rows: found among what is there, checked, and taken in turns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rollbook.load.sis_csv.institution import Institution
from rollbook.load.sis_csv.staging import Staging


@dataclass(frozen=True)
class Draft:
    """What a step works on: the institution in the making and the staged rows."""

    institution: Institution
    staging: Staging

    def execute(self, query: str) -> None:
        """Run a statement."""
        self.institution.execute(query)

    def find(self, kind: str, table: str, key: str, *, needed: Sequence[str] = ()) -> None:
        """Make `found_<kind>`: the staged rows and `old_id`, the object they speak of if known.

        Rows of a new object that has no value for a needed column are refused.
        """
        has = "".join(
            f', bool_or(new."{name}" IS NOT NULL) OVER (PARTITION BY new.{key} ORDER BY seq) '
            f"AS has_{name}"
            for name in needed
        )
        self.execute(
            f"CREATE OR REPLACE TEMP TABLE found_{kind} AS SELECT new.*, old.id AS old_id{has} "
            f"FROM in_{kind} new LEFT JOIN {table} old ON old.sis_source_id = new.{key}"
        )
        for name in needed:
            self.refuse(f"found_{kind}", f"old_id IS NULL AND NOT has_{name}", f"{name} is missing")

    def refuse(self, rows: str, condition: str, reason: str, *, naming: str | None = None) -> int:
        """Refuse the rows that fulfil a condition; the reason may end with a cell's content.

        Returns:
            How many rows were refused for this reason now.
        """
        text = "'" + reason.replace("'", "''") + "'"
        return self.staging.refuse_where(
            rows, condition, f"{text} || ' ' || coalesce({naming}, '')" if naming else text
        )

    def refuse_unknown(self, rows: str, column: str, found: str, what: str) -> int:
        """Refuse rows whose cell names something that was not found."""
        return self.refuse(
            rows,
            f"coalesce({column}, '') <> '' AND {found} IS NULL",
            f"there is no {what}",
            naming=column,
        )

    def warn(self, rows: str, condition: str, sentence: str) -> None:
        """Add a warning with the number of the rows that fulfil a condition, and the first place."""
        found = self.institution.connection.execute(
            f"SELECT count(*), min((file, line)) FROM {rows} AS given WHERE ({condition}) "
            "AND NOT EXISTS (SELECT 1 FROM refused "
            "WHERE refused.file = given.file AND refused.line = given.line)"
        ).fetchone()
        if found and found[0]:
            file, line = found[1]
            number = "1 row" if found[0] == 1 else f"{found[0]:,} rows"
            place = f"{self.staging.files[file].name}, line {line}"
            self.institution.warn(f"{number}: {sentence} (first: {place}).")

    def turns(self, rows: str, key: str) -> Iterator[None]:
        """Put the accepted rows into the table `turn`, each key at most once at a time.

        Rows of a key come in the order of the files, so that a later row changes what an earlier
        one did.
        """
        self.execute(
            f"CREATE OR REPLACE TEMP TABLE accepted AS SELECT *, "
            f"row_number() OVER (PARTITION BY {key} ORDER BY seq) AS turn_number "
            f"FROM {rows} ANTI JOIN refused USING (file, line)"
        )
        last = self.institution.number("SELECT max(turn_number) FROM accepted")
        for number in range(1, last + 1):
            self.execute(
                "CREATE OR REPLACE TEMP TABLE turn AS SELECT * EXCLUDE (turn_number) "
                f"FROM accepted WHERE turn_number = {number}"
            )
            yield
