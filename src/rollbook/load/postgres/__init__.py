"""Canvas's Postgres, or a database that Canvas Data 2's client fills (data_sources.md, 4 and 2.8).

What is there and how it becomes Canvas's tables is told by `rollbook.engines.postgres`, as for
reports that read such a database directly; here it is copied into the lake.
"""

from rollbook.load.postgres.loader import PostgresOptions, load_postgres

__all__ = ["PostgresOptions", "load_postgres"]
