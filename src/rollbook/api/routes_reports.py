"""The calls on reports (api.md, section 7), and manifests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from rollbook.access.institution import Institution
from rollbook.api.call import ApiCall, Call
from rollbook.api.openapi import PAGES, WAIT, answers, extra, includes, links_to_run
from rollbook.api.paging import link_header, page_of
from rollbook.api.parameters import report_parameters
from rollbook.api.paths import REPORTS
from rollbook.api.schemas import list_of, reference
from rollbook.api.views import report_as_json, run_as_json
from rollbook.canvas.accounts import Account
from rollbook.canvas.zones import zone_of
from rollbook.errors import UnknownTerm
from rollbook.reports.as_of import find_snapshot, given_as_of
from rollbook.reports.parameters import is_blank, leading_integer
from rollbook.runs.model import UNFINISHED, Run
from rollbook.runs.outlook import retry_after

router = APIRouter(prefix=REPORTS, tags=["reports"])

_RUN = reference("Run")
_OUTLOOK = includes("queue", "estimate")
MOST_SECONDS = 60
"""So long a client can have an answer wait."""


@router.get(
    "",
    responses=answers(list_of("ReportType"), text="All report types by title."),
    openapi_extra=extra(includes("description_html", "parameters_html")),
)
async def list_reports(call: ApiCall, account_id: str) -> Response:
    """All report types by title, each with its newest run."""

    def make() -> Response:
        account = call.account(account_id)
        last_runs = call.services.runs.last_runs(account.id)
        return call.answer(
            [
                report_as_json(call, account, report, last_runs.get(report.key))
                for report in call.services.settings.reports.by_title()
                if call.caller.token.may_use(report.key)
            ]
        )

    return await call.answer_by(make)


@router.post(
    "/{report:segment}",
    responses={
        **answers(_RUN, 413, text="The run, before any work.", links=links_to_run(), retried=True),
        409: {
            "description": "An equal run has not ended; only where that is checked.",
            "content": {"application/json": {"schema": _RUN}},
            "headers": {"Location": {"schema": {"type": "string"}}},
        },
    },
    openapi_extra=extra(body="Start", form="StartForm"),
)
def start_report(call: ApiCall, account_id: str, report: str) -> Response:
    """Start a run; the answer comes before any work."""
    account = call.account(account_id, report)
    wanted = call.services.settings.reports.find(report)
    parameters = report_parameters(call.parameters)
    check_term(call.institution, account, parameters or {})
    _check_as_of(call, account, parameters or {})
    run, is_new = call.services.runs.start(
        wanted,
        account_id=account.id,
        parameters=parameters,
        actor=call.actor,
        locale=call.locale,
        data=call.institution.data_state,
    )
    if is_new:
        return _one_run(call, run)
    address = f"{call.base_url}/api/v1/accounts/{account.id}/reports/{wanted.key}/{run.id}"
    return call.answer(run_as_json(call, run), status=409, headers={"Location": address})


@router.get(
    "/{report:segment}",
    responses=answers(list_of("Run"), text="A page of runs, newest first.", paged=True),
    openapi_extra=extra(*PAGES, _OUTLOOK),
)
async def list_runs(call: ApiCall, account_id: str, report: str) -> Response:
    """The runs of one type, newest first; an unknown type has none."""

    def make() -> Response:
        account = call.account(account_id, report)
        page = page_of(call)
        runs, total = call.services.runs.page(
            account_id=account.id, report=report, offset=page.offset, limit=page.size
        )
        shown = [run_as_json(call, run) for run in runs]
        return call.answer(shown, headers=link_header(call, page, total))

    return await call.answer_by(make)


@router.get(
    "/{report:segment}/{run_id:segment}",
    responses=answers(_RUN, text="The run, as it is now.", retried=True),
    openapi_extra=extra(WAIT, _OUTLOOK),
)
async def show_run(call: ApiCall, account_id: str, report: str, run_id: str) -> Response:
    """One run, as it is now, or once its state has changed."""

    def find(call: Call) -> Run:
        account = call.account(account_id, report)
        return call.services.runs.show(run_id, account_id=account.id, report=report)

    run = await run_in_threadpool(find, call)
    seconds = min(leading_integer(call.parameters.get("wait")), MOST_SECONDS)
    if seconds > 0 and run.status in UNFINISHED:
        await call.services.changes.wait(run.id, run.status, seconds)
        # Meanwhile the token may have been revoked, and time went by.
        call = Call(call.request, call.parameters)
        run = await run_in_threadpool(find, call)
    return await run_in_threadpool(_one_run, call, run)


@router.get(
    "/{report:segment}/{run_id:segment}/manifest",
    responses=answers(reference("Manifest"), text="What the run's file holds, of which data."),
    openapi_extra=extra(),
)
def show_manifest(call: ApiCall, account_id: str, report: str, run_id: str) -> Response:
    """What a run's file holds, of which data, and what in them does not fit."""
    account = call.account(account_id, report)
    return call.answer(
        call.services.runs.manifest(
            run_id, call.services.files, account_id=account.id, report=report
        )
    )


@router.delete(
    "/{report:segment}/{run_id:segment}",
    responses=answers(_RUN, 413, text="The run, deleted."),
    openapi_extra=extra(),
)
def delete_run(call: ApiCall, account_id: str, report: str, run_id: str) -> Response:
    """Hide a run; its file stays downloadable."""
    account = call.account(account_id, report)
    run = call.services.runs.delete(run_id, account_id=account.id, report=report, actor=call.actor)
    return call.answer(run_as_json(call, run))


@router.put(
    "/{report:segment}/{run_id:segment}/abort",
    responses=answers(_RUN, 413, text="The run, aborted."),
    openapi_extra=extra(),
)
def abort_run(call: ApiCall, account_id: str, report: str, run_id: str) -> Response:
    """Stop a run that has not ended."""
    account = call.account(account_id, report)
    run = call.services.runs.abort(run_id, account_id=account.id, report=report, actor=call.actor)
    return call.answer(run_as_json(call, run))


def _check_as_of(call: ApiCall, account: Account, parameters: Mapping[str, Any]) -> None:
    """Refuse what the run could not begin with.

    Raises:
        BadParameter, UnknownSnapshot: there are no such data.
    """
    as_of = given_as_of(parameters)
    if as_of is not None:
        root = call.institution.accounts.root_of(account)
        snapshots = call.services.settings.tables.snapshots()
        find_snapshot(as_of, snapshots, zone_of(root.default_time_zone))


def _one_run(call: Call, run: Run) -> Response:
    seconds = retry_after(run, call.now)
    headers = None if seconds is None else {"Retry-After": str(seconds)}
    return call.answer(run_as_json(call, run), headers=headers)


def check_term(institution: Institution, account: Account, parameters: Mapping[str, Any]) -> None:
    """Refuse a term that does not exist, for every report (api.md, 2.4).

    Raises:
        UnknownTerm: none of the terms named exists.
    """
    term = parameters.get("enrollment_term_id")
    if term is None:
        term = parameters.get("enrollment_term")
    if is_blank(term) or term == "active_terms":
        return
    root = institution.accounts.root_of(account)
    text = str(term).lower() if isinstance(term, bool) else str(term)
    if not any(institution.find_term(root, piece) for piece in text.split(",")):
        raise UnknownTerm(f"invalid enrollment_term_id '{text}'")
