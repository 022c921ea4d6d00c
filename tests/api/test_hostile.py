"""Input that nobody means well with: a clear 4xx, soon, and nothing of it in the log."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import pytest
from api.live import PROVISIONING, LiveServer, get

TOO_LARGE = {"errors": [{"message": "A request has at most 1,000,000 bytes."}]}
TOO_MANY = {"errors": [{"message": "A request has at most 2,000 parameters."}]}
NUL = {"errors": [{"message": "The request has a NUL character."}]}
BROKEN = {"errors": [{"message": "The request has a `%` that no two hex digits follow."}]}
NOT_UTF_8 = {"errors": [{"message": "The request has text that is not UTF-8."}]}
BAD_REQUEST = {"errors": [{"message": "An error occurred.", "error_code": "bad_request"}]}
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MANY = {f"parameters[p{number}]": "1" for number in range(10_000)}


def refused(answer: httpx.Response, status: int, body: dict[str, Any]) -> None:
    assert (answer.status_code, answer.json()) == (status, body)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    "request_",
    [
        {"content": b"x" * 1_000_001, "headers": JSON},
        {"content": b"a=" + b"x" * 3_000_000, "headers": FORM},
        {"files": {"parameters[users]": (None, "x" * 3_000_000)}},
        {"files": {"file": ("a.csv", b"x" * 3_000_000)}},
    ],
    ids=["JSON", "form", "multipart field", "multipart file"],
)
def test_a_body_that_is_too_large_is_refused(
    waiting: httpx.Client, request_: dict[str, Any]
) -> None:
    refused(waiting.post(PROVISIONING, **request_), 413, TOO_LARGE)
    assert waiting.get(PROVISIONING).status_code == 200


def test_a_body_without_a_length_is_counted(waiting: httpx.Client) -> None:
    pieces = (b"a" * 10_000 for _ in range(300))
    refused(waiting.post(PROVISIONING, content=pieces, headers=FORM), 413, TOO_LARGE)


@pytest.mark.parametrize(
    "request_",
    [
        {"data": MANY},
        {"json": {"parameters": MANY}},
        {"json": {"parameters": {"a": ["x"] * 10_000}}},
        {"content": "&".join(["parameters[a][]=x"] * 10_000), "headers": FORM},
    ],
    ids=["form", "JSON", "JSON list", "form list"],
)
def test_ten_thousand_parameters_are_refused(
    waiting: httpx.Client, request_: dict[str, Any]
) -> None:
    refused(waiting.post(PROVISIONING, **request_), 400, TOO_MANY)


def test_ten_thousand_parts_are_refused(waiting: httpx.Client) -> None:
    files = {name: (None, value) for name, value in MANY.items()}
    body = waiting.build_request("POST", PROVISIONING, files=files).read()
    boundary = body[2 : body.index(b"\r\n")].decode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    answer = waiting.post(PROVISIONING, content=body[:900_000], headers=headers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"].startswith("The multipart body cannot be taken")


@pytest.mark.parametrize("depth", [30, 5_000, 200_000])
def test_deep_nesting_is_refused(waiting: httpx.Client, depth: int) -> None:
    in_json = '{"parameters":' + "[" * depth + "]" * depth + "}"
    answer = waiting.post(PROVISIONING, content=in_json, headers=JSON)
    assert answer.status_code == 400
    in_form = f"parameters{'[a]' * depth}=1"
    assert waiting.post(PROVISIONING, content=in_form, headers=FORM).status_code == 400


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        ({"params": "parameters[a]=%00"}, NUL),
        ({"content": "parameters[%00]=1", "headers": FORM}, NUL),
        ({"content": b"parameters[a]=\0", "headers": FORM}, NUL),
        ({"json": {"parameters": {"a": "\0"}}}, NUL),
        ({"json": {"parameters": {"\0": 1}}}, NUL),
        ({"files": {"parameters[a]": (None, "\0")}}, NUL),
        ({"content": "parameters[a]=%zz", "headers": FORM}, BROKEN),
        ({"content": "parameters[a]=100%", "headers": FORM}, BROKEN),
        ({"content": "parameters[a]=%ff", "headers": FORM}, NOT_UTF_8),
        ({"content": "parameters[a]=%ed%a0%80", "headers": FORM}, NOT_UTF_8),
        ({"content": b"parameters[a]=\xff", "headers": FORM}, NOT_UTF_8),
        ({"content": b'{"parameters": "\xff"}', "headers": JSON}, BAD_REQUEST),
        ({"content": b'{"parameters": {"a": 1e999}}', "headers": JSON}, BAD_REQUEST),
        ({"content": b'{"parameters": {"a": "\\ud800"}}', "headers": JSON}, BAD_REQUEST),
        ({"content": b'{"a": ' + b"9" * 5_000 + b"}", "headers": JSON}, BAD_REQUEST),
    ],
)
def test_text_that_is_none_is_refused(
    waiting: httpx.Client, request_: dict[str, Any], body: dict[str, Any]
) -> None:
    refused(waiting.post(PROVISIONING, **request_), 400, body)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/accounts/%00/reports", 400),
        ("/api/v1/accounts/%zz/reports", 400),
        ("/api/v1/accounts/%ff/reports", 400),
        ("/api/v1/accounts/self/reports/provisioning_csv?page=%", 400),
        ("/api/v1/accounts/" + "9" * 5_000 + "/reports", 404),
        ("/api/v1/accounts/-1/reports", 404),
        ("/api/v1/accounts/self/reports/provisioning_csv/" + "9" * 5_000, 404),
        ("/api/v1/accounts/self/reports/provisioning_csv/9223372036854775808", 404),
        ("/api/v1/accounts/self/reports/provisioning_csv/%D9%A1", 404),
        ("/api/v1/files/99999999999999999999", 404),
        ("/api/v1/accounts/self/terms/99999999999999999999", 404),
        ("/api/v1/accounts/self/reports/provisioning_csv?page=99999999999999999999", 404),
        ("/api/v1/accounts/self/reports/../../users/self", 404),
        ("/api/v1/accounts/self/reports/%2e%2e%2f%2e%2e", 200),
        ("/api/v1/accounts/self/reports/' OR 1=1 --", 200),
        ("/api/v1/accounts/sis_account_id:' OR 1=1 --/reports", 404),
        ("/files/..%2f..%2fstate.sqlite/download", 404),
        ("/static-offline-docs/..%2f..%2f..%2fpyproject.toml", 404),
        ("/" + "x" * 8_000, 404),
    ],
)
def test_an_address_that_leads_nowhere_says_so(
    waiting: httpx.Client, idle: LiveServer, path: str, status: int
) -> None:
    request = httpx.Request("GET", f"{idle.url}/x", headers=waiting.headers)
    request.url = request.url.copy_with(raw_path=path.replace(" ", "%20").encode())
    answer = waiting.send(request)
    assert answer.status_code == status
    assert status == 200 or answer.json()["errors"]


@pytest.mark.parametrize(
    "lines",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /%%% HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["long header", "TLS", "negative length", "broken chunk", "broken path"],
)
def test_what_is_no_request_is_answered_or_cut_off(idle: LiveServer, lines: bytes) -> None:
    with socket.create_connection(("127.0.0.1", idle.settings.port), timeout=30) as connection:
        try:
            connection.sendall(lines)
            connection.shutdown(socket.SHUT_WR)
            status = connection.recv(100).split(b"\r\n")[0]
        except OSError:
            # It was cut off before all of it was sent, or before it was read.
            status = b""
    assert status == b"" or status.startswith(b"HTTP/1.1 4")
    assert get(f"{idle.url}/healthz").status_code == 200


def test_odd_headers_do_no_harm(waiting: httpx.Client, idle: LiveServer) -> None:
    odd: list[tuple[bytes, bytes]] = [
        (b"Authorization", b"Bearer \xff\xfe"),
        (b"Authorization", b"Bearer " + b"x" * 5_000),
        (b"Cookie", b"\xff=\xff; a=b"),
        (b"X-Forwarded-For", b"not, an, address, \xff"),
        (b"Accept", b"application/json+canvas-string-ids, \xff"),
        (b"Content-Type", b"multipart/form-data"),
        (b"Content-Type", b"application/json; charset=nonsense"),
    ]
    for name, value in odd:
        headers = [(b"Authorization", f"Bearer {idle.token}".encode()), (name, value)]
        answer = httpx.post(f"{idle.url}{PROVISIONING}", content=b"{}", headers=headers)
        assert answer.status_code < 500, name


def test_no_secret_reaches_the_log(idle: LiveServer) -> None:
    """Wherever it was sent, and whether the request was taken or refused."""
    with idle.client("rollbook_secret_in_header") as client:
        client.get(PROVISIONING)
        client.post(PROVISIONING, data={"access_token": "rollbook_secret_in_form"})
        client.post(PROVISIONING, json={"access_token": "rollbook_secret_in_json"})
        client.get(PROVISIONING, params={"access_token": "rollbook_secret_in_query"})
        client.get(f"/files/1/download?verifier={'secretverifier' * 3}")
        client.post(PROVISIONING, content=b'{"secret_in_broken_json', headers=JSON)
        client.get(PROVISIONING, headers={"Cookie": "secret_in_cookie=1"})
    with idle.client(idle.token) as client:
        client.get("/api/v1/users/self", params={"as_user_id": "sis_user_id:secret_person"})
        client.post(PROVISIONING, json={"parameters": {"course_id": "secret_course"}})
        client.get("/api/v1/nothing", params={"api_key": "secret_key"})
    lines = [json.loads(line) for line in idle.log.splitlines()]
    assert any(line.get("action") == "request" for line in lines)
    assert "secret" not in idle.log
    assert idle.token not in idle.log
