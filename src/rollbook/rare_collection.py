"""Makes Python look for garbage rarely; imported first by the programs that start processes.

Libraries and query plans are many small objects that live as long as their use: to look through
them again and again takes a seventh of a start, and finds nothing.
"""

from __future__ import annotations

import gc

gc.set_threshold(100_000, 50, 100)
