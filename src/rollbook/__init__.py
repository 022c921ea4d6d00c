"""Rollbook: Canvas account reports over your own copy of the data."""

__version__ = "0.1.0"
