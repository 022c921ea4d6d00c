"""SIS CSV: the files an institution imports into Canvas, or a `sis_export_csv` result.

Files are found (`sources`), told apart by their headers (`kinds`), read with their line numbers
(`parsing`), put into staging tables (`staging`) and then applied, kind by kind, to a working copy
of the institution (`institution`) that replaces the lake's tables in one snapshot (`loader`).
"""

from rollbook.load.checks import BadRow
from rollbook.load.sis_csv.loader import load_sis_csv
from rollbook.load.sis_csv.options import BUILT_IN_ROLE_IDS, CustomRole, SisOptions

__all__ = ["BUILT_IN_ROLE_IDS", "BadRow", "CustomRole", "SisOptions", "load_sis_csv"]
