"""The working copies into the lake: only what changed is written."""

from __future__ import annotations

from rollbook.canvas.associations import DERIVED
from rollbook.canvas.schema import TABLES, CanvasTable
from rollbook.engines.lake import SCHEMA, schemas_in_lake
from rollbook.load.sis_csv.institution import MEMORY, WORKING_TABLES, Institution, content_of

_EMPTY_TABLES = (
    *("feature_flags", "settings", "institutional_tag_categories", "institutional_tags"),
    "institutional_tag_associations",
)
"""Tables that are empty, not absent: SIS files say all there is to say of them."""


def write_tables(institution: Institution) -> None:
    """Replace the lake's tables by the working copies, and remember the new ids.

    Tables that the load left as they were are not written again. Tables that SIS files cannot
    feed are dropped, so that a report that needs them says so.
    """
    load = institution.load
    changed = [name for name in WORKING_TABLES if _write_table(institution, TABLES[name])]
    present = schemas_in_lake(institution.connection).keys()
    if not institution.kept:
        for name in _EMPTY_TABLES:
            load.clear(name)
        for name in present - {*WORKING_TABLES, *_EMPTY_TABLES, *DERIVED}:
            institution.execute(f'DROP TABLE lake.{SCHEMA}."{name}"')
    if changed or not present >= DERIVED.keys():
        load.derive_associations()
    _remember(institution)


def _write_table(institution: Institution, table: CanvasTable) -> bool:
    """Write a table if it changed, and say whether.

    New and changed rows get the time of the load, the others keep theirs (3.3 step 5).
    """
    key = table.primary_key[0]
    joined = f'"{table.name}" AS new FULL JOIN "old_{table.name}" AS old ON old.{key} = new.{key}'
    differs = f"old.content IS DISTINCT FROM {content_of(table, 'new')}"
    if table.name in institution.kept and not institution.number(
        f"SELECT count(*) FROM {joined} WHERE new.{key} IS NULL OR old.{key} IS NULL OR {differs}"
    ):
        institution.load.rows[table.name] = institution.load.count(table.name)
        return False
    times = {
        "created_at": "coalesce(old.created_at, new.created_at, load_time()) AS created_at",
        "updated_at": f"CASE WHEN old.{key} IS NULL THEN coalesce(new.updated_at, load_time()) "
        f"WHEN {differs} THEN load_time() ELSE old.updated_at END AS updated_at",
    }
    columns = ", ".join(times.get(name, f'new."{name}"') for name in table.column_names)
    institution.execute(
        f"CREATE OR REPLACE TEMP TABLE stamped AS SELECT {columns} FROM {joined} "
        f"WHERE new.{key} IS NOT NULL ORDER BY new.{key}"
    )
    institution.load.replace(table.name, "SELECT * FROM stamped", columns=table.column_names)
    return True


def _remember(institution: Institution) -> None:
    # A load that changes nothing is a snapshot, too: the data are as of now.
    loads = f"lake.{MEMORY}.loads"
    institution.execute(
        f"INSERT INTO {loads} SELECT (SELECT coalesce(max(number), 0) + 1 FROM {loads}), "
        "load_time(), ?, ?",
        [institution.load.source, institution.load.rows],
    )
    ids = f"lake.{MEMORY}.ids"
    if institution.renamed:
        institution.execute(f"CREATE OR REPLACE TABLE {ids} AS SELECT * EXCLUDE (is_new) FROM ids")
    elif institution.number("SELECT count(*) FROM ids WHERE is_new"):
        institution.execute(f"INSERT INTO {ids} SELECT * EXCLUDE (is_new) FROM ids WHERE is_new")
