from __future__ import annotations

from api.live import anonymous, as_user, client, idle, large, live, waiting

__all__ = ["anonymous", "as_user", "client", "idle", "large", "live", "waiting"]
