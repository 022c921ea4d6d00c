"""The demo institution: an invented university, generated inside DuckDB in any of four sizes."""

from rollbook.load.demo.institution import load_demo
from rollbook.load.demo.scale import SCALES, Scale

__all__ = ["SCALES", "Scale", "load_demo"]
