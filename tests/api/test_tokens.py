"""What a token is bound to: scopes, report types, a subtree, a time (api.md, sections 1 and 3)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from api.inside import Inside, inside
from api.institution import ADA, BEN, CLEO, override
from api.institution import TABLES as INSTITUTION
from fastapi.routing import APIRoute

from rollbook.access.scopes import SCOPES, check_scopes, scope_of
from rollbook.access.tokens import TokenStore, create_token
from rollbook.api import routes_accounts, routes_files, routes_reports
from rollbook.errors import BadParameter, UnknownReport
from rollbook.runs.model import Run

REPORTS = "/api/v1/accounts/1/reports"
PROVISIONING = f"{REPORTS}/provisioning_csv"
INSUFFICIENT = {"errors": [{"message": "Insufficient scopes on access token."}]}
NOT_PERMITTED = {
    "status": "unauthorized",
    "errors": [{"message": "user not authorized to perform that action"}],
}


# Cleo, a registrar, may also act as others.
MAY_BECOME = {**override(9, 5, 1, enabled=True), "permission": "become_user"}
TABLES = {**INSTITUTION, "role_overrides": [*INSTITUTION["role_overrides"], MAY_BECOME]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    with inside(tmp_path_factory.mktemp("tokens"), TABLES) as server:
        yield server


def call_of(scope: str, run: Run) -> tuple[str, str]:
    """A request that needs a scope: its method and path."""
    assert run.file is not None
    method, _, path = scope.removeprefix("url:").partition("|")
    for field, value in {
        "users/:id": "users/self",
        "accounts/:id": "accounts/1",
        "terms/:id": "terms/2",
        "files/:id": f"files/{run.file.id}",
        ":account_id": "1",
        ":report": run.report,
        ":id": str(run.id),
    }.items():
        path = path.replace(field, value)
    return method, path


@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_makes_the_calls_of_its_scopes_and_no_other(server: Inside, scope: str) -> None:
    method, path = call_of(scope, server.run())
    others = server.headers(scopes=[other for other in SCOPES if other != scope])
    refused = server.http.request(method, path, headers=others)
    assert (refused.status_code, refused.json()) == (401, INSUFFICIENT)
    assert "www-authenticate" not in refused.headers
    taken = server.http.request(method, path, headers=server.headers(scopes=[scope]))
    # A complete run cannot be aborted; but the call was made.
    assert taken.status_code == (404 if method == "PUT" else 200), taken.text


def test_every_call_of_the_api_has_its_scope() -> None:
    routes = (*routes_reports.router.routes, *routes_files.router.routes)
    routes = (*routes, *routes_accounts.router.routes)
    needed = {
        scope_of(method, route.path_format)
        for route in routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert needed == set(SCOPES)


def test_head_counts_as_get(server: Inside) -> None:
    headers = server.headers(scopes=[f"url:GET|{REPORTS.replace('/1/', '/:account_id/')}"])
    assert server.http.head(REPORTS, headers=headers).status_code == 200
    assert server.http.head(PROVISIONING, headers=headers).status_code == 401


def test_a_scoped_token_has_its_includes_dropped(server: Inside) -> None:
    scopes = ["url:GET|/api/v1/accounts/:account_id/reports"]
    query = {"include[]": "description_html"}

    def keys(**token: Any) -> set[str]:
        listed = server.http.get(REPORTS, params=query, headers=server.headers(**token)).json()
        return set(listed[0])

    assert "description_html" not in keys(scopes=scopes)
    assert "description_html" in keys(scopes=scopes, allow_includes=True)
    assert "description_html" in keys()


def test_a_token_for_one_report_sees_no_other(server: Inside) -> None:
    headers = server.headers(reports=["sis_export_csv"])
    listed = server.http.get(REPORTS, headers=headers).json()
    assert [item["report"] for item in listed] == ["sis_export_csv"]
    assert server.http.post(f"{REPORTS}/sis_export_csv", headers=headers).status_code == 200
    run = server.run()
    assert run.file is not None
    calls = [
        ("POST", PROVISIONING),
        ("GET", PROVISIONING),
        ("GET", f"{PROVISIONING}/{run.id}"),
        ("PUT", f"{PROVISIONING}/{run.id}/abort"),
        ("DELETE", f"{PROVISIONING}/{run.id}"),
        ("GET", f"/api/v1/files/{run.file.id}"),
        ("GET", f"/api/v1/files/{run.file.id}/public_url"),
        ("GET", f"/files/{run.file.id}/download"),
        ("DELETE", f"/api/v1/files/{run.file.id}"),
    ]
    for method, path in calls:
        answer = server.http.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()) == (403, NOT_PERMITTED), (method, path)


def test_a_token_of_a_user_is_bound_to_its_subtree_too(server: Inside) -> None:
    """Also what its user ran themselves is out of reach above it."""
    above, within = server.run(user_id=ADA), server.run(account_id=3, user_id=ADA)
    assert above.file is not None
    assert within.file is not None
    headers = server.headers(user_id=ADA, account="sis_account_id:eng")
    statuses = [
        server.http.get(f"/api/v1/files/{file.id}", headers=headers).status_code
        for file in (above.file, within.file)
    ]
    assert statuses == [403, 200]


def test_a_token_whose_account_is_gone_reaches_nothing(server: Inside) -> None:
    headers = server.headers(account="sis_account_id:closed")
    assert server.http.get(REPORTS, headers=headers).status_code == 403


def test_the_user_who_ran_a_report_may_read_its_file(server: Inside) -> None:
    """Though they lost the permission since (api.md, 8.1)."""
    run = server.run(user_id=BEN)
    assert run.file is not None
    path = f"/api/v1/files/{run.file.id}"
    assert server.http.get(path, headers=server.headers(user_id=BEN)).status_code == 200
    assert server.http.get(REPORTS, headers=server.headers(user_id=BEN)).status_code == 403


def test_acting_as_another_adds_no_permission(server: Inside) -> None:
    """Cleo was kept from nothing that Ada may; a registrar of Engineering is no admin of Arts."""
    as_ada = {"as_user_id": ADA}
    cleo = server.headers(user_id=CLEO, account="2")
    arts = "/api/v1/accounts/4/reports"
    assert server.http.get(arts, params=as_ada, headers=cleo).status_code == 403
    within = "/api/v1/accounts/3/reports"
    assert server.http.get(within, params=as_ada, headers=cleo).status_code == 200


def test_a_token_ends_at_its_moment(server: Inside) -> None:
    headers = server.headers(expires_at=server.clock.now - timedelta(seconds=1))
    answer = server.http.get(REPORTS, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["message"] == "Expired access token."


def test_use_of_a_token_is_noted_with_its_time(server: Inside) -> None:
    store: TokenStore = server.services.tokens
    headers = server.headers()
    server.http.get(REPORTS, headers=headers)
    used = [token for token in store.all() if token.last_used_at]
    assert used[-1].id == store.all()[-1].id


@pytest.mark.parametrize("scope", ["url:GET|/api/v1/courses", "nonsense", ""])
def test_a_scope_that_does_not_exist_is_refused(scope: str) -> None:
    with pytest.raises(BadParameter, match="There is no scope"):
        check_scopes([scope])


def test_a_report_that_does_not_exist_is_refused(server: Inside) -> None:
    with pytest.raises(UnknownReport, match="There is no report 'nope'"):
        create_token(server.settings, reports=["nope"])


def test_a_disabled_report_is_not_offered(tmp_path_factory: pytest.TempPathFactory) -> None:
    """But its old runs are still there (api.md, 3.2)."""
    folder = tmp_path_factory.mktemp("disabled")
    with inside(folder, disabled_reports=["provisioning_csv"], times_in_utc=True) as server:
        headers = server.headers()
        listed = server.http.get(REPORTS, headers=headers).json()
        assert "provisioning_csv" not in [item["report"] for item in listed]
        assert server.http.post(PROVISIONING, headers=headers).status_code == 404
        run = server.http.get(f"{PROVISIONING}/{server.run().id}", headers=headers)
        assert run.status_code == 200
        assert run.json()["created_at"].endswith("Z")


def test_pages_of_chosen_origins_may_call(tmp_path_factory: pytest.TempPathFactory) -> None:
    origin = "https://sis.example.edu"
    with inside(tmp_path_factory.mktemp("cors"), cors_origins=[origin]) as server:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        allowed = server.http.options(PROVISIONING, headers=asked)
        assert allowed.headers["access-control-allow-origin"] == origin
        other = server.http.get(REPORTS, headers={"Origin": "https://elsewhere.example"})
        assert "access-control-allow-origin" not in other.headers


def test_no_origin_may_call_by_default(server: Inside) -> None:
    answer: httpx.Response = server.http.get(REPORTS, headers={"Origin": "https://x.example"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", [REPORTS, PROVISIONING])
def test_what_another_may_list_is_not_shown_to_who_may_not(server: Inside, path: str) -> None:
    """Lists are remembered for a moment, permissions are not."""
    server.run()
    anybody, nobody = server.headers(), server.headers(user_id=BEN)
    for headers, status in ((anybody, 200), (nobody, 403), (anybody, 200), ({}, 401)):
        assert server.http.get(path, headers=headers).status_code == status


def test_a_token_revoked_by_another_process_is_refused_at_once(server: Inside) -> None:
    headers = server.headers()
    token = server.services.tokens.all()[-1]

    def statuses() -> list[int]:
        paths = (REPORTS, PROVISIONING, REPORTS, PROVISIONING)
        return [server.http.get(path, headers=headers).status_code for path in paths]

    assert statuses() == [200] * 4
    command = [sys.executable, "-m", "rollbook", "token", "revoke", str(token.id)]
    variables = {**os.environ, "ROLLBOOK_DATA": str(server.settings.data)}
    subprocess.run(command, env=variables, check=True, capture_output=True)
    assert statuses() == [401] * 4


def test_lists_show_the_last_change_at_once(server: Inside) -> None:
    headers = server.headers()

    def listed() -> list[tuple[int, str | None]]:
        runs = server.http.get(PROVISIONING, headers=headers).json()
        types = server.http.get(REPORTS, headers=headers).json()
        (last,) = [item["last_run"] for item in types if item["report"] == "provisioning_csv"]
        assert last == (runs[0] if runs else None)
        return [(run["id"], run["file_url"]) for run in runs]

    before = listed()
    run = server.run()
    assert run.file is not None
    assert [number for number, _ in listed()] == [run.id, *(number for number, _ in before)][:10]
    assert server.http.delete(f"/api/v1/files/{run.file.id}", headers=headers).status_code == 200
    assert listed()[0] == (run.id, None)
    assert server.http.delete(f"{PROVISIONING}/{run.id}", headers=headers).status_code == 200
    assert listed() == before


def test_a_link_in_a_list_is_of_who_asks_and_of_now(
    server: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.run()
    first, second = server.headers(), server.headers()

    def link(headers: dict[str, str]) -> str:
        run = server.http.get(PROVISIONING, headers=headers).json()[0]
        return str(run["attachment"]["url"])

    links = [link(first), link(second), link(first)]
    assert links[0] == links[2] != links[1]
    a_lifetime_later = server.clock.now + timedelta(hours=server.settings.link_hours)
    monkeypatch.setattr(server.clock, "now", a_lifetime_later)
    assert link(first) not in links


def test_a_list_follows_the_permissions_in_the_data_at_once(server: Inside) -> None:
    headers = server.headers(user_id=ADA)

    def statuses() -> list[int]:
        return [server.http.get(REPORTS, headers=headers).status_code for _ in range(3)]

    assert statuses() == [200] * 3
    server.load({**TABLES, "account_users": []})
    assert statuses() == [403] * 3
    server.load(TABLES)
    assert statuses() == [200] * 3
