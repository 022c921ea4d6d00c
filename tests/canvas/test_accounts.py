"""The tree of accounts (courses_and_tools.md, 1.1)."""

from __future__ import annotations

from rollbook.canvas.accounts import Account, AccountTree


def account(id_: int, parent: int | None, state: str | None) -> Account:
    return Account(
        id=id_,
        name=None,
        parent_account_id=parent,
        root_account_id=None if parent is None else 1,
        workflow_state=state,
        sis_source_id=None,
        integration_id=None,
        lti_context_id=None,
        uuid=None,
        default_time_zone=None,
        settings={},
    )


def test_only_live_accounts_lead_to_those_below() -> None:
    """As in SQL, NULL is not different from `deleted`; the state at the top is not looked at."""
    accounts = [
        account(1, None, "deleted"),
        account(2, 1, "active"),
        account(3, 2, None),
        account(4, 3, "active"),
        account(5, 1, "deleted"),
        account(6, 5, "active"),
    ]
    tree = AccountTree({item.id: item for item in accounts})
    assert tree.live_subtree(accounts[0]) == [1, 2]
    assert tree.live_subtree(accounts[2]) == [3, 4]
