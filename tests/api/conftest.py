from __future__ import annotations

from api.live import anonymous, as_user, client, idle, large, live, waiting
from engines.postgres_server import canvas_database, postgres_server, shared_canvas_database

__all__ = [
    "anonymous",
    "as_user",
    "canvas_database",
    "client",
    "idle",
    "large",
    "live",
    "postgres_server",
    "shared_canvas_database",
    "waiting",
]
