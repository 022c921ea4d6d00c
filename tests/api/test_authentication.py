"""Who may call (api.md, section 3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from api.institution import ADA, BEN, CLEO, EVE, FAY, GUS
from api.live import LiveServer, start

from rollbook.access.tokens import create_token, list_tokens, revoke_token

REPORTS = "/api/v1/accounts/1/reports"
AsUser = Callable[[int], httpx.Client]


def test_a_token_may_stand_in_the_query(anonymous: httpx.Client, live: LiveServer) -> None:
    answer = anonymous.get(REPORTS, params={"access_token": live.token})
    assert answer.status_code == 200


def test_a_token_may_stand_in_the_body(anonymous: httpx.Client, live: LiveServer) -> None:
    answer = anonymous.post(
        f"{REPORTS}/provisioning_csv",
        data={"access_token": live.token, "parameters[users]": "1"},
    )
    assert answer.status_code == 200
    assert answer.json()["parameters"] == {"users": "1"}


def test_the_header_wins_over_the_query(anonymous: httpx.Client, live: LiveServer) -> None:
    answer = anonymous.get(
        REPORTS,
        params={"access_token": live.token},
        headers={"Authorization": "Bearer rollbook_nobody"},
    )
    assert answer.status_code == 401


@pytest.mark.parametrize("scheme", ["bearer", "Token", "Basic"])
def test_another_scheme_counts_as_no_token(
    anonymous: httpx.Client, live: LiveServer, scheme: str
) -> None:
    answer = anonymous.get(REPORTS, headers={"Authorization": f"{scheme} {live.token}"})
    assert answer.json()["status"] == "unauthenticated"


def test_strangers_do_not_learn_which_accounts_exist(anonymous: httpx.Client) -> None:
    answers = [anonymous.get(f"/api/v1/accounts/{account}/reports") for account in ("self", "99")]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


def test_a_revoked_token_says_so(live: LiveServer) -> None:
    token = create_token(live.settings, purpose="to be revoked")
    assert revoke_token(live.settings, token.id)
    with live.client(token.text) as client:
        answer = client.get(REPORTS)
    assert answer.status_code == 401
    assert answer.json() == {"errors": [{"message": "Revoked access token."}]}


def test_an_expired_token_says_when(live: LiveServer) -> None:
    expired = datetime(2026, 1, 31, tzinfo=UTC)
    token = create_token(live.settings, purpose="expired", expires_at=expired)
    with live.client(token.text) as client:
        answer = client.get(REPORTS)
    assert answer.json() == {
        "errors": [{"message": "Expired access token.", "expired_at": "2026-01-31T00:00:00Z"}]
    }


def test_the_token_of_a_deleted_user_is_invalid(as_user: AsUser) -> None:
    answer = as_user(EVE).get(REPORTS)
    assert answer.json() == {"errors": [{"message": "Invalid access token."}]}


def test_the_token_of_a_suspended_login_is_invalid(as_user: AsUser) -> None:
    answer = as_user(GUS).get(REPORTS)
    assert answer.status_code == 401
    assert answer.json() == {"errors": [{"message": "Invalid access token."}]}


@pytest.mark.parametrize(
    ("user_id", "allowed"),
    [
        pytest.param(ADA, {1, 2, 3, 4}, id="an admin of the root sees all"),
        pytest.param(BEN, {2, 3}, id="an admin of a sub-account sees what is below it"),
        pytest.param(CLEO, {1, 2, 3, 4}, id="a role was given it, and no account below takes it"),
        pytest.param(FAY, set(), id="what the root locked, no account below gives back"),
    ],
)
def test_roles_say_which_accounts_a_user_sees(
    as_user: AsUser, user_id: int, allowed: set[int]
) -> None:
    client = as_user(user_id)
    seen = {
        number
        for number in (1, 2, 3, 4)
        if client.get(f"/api/v1/accounts/{number}/reports").status_code == 200
    }
    assert seen == allowed


def test_a_service_sees_only_the_subtree_of_its_account(live: LiveServer) -> None:
    token = create_token(live.settings, account="sis_account_id:eng", purpose="engineering")
    with live.client(token.text) as client:
        seen = [client.get(f"/api/v1/accounts/{n}/reports").status_code for n in (1, 2, 3, 4)]
    assert seen == [403, 200, 200, 403]


def test_a_run_belongs_to_the_user_acted_as(client: httpx.Client) -> None:
    answer = client.post(
        f"{REPORTS}/provisioning_csv?as_user_id=sis_user_id:S1", data={"parameters[users]": "1"}
    )
    assert answer.json()["user"]["id"] == ADA


def test_acting_as_a_user_takes_their_permissions(client: httpx.Client) -> None:
    answer = client.get(REPORTS, params={"as_user_id": "sis_login_id:dan@EXAMPLE.edu"})
    assert answer.status_code == 403


def test_a_user_without_the_right_cannot_act_as_another(as_user: AsUser) -> None:
    answer = as_user(BEN).get("/api/v1/accounts/2/reports", params={"as_user_id": ADA})
    assert answer.json() == {"errors": "Invalid as_user_id"}


def test_tokens_and_verifiers_never_reach_the_log(live: LiveServer, client: httpx.Client) -> None:
    client.get(REPORTS, params={"access_token": "rollbook_secret_in_query"})
    client.get("/files/1/download?verifier=secret_verifier")
    start(client, users=True)
    assert "request" in live.log
    assert live.token not in live.log
    assert "secret" not in live.log


def test_a_token_is_kept_as_a_digest_only(live: LiveServer) -> None:
    token = create_token(live.settings, purpose="digest")
    kept = b"".join(file.read_bytes() for file in live.settings.data.glob("state.sqlite*"))
    assert token.text.startswith("rollbook_")
    assert token.text.encode() not in kept
    assert token.text not in repr(token)
    assert token.hint == token.text[: len(token.hint)]


def test_using_a_token_is_noted(live: LiveServer) -> None:
    token = create_token(live.settings, purpose="used")
    with live.client(token.text) as client:
        client.get(REPORTS)
    noted = {known.id: known.last_used_at for known in list_tokens(live.settings)}
    assert noted[token.id] is not None
