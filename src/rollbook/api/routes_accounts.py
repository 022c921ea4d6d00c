"""The neighbours of the report calls that clients use: accounts, terms, oneself."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from rollbook.access.callers import may_read_reports
from rollbook.api.account_views import account_as_json, self_as_json, term_as_json
from rollbook.api.call import ApiCall, Call
from rollbook.api.openapi import PAGES, answers, extra, query
from rollbook.api.paging import link_header, page_of
from rollbook.api.parameters import as_list
from rollbook.api.paths import ACCOUNT
from rollbook.api.schemas import list_of, reference
from rollbook.canvas.accounts import Account
from rollbook.errors import InvalidInput
from rollbook.reports.parameters import is_true

router = APIRouter(tags=["accounts"])

_ACCOUNTS = list_of("Account")


class TermNotFound(InvalidInput):
    """No such term in the account."""

    status = 404


@router.get(
    "/api/v1/accounts",
    responses=answers(_ACCOUNTS, paged=True),
    openapi_extra=extra(*PAGES),
)
def list_accounts(call: ApiCall) -> Response:
    """The accounts the caller was given, not those below them."""
    return _page(call, [account_as_json(call, account) for account in _own_accounts(call)])


@router.get(ACCOUNT, responses=answers(reference("Account")), openapi_extra=extra())
def show_account(call: ApiCall, account_id: str) -> Response:
    """One account."""
    return call.answer(account_as_json(call, call.account(account_id)))


@router.get(
    ACCOUNT + "/sub_accounts",
    responses=answers(_ACCOUNTS, paged=True),
    openapi_extra=extra(*PAGES, query("recursive", "Whether to list all levels.")),
)
def list_sub_accounts(call: ApiCall, account_id: str) -> Response:
    """The live accounts below one; all levels with `recursive`."""
    top = call.account(account_id)
    tree = call.institution.accounts
    below = [tree.accounts[number] for number in sorted(tree.live_subtree(top)[1:])]
    if not is_true(call.parameters.get("recursive")):
        below = [account for account in below if account.parent_account_id == top.id]
    return _page(call, [account_as_json(call, account) for account in below])


@router.get(
    ACCOUNT + "/terms",
    responses=answers(reference("Terms"), paged=True),
    openapi_extra=extra(*PAGES, query("workflow_state", "`active`, `deleted` or `all`.")),
)
def list_terms(call: ApiCall, account_id: str) -> Response:
    """The terms of the account's root: live ones, or those in the states asked for."""
    root = call.institution.accounts.root_of(call.account(account_id))
    states = as_list(call.parameters.get("workflow_state")) or ["active"]
    terms = [
        term
        for term in call.institution.terms(root)
        if "all" in states or (term.workflow_state or "") in states
    ]
    page = page_of(call)
    shown = [term_as_json(call, term) for term in page.of(terms)]
    return call.answer({"enrollment_terms": shown}, headers=link_header(call, page, len(terms)))


@router.get(
    ACCOUNT + "/terms/{term_id:segment}",
    responses=answers(reference("Term")),
    openapi_extra=extra(),
)
def show_term(call: ApiCall, account_id: str, term_id: str) -> Response:
    """One term, by any id form."""
    root = call.institution.accounts.root_of(call.account(account_id))
    term = call.institution.find_term(root, term_id)
    if term is None or not term.is_live:
        raise TermNotFound(f"There is no term {term_id!r}.")
    return call.answer(term_as_json(call, term))


@router.get("/api/v1/users/self", responses=answers(reference("Self")), openapi_extra=extra())
def show_self(call: ApiCall) -> Response:
    """Who the token is."""
    return call.answer(self_as_json(call))


def _own_accounts(call: Call) -> list[Account]:
    tree, caller = call.institution.accounts, call.caller
    if caller.user is None:
        return [tree.find(caller.token.account)]
    given = sorted({admin.account_id for admin in call.institution.admins(caller.user.id)})
    accounts = [tree.accounts[number] for number in given if number in tree.accounts]
    return [account for account in accounts if may_read_reports(call.institution, caller, account)]


def _page(call: Call, shown: list[dict[str, Any]]) -> Response:
    page = page_of(call)
    return call.answer(list(page.of(shown)), headers=link_header(call, page, len(shown)))
