"""How rows become bytes, and where files are kept."""
