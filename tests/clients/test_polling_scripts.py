"""Scripts that people run against Canvas, done again request by request (clients.md; api.md, 16)."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import httpx
import pytest
from api.live import RUN_SECONDS, SECONDS, LiveServer, get, until

SELF = "/api/v1/accounts/self/reports"
SWITCHES = ("users", "accounts", "terms", "courses", "sections", "enrollments", "groups", "xlist")
FINAL = {"complete", "error", "aborted", "unknown"}


def polled(ask: Any, *, until_: str = "progress") -> dict[str, Any]:
    """Ask until `progress` is 100 or `status` is `complete`, as scripts do."""

    def look() -> dict[str, Any] | None:
        run: dict[str, Any] = ask()
        is_done = run["progress"] >= 100 if until_ == "progress" else run["status"] == "complete"
        return run if is_done else None

    return until(look)


def test_unsupported_canvas_everything_in_the_query_string(live: LiveServer) -> None:
    """`pull_provisioning_report.py` (6): an empty POST, capitals, a slash, `progress` only."""
    headers = {"Authorization": f"Bearer {live.token}"}
    chosen = {f"parameters[{name}]": str(name in ("users", "terms")) for name in SWITCHES}
    query = urlencode({**chosen, "parameters[enrollment_term]": "default"})
    url = f"{live.url}{SELF}/provisioning_csv/"
    with httpx.Client(headers=headers, timeout=SECONDS) as client:
        run = client.post(f"{url}?{query}", content=b"").json()
        run = polled(lambda: client.get(f"{url}{run['id']}").json())
        with client.stream("GET", run["attachment"]["url"]) as answer:
            content = b"".join(answer.iter_bytes())
    assert run["parameters"]["courses"] == "False"
    assert run["parameters"]["enrollment_term"] == "default"
    assert run["attachment"]["filename"].endswith(".zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["users.csv", "terms.csv"]


def test_unsupported_canvas_file_number_cut_out_of_file_url(live: LiveServer) -> None:
    """`pull_sis_export_report.py` (6): the number in `file_url`, then the file's own `url`."""
    with live.client(live.token) as client:
        run = client.post(f"{SELF}/sis_export_csv/?parameters[users]=1").json()
        run = polled(lambda: client.get(f"{SELF}/sis_export_csv/{run['id']}").json())
        number = re.findall(r"files/(\d+)/download", run["file_url"])[0]
        file = client.get(f"/api/v1/files/{number}/").json()
    content = get(file["url"], follow_redirects=True).text
    assert file["filename"] == run["attachment"]["filename"]
    assert content.startswith("user_id,")


def test_grade_export_rb_form_until_file_url(live: LiveServer) -> None:
    """`grade_export.rb` (6): a form, until `file_url` is there, then `attachment.url` alone."""
    form = "parameters[enrollments]=true&parameters[enrollment_term_id]=sis_term_id:FA"
    with live.client(live.token) as client:
        answer = client.post(
            f"{SELF}/provisioning_csv",
            content=form,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code == 200
        path = f"{SELF}/provisioning_csv/{answer.json()['id']}"

        def look() -> dict[str, Any] | None:
            run: dict[str, Any] = client.get(path).json()
            return run if run["file_url"] else None

        run = until(look)
    assert get(run["attachment"]["url"]).text.startswith("canvas_course_id,course_id,")


def test_calcentral_berkeley(live: LiveServer) -> None:
    """CalCentral (14): query string, `created` and `running` are waiting, then the file call."""
    headers = {"Authorization": f"Bearer {live.token}"}
    query = "parameters[enrollment_term]=sis_term_id:FA&parameters[sections]=1"
    base = live.url + "/api/v1"
    with httpx.Client(base_url=base, headers=headers, timeout=SECONDS) as client:
        run = client.post(f"accounts/1/reports/provisioning_csv?{query}").json()
        path = f"accounts/1/reports/provisioning_csv/{run['id']}"
        deadline = time.monotonic() + RUN_SECONDS
        while run["status"] in ("created", "running") and time.monotonic() < deadline:
            run = client.get(path).json()
        number = re.search(r"/files/(\d+)/download", run["file_url"])
        assert number
        file = client.get(f"files/{number[1]}").json()
        assert client.get(file["url"]).text.startswith("canvas_section_id,section_id,")


def test_a_script_with_its_token_in_the_query(live: LiveServer) -> None:
    """Old synchronisation scripts: plain urllib, `access_token=` in every address."""
    token = f"access_token={live.token}"
    start = f"{live.url}{SELF}/provisioning_csv?{token}&parameters[users]=true"
    with urlopen(Request(start, method="POST")) as answer:  # noqa: S310 (loopback)
        run = json.load(answer)

    def ask() -> Any:
        with urlopen(f"{live.url}{SELF}/provisioning_csv/{run['id']}?{token}") as answer:  # noqa: S310
            return json.load(answer)

    done = polled(ask)
    with urlopen(done["attachment"]["url"]) as answer:  # noqa: S310
        assert answer.read().startswith(b"canvas_user_id,")
    assert live.token not in live.log


def test_oxford_five_runs_at_once(live: LiveServer) -> None:
    """Oxford's account-reports (4): five runs at once, four of one type, JSON with text values."""
    jobs = [
        ("provisioning_csv", {"admins": "true", "extra_note": "1"}),
        ("provisioning_csv", {"users": "true", "account": "1"}),
        ("provisioning_csv", {"accounts": "true"}),
        ("provisioning_csv", {"courses": "true"}),
        ("last_user_access_csv", {}),
    ]

    def done(job: tuple[str, dict[str, str]]) -> tuple[dict[str, Any], dict[str, str]]:
        report, parameters = job
        body = {"parameters": {**parameters, "skip_message": True}}
        with live.client(live.token) as client:
            run = client.post(f"{SELF}/{report}", json=body).json()

            def look() -> dict[str, Any] | None:
                shown: dict[str, Any] = client.get(f"{SELF}/{report}/{run['id']}").json()
                return shown if shown["status"] in FINAL else None

            return until(look), parameters

    with ThreadPoolExecutor(5) as threads:
        runs = list(threads.map(done, jobs))
    assert [run["status"] for run, _ in runs] == ["complete"] * 5
    for run, parameters in runs:
        assert parameters.items() <= run["parameters"].items()
        assert get(run["attachment"]["url"]).status_code == 200


def test_target_canvas_multipart_and_header(live: LiveServer) -> None:
    """Hotglue's target (13): multipart text parts; the file with the header, by `.get("url")`."""
    parts = {"parameters[users]": (None, "true"), "parameters[skip_message]": (None, "true")}
    with live.client(live.token) as client:
        run = client.post(f"{SELF}/provisioning_csv", files=parts).json()
        run = polled(lambda: client.get(f"{SELF}/provisioning_csv/{run['id']}").json())
        url = run.get("attachment", {}).get("url")
        header = client.get(url).text.splitlines()[0]
    assert "uuid" in header.split(",")


@pytest.mark.parametrize("term", ["", "sis_term_id:FA"])
def test_json_with_an_empty_term(live: LiveServer, term: str) -> None:
    """Single scripts, and the PowerShell ones (11, 17): `{"enrollment_term_id": "", "users": "1"}`."""
    body = {"parameters": {"enrollment_term_id": term, "users": "1"}}
    with live.client(live.token) as client:
        run = client.post(f"{SELF}/provisioning_csv", json=body).json()
        path = f"{SELF}/provisioning_csv/{run['id']}"
        run = polled(lambda: client.get(path).json(), until_="status")
        with_both = {"Content-Type": "application/json"}
        assert client.get(run["attachment"]["url"], headers=with_both).status_code == 200
