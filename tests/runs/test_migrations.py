"""The migrations make exactly the tables that the code uses."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from rollbook.config import Settings
from rollbook.state.database import open_database
from rollbook.state.tables import metadata


def test_migrated_tables_are_those_of_the_code(kept: Settings) -> None:
    database = open_database(kept)
    with database.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    database.close()
    assert differences == []
