from __future__ import annotations

from api.live import anonymous, as_user, client, large, live

__all__ = ["anonymous", "as_user", "client", "large", "live"]
