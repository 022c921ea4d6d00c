"""Accounts, terms, courses and sections (data_sources.md, 3.2)."""
