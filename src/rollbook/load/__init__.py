"""How data come in: each source is read, checked and written as one snapshot of the lake."""
