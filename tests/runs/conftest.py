from __future__ import annotations

from api.live import anonymous, as_user, client, large, live
from runs.bench import bench, data
from runs.small_disk import disk

__all__ = ["anonymous", "as_user", "bench", "client", "data", "disk", "large", "live"]
