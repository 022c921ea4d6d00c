"""How the user who asked wants CSV files (grades_and_outcomes.md, 0.3)."""

from __future__ import annotations

from rollbook.canvas.locales import marks_of
from rollbook.reports.features import user_feature_enabled
from rollbook.reports.scope import Scope


def separator(scope: Scope) -> str:
    """A semicolon where the user chose it, or left it to a locale that writes decimal commas."""
    if user_feature_enabled(scope, "use_semi_colon_field_separators_in_gradebook_exports"):
        return ";"
    left_to_locale = user_feature_enabled(
        scope, "autodetect_field_separators_for_gradebook_exports"
    )
    _, decimal_mark = marks_of(scope.locale)
    return ";" if left_to_locale and decimal_mark == "," else ","


def byte_order_mark(scope: Scope) -> bool:
    """Whether the user wants the mark in front."""
    return user_feature_enabled(scope, "include_byte_order_mark_in_gradebook_exports")
