from __future__ import annotations

import gc
import os

# One process for each core runs the tests: engines with more threads would wait for each other.
os.environ["ROLLBOOK_THREADS"] = "1"

# Query plans are built of many small objects that live as long as the run.
gc.set_threshold(100_000, 50, 100)
