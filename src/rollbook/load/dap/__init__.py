"""Canvas Data 2 from DAP, its HTTP service (data_sources.md, 2.4 to 2.9).

`client` speaks the routes, `downloads` keeps on disk what has come of each table, `sync` decides
what to ask for and hands the files to `rollbook.load.canvas_data`.
"""
