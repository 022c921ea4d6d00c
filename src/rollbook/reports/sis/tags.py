"""The three institutional tag files (sis_and_provisioning.md, 4.13)."""

from __future__ import annotations

from collections.abc import Callable

import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.tables import Tables
from rollbook.reports.expressions import prefixed
from rollbook.reports.logins import chosen_logins
from rollbook.reports.report import OutputFile
from rollbook.reports.scope import is_live
from rollbook.reports.sis.export import Export, both, created_by_sis, provisioning

INSTITUTIONAL_TAGS = "institutional_tags"

FileOf = Callable[[Tables, Export], OutputFile]


def _if_enabled(name: str, file: FileOf) -> FileOf:
    """Without the feature a file has an empty header and no rows."""

    def of(tables: Tables, export: Export) -> OutputFile:
        if not export.scope.feature_enabled(INSTITUTIONAL_TAGS):
            return OutputFile(name, columns=(), rows=None)
        return file(tables, export)

    return of


def _categories(tables: Tables, export: Export) -> OutputFile:
    rows = _of_root(tables.institutional_tag_categories, export)
    rows = _kept_by_sis_id(rows, export, sis_demands=rows.sis_source_id.notnull())
    columns = export.columns(
        provisioning("canvas_category_id", _.id),
        both("category_id", _.sis_source_id),
        both("name", _.name),
        both("description", _.description),
        both("status", _.workflow_state),
        provisioning("created_by_sis", created_by_sis(_.sis_batch_id)),
    )
    return OutputFile("institutional_tag_categories", columns, rows.order_by("id"))


def _tags(tables: Tables, export: Export) -> OutputFile:
    rows = _of_root(tables.institutional_tags, export)
    categories = prefixed(
        tables.institutional_tag_categories, "tag_category_", "id", "sis_source_id"
    )
    rows = rows.join(categories, rows.category_id == categories.tag_category_id)
    both_with_sis_id = rows.sis_source_id.notnull() & rows.tag_category_sis_source_id.notnull()
    rows = _kept_by_sis_id(rows, export, sis_demands=both_with_sis_id)
    columns = export.columns(
        provisioning("canvas_tag_id", _.id),
        both("institutional_tag_id", _.sis_source_id),
        provisioning("canvas_category_id", _.category_id),
        both("category_id", _.tag_category_sis_source_id),
        both("name", _.name),
        both("description", _.description),
        both("status", _.workflow_state),
        provisioning("created_by_sis", created_by_sis(_.sis_batch_id)),
    )
    return OutputFile("institutional_tags", columns, rows.order_by("id"))


def _associations(tables: Tables, export: Export) -> OutputFile:
    rows = _of_root(tables.institutional_tag_associations, export)
    rows = rows.filter(rows.user_id.notnull())
    tags = prefixed(tables.institutional_tags, "tag_", "id", "sis_source_id")
    rows = rows.join(tags, rows.institutional_tag_id == tags.tag_id)
    rows = export.kept(
        rows,
        by_default=is_live(rows),
        with_deleted=is_live(rows) | rows.sis_batch_id.notnull(),
        sis_demands=rows.tag_sis_source_id.notnull() & rows.sis_batch_id.notnull(),
        batch_id=rows.sis_batch_id,
    )
    logins = chosen_logins(tables, export.scope)
    rows = rows.join(logins, rows.user_id == logins.login_user_id)
    columns = export.columns(
        provisioning("canvas_tag_id", _.institutional_tag_id),
        both("institutional_tag_id", _.tag_sis_source_id),
        provisioning("canvas_user_id", _.user_id),
        both("user_id", _.login_sis_user_id),
        both("status", _.workflow_state),
        provisioning("created_by_sis", created_by_sis(_.sis_batch_id)),
    )
    return OutputFile("institutional_tag_associations", columns, rows.order_by("id"))


def _of_root(table: ir.Table, export: Export) -> ir.Table:
    return table.filter(table.root_account_id == export.scope.root.id)


def _kept_by_sis_id(rows: ir.Table, export: Export, *, sis_demands: ir.BooleanValue) -> ir.Table:
    return export.kept(
        rows,
        by_default=is_live(rows),
        with_deleted=is_live(rows) | rows.sis_source_id.notnull(),
        sis_demands=sis_demands,
        batch_id=rows.sis_batch_id,
    )


institutional_tag_categories = _if_enabled("institutional_tag_categories", _categories)
institutional_tags = _if_enabled("institutional_tags", _tags)
institutional_tag_associations = _if_enabled("institutional_tag_associations", _associations)
