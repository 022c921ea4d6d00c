"""Canvas Data 2: what `dap snapshot` and `dap incremental` write (data_sources.md, 2).

Files are found (`places`), told apart (`formats`, `recognition`, `discovery`), unpacked and looked
through (`texts`), read as rows of Canvas's tables (`reading`, `columns`) and merged into the lake
table by table (`tables`), all of it in one snapshot (`loader`).
"""

from rollbook.load.canvas_data.loader import load_canvas_data, tables_complete_until
from rollbook.load.canvas_data.options import CanvasDataOptions

__all__ = ["CanvasDataOptions", "load_canvas_data", "tables_complete_until"]
