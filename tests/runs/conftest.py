from __future__ import annotations

from api.live import anonymous, as_user, client, large, live
from runs.bench import bench, data

__all__ = ["anonymous", "as_user", "bench", "client", "data", "large", "live"]
