from __future__ import annotations

from engines.postgres_server import canvas_database, postgres_server, shared_canvas_database

__all__ = ["canvas_database", "postgres_server", "shared_canvas_database"]
