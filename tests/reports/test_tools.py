"""Rules of the reports of tools, portfolios and keys that no case shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conformance.cells import Row, parse
from engines.filled_lake import institution_with

import rollbook
from rollbook.reports.execution import Product
from rollbook.reports.tools.placements import configured_placements, registered_placements

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
# 1 holds 2, which holds 3; below the deleted 4 lies 5.
ACCOUNTS = [
    {"id": 1, "name": "Northgate", "workflow_state": "active"},
    {"id": 2, "name": "Arts", "parent_account_id": 1, "root_account_id": 1},
    {"id": 3, "name": "Dance", "parent_account_id": 2, "root_account_id": 1},
    {"id": 4, "name": "Old", "parent_account_id": 2, "root_account_id": 1},
    {"id": 5, "name": "Older", "parent_account_id": 4, "root_account_id": 1},
]
for account in ACCOUNTS:
    account["workflow_state"] = "deleted" if account["id"] == 4 else "active"


def produce(
    folder: Path,
    report: str,
    parameters: dict[str, Any] | None = None,
    *,
    account: str = "1",
    settings_: dict[str, Any] | None = None,
    **tables: Any,
) -> Product:
    given = {"accounts": ACCOUNTS, **tables}
    with institution_with(folder / "data", given, **settings_ or {}) as institution:
        return institution.run(report, parameters, account=account, now=NOW).produce(folder)


def rows(product: Product) -> list[Row]:
    return parse(product.file.read_text("utf-8"))[1:]


def column(product: Product, header: str) -> list[str | None]:
    headers, *rest = parse(product.file.read_text("utf-8"))
    return [row[headers.index(header)] for row in rest]


def tool(id_: int, context_type: str, context_id: int, **columns: Any) -> dict[str, Any]:
    context = {"context_type": context_type, "context_id": context_id}
    return {"id": id_, **context, "workflow_state": "public", **columns}


def key(id_: int, account_id: int | None, **columns: Any) -> dict[str, Any]:
    switches = {"visible": True, "is_lti_key": False, "workflow_state": "active"}
    return {"id": id_, "account_id": account_id, **switches, **columns}


def bindings(*rows: tuple[int, int, str]) -> list[dict[str, Any]]:
    names = ("account_id", "developer_key_id", "workflow_state")
    return [{"id": n, **dict(zip(names, row, strict=True))} for n, row in enumerate(rows, 1)]


@pytest.fixture(scope="module")
def tools_everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rollbook.Institution]:
    courses = [
        {"id": id_, "account_id": account_id, "root_account_id": 1, "workflow_state": "available"}
        for id_, account_id in ((40, 4), (41, 5))
    ]
    tools = [
        tool(1, "Account", 2),
        tool(2, "Account", 4),
        tool(3, "Account", 5),
        tool(4, "Course", 40),
        tool(5, "Course", 41),
        tool(6, "Group", 2),
        tool(7, "Account", 99),
    ]
    given = {"accounts": ACCOUNTS, "courses": courses, "context_external_tools": tools}
    with institution_with(tmp_path_factory.mktemp("tools"), given) as institution:
        yield institution


@pytest.mark.parametrize(
    ("account", "include_deleted", "tools"),
    [
        # Account 5 is live, though the one above it is deleted.
        ("1", False, ["1", "3", "5"]),
        ("1", True, ["1", "2", "3", "4", "5"]),
        # The way down from 2 ends at a deleted account, that of courses does not.
        ("2", False, ["1", "5"]),
        ("2", True, ["1", "4", "5"]),
        ("4", False, ["3", "5"]),
    ],
)
def test_deleted_accounts_hide_their_tools(
    tools_everywhere: rollbook.Institution,
    tmp_path: Path,
    account: str,
    include_deleted: bool,
    tools: list[str],
) -> None:
    """Only a tool's own account, or the own account of its course, is looked at."""
    parameters = {"include_deleted": include_deleted}
    run = tools_everywhere.run("lti_report_csv", parameters, account=account, now=NOW)
    product = run.produce(tmp_path)
    assert column(product, "tool_id") == tools
    assert product.extra_text == ("Include Deleted/Concluded Objects;" if include_deleted else "")


# Settings of a tool, then what its fields print in Ruby before 3.4 and since.
FIELDS: list[tuple[Any, str | None, str | None]] = [
    (None, None, None),
    ("---\ncustom_fields: \n", None, None),
    ("--- broken: [", None, None),
    ("---\n:custom_fields: {}\n", "{}", "{}"),
    ("---\n:custom_fields: ''\n", "", ""),
    ({"custom_fields": "a=1\nb=2"}, "a=1\nb=2", "a=1\nb=2"),
    ({"custom_fields": {"k": "v", "n": 1}}, '{"k"=>"v", "n"=>1}', '{"k" => "v", "n" => 1}'),
    ("---\n:custom_fields: &1\n  :again: *1\n", None, None),
    ({"icon_url": "custom_fields"}, None, None),
    ({":custom_fields": {"k": ":v"}}, '{"k"=>":v"}', '{"k" => ":v"}'),
]


@pytest.mark.parametrize("spaced", [False, True])
def test_custom_fields_print_as_the_text_of_a_dictionary(tmp_path: Path, spaced: bool) -> None:
    """Text prints as it is; what holds itself or cannot be read, as nothing."""
    tools = [tool(id_, "Account", 1, settings=row[0]) for id_, row in enumerate(FIELDS, 1)]
    product = produce(
        tmp_path,
        "lti_report_csv",
        settings_={"spaced_hash_arrows": spaced},
        context_external_tools=tools,
    )
    assert column(product, "custom_fields") == [row[2 if spaced else 1] for row in FIELDS]


def test_a_portfolio_prints_unknown_facts_as_empty_texts(tmp_path: Path) -> None:
    """A deleted enrollment elsewhere keeps its author out; a deleted login counts."""
    product = produce(
        tmp_path,
        "eportfolio_report_csv",
        {"include_deleted": "1", "no_enrollments": "on"},
        account="2",
        users=[{"id": n, "name": None, "workflow_state": "registered"} for n in (1, 2)],
        pseudonyms=[
            {"id": n, "user_id": n, "account_id": 1, "workflow_state": "deleted"} for n in (1, 2)
        ],
        enrollments=[{"id": 1, "user_id": 2, "workflow_state": "deleted"}],
        eportfolios=[
            {"id": 5, "user_id": 1, "workflow_state": "deleted"},
            {"id": 6, "user_id": 2, "workflow_state": "deleted"},
            {"id": 7, "user_id": 1, "workflow_state": "active"},
        ],
    )
    assert rows(product) == [(None, "5", None, "1", None, None, "", "", "", "deleted")]
    assert product.extra_text == (
        "Include Deleted/Concluded Objects; Only users with no enrollments"
    )


def test_a_sub_account_inherits_the_visible_keys_of_site_admin_and_of_the_root(
    tmp_path: Path,
) -> None:
    """Its own keys come first, visible or not; those of accounts in between never."""
    keys = [
        key(1, 1),
        key(2, 1, visible=False),
        key(3, 2),
        key(4, None, workflow_state="inactive"),
        key(5, 3, visible=False),
        key(6, 5),
        key(7, 3, workflow_state="deleted"),
        key(8, 1, is_lti_key=None),
    ]
    product = produce(tmp_path, "developer_key_report_csv", account="3", developer_keys=keys)
    assert column(product, "Global ID") == ["5", "4", "1", "8"]
    inherited = column(product, "Inherited from Parent Account")
    assert inherited == ["false", "true", "true", "true"]
    assert product.extra_text == ""


def test_the_explicit_state_nearest_the_top_is_a_keys_status(tmp_path: Path) -> None:
    """Site admin decides about its own keys alone, and accounts beside the way about none."""
    product = produce(
        tmp_path,
        "developer_key_report_csv",
        account="3",
        settings=[{"id": 1, "name": "site_admin_account_id", "value": "9"}],
        developer_keys=[key(id_, 1) for id_ in (1, 2, 3, 4)] + [key(5, None)],
        developer_key_account_bindings=bindings(
            (3, 1, "on"),
            (2, 1, "off"),
            (1, 1, "allow"),
            (3, 2, "on"),
            (5, 3, "on"),
            (9, 4, "off"),
            (1, 5, "on"),
            (9, 5, "off"),
        ),
    )
    status = dict(zip(column(product, "Global ID"), column(product, "Status"), strict=True))
    assert status == {"1": "Off", "2": "On", "3": "Allow", "4": "Allow", "5": "Off"}


def test_a_dynamic_registration_stands_before_a_tool_configuration(tmp_path: Path) -> None:
    """With a shard, ids are those across shards."""
    registration = {"messages": [{"type": "LtiResourceLinkRequest"}]}
    product = produce(
        tmp_path,
        "developer_key_report_csv",
        settings_={"shard": 3},
        developer_keys=[key(1, 1), key(2, 1, scopes=["a#{b}"]), key(3, 1)],
        lti_tool_configurations=[
            {"id": 1, "developer_key_id": 1, "placements": [{"placement": "file_menu"}]},
            {"id": 2, "developer_key_id": 2, "placements": [{"placement": "anything"}]},
            {"id": 3, "developer_key_id": 3, "placements": [{"placement": "file_menu"}]},
        ],
        lti_ims_registrations=[
            {"id": 1, "developer_key_id": 1, "lti_tool_configuration": registration},
            {"id": 2, "developer_key_id": 3, "lti_tool_configuration": {"messages": []}},
        ],
    )
    assert column(product, "Global ID")[0] == "30000000000001"
    assert column(product, "Placements") == ['["link_selection"]', '["anything"]', "None"]
    assert column(product, "Permitted API Endpoints") == ["All", r'["a\#{b}"]', "All"]


def test_a_registration_gives_each_known_placement_once() -> None:
    """Names of LTI become Canvas's; messages without a place stand for link selection."""
    messages = [
        {"type": "LtiDeepLinkingRequest", "placements": ["RichTextEditor", "file_menu"]},
        {"type": "LtiEulaRequest", "placements": ["quiz_menu"]},
        {
            "type": "LtiResourceLinkRequest",
            "placements": [
                "https://canvas.instructure.com/lti/course_navigation",
                "https://canvas.instructure.com/lti/ContentArea",
                "file_menu",
                "File_Menu",
                "ContentArea",
                "ActivityAssetProcessor",
            ],
        },
        {"type": "LtiResourceLinkRequest", "placements": []},
    ]
    assert registered_placements({"messages": messages}) == [
        "editor_button",
        "file_menu",
        "course_navigation",
        "link_selection",
        "ActivityAssetProcessor",
    ]


def test_older_configurations_hold_their_placements_in_the_settings() -> None:
    """Those of the first extension for Canvas; disabled and repeated ones stay."""

    def extension(platform: str, *placements: dict[str, Any]) -> dict[str, Any]:
        return {"platform": platform, "settings": {"placements": list(placements)}}

    menu = {"placement": "file_menu", "enabled": False}
    settings = {
        "extensions": [
            extension("other.example.com", {"placement": "quiz_menu"}),
            extension("canvas.instructure.com", menu, {"enabled": True}, menu),
            extension("canvas.instructure.com", {"placement": "quiz_menu"}),
        ]
    }
    assert configured_placements(None, settings) == ["file_menu", "file_menu"]
    assert configured_placements([], settings) == []
    assert configured_placements(None, json.loads("null")) == []
