"""Where an LTI key's tool shows itself in Canvas (courses_and_tools.md, 7.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.serialized import decode
from rollbook.canvas.tables import Tables
from rollbook.reports.scope import Scope

_CANVAS = "canvas.instructure.com"
_PREFIX = "https://canvas.instructure.com/lti/"
_RENAMED = {"ContentArea": "link_selection", "RichTextEditor": "editor_button"}
# What a message without placements stands for.
_UNNAMED = "link_selection"
# Newest Canvas keeps these messages out of its configurations.
_UNPLACED_MESSAGE = "LtiEulaRequest"

_KNOWN = frozenset(
    {
        "ActivityAssetProcessor",
        "ActivityAssetProcessorContribution",
        "account_navigation",
        "analytics_hub",
        "assignment_edit",
        "assignment_group_menu",
        "assignment_index_menu",
        "assignment_menu",
        "assignment_selection",
        "assignment_view",
        "collaboration",
        "conference_selection",
        "course_assignments_menu",
        "course_home_sub_navigation",
        "course_navigation",
        "course_settings_sub_navigation",
        "discussion_topic_index_menu",
        "discussion_topic_menu",
        "editor_button",
        "file_index_menu",
        "file_menu",
        "global_navigation",
        "homework_submission",
        "link_selection",
        "migration_selection",
        "module_group_menu",
        "module_index_menu",
        "module_index_menu_modal",
        "module_menu",
        "module_menu_modal",
        "post_grades",
        "quiz_index_menu",
        "quiz_menu",
        "resource_selection",
        "similarity_detection",
        "student_context_card",
        "submission_type_selection",
        "tool_configuration",
        "top_navigation",
        "user_navigation",
        "wiki_index_menu",
        "wiki_page_menu",
    }
)
"""The placements that a dynamic registration may name."""


def placements_by_key(tables: Tables, scope: Scope, keys: ir.Table) -> dict[int, list[str]]:
    """The placements of each of the keys (`id`) that has a configuration.

    Of several configurations the oldest counts; a dynamic registration counts before the others.
    """
    found: dict[int, list[str]] = {}
    if tables.is_present("lti_ims_registrations"):
        for row in _of_keys(scope, tables.lti_ims_registrations, keys):
            registration = decode(row["lti_tool_configuration"])
            found.setdefault(row["developer_key_id"], registered_placements(registration))
    if tables.is_present("lti_tool_configurations"):
        for row in _of_keys(scope, tables.lti_tool_configurations, keys):
            placements = configured_placements(decode(row["placements"]), decode(row["settings"]))
            found.setdefault(row["developer_key_id"], placements)
    return found


def _of_keys(scope: Scope, configurations: ir.Table, keys: ir.Table) -> list[dict[str, Any]]:
    chosen = configurations.semi_join(keys, configurations.developer_key_id == keys.id)
    return scope.engine.rows(chosen.order_by(_.id))


def configured_placements(placements: Any, settings: Any) -> list[str]:
    """The placements of a tool configuration: switched off ones and repeated ones too.

    Args:
        placements: the decoded column `placements`; older databases have none.
        settings: the decoded column `settings`, where older databases have them.
    """
    if placements is None:
        placements = _placements_of_canvas(settings)
    return [str(name) for name in _values(placements, "placement") if name is not None]


def _placements_of_canvas(settings: Any) -> Any:
    extensions = _value(settings, "extensions")
    for extension in _dictionaries(extensions):
        if extension.get("platform") == _CANVAS:
            return _value(extension.get("settings"), "placements")
    return None


def registered_placements(registration: Any) -> list[str]:
    """The placements of a dynamic registration: known ones, each once."""
    names = dict.fromkeys(_registered_names(registration))
    return [name for name in names if name in _KNOWN]


def _registered_names(registration: Any) -> Iterator[str]:
    for message in _dictionaries(_value(registration, "messages")):
        if message.get("type") == _UNPLACED_MESSAGE:
            continue
        names = message.get("placements")
        if not isinstance(names, list) or not names:
            yield _UNNAMED
            continue
        for name in map(str, names):
            yield _RENAMED.get(name) or name.removeprefix(_PREFIX)


def _value(mapping: Any, key: str) -> Any:
    return mapping.get(key) if isinstance(mapping, dict) else None


def _values(items: Any, key: str) -> list[Any]:
    return [item.get(key) for item in _dictionaries(items)]


def _dictionaries(items: Any) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
