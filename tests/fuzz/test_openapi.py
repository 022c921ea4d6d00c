"""Schemathesis against a real server, with all its checks, from the server's own document.

`pytest tests/fuzz --fuzz-long` sends more than 20,000 requests, in some ten minutes; the normal run
a hundred.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from api.live import LiveServer, start_server

from rollbook.audit import NOBODY
from rollbook.output.files import LocalFiles
from rollbook.runs.model import Status
from rollbook.runs.store import RunStore
from rollbook.state.database import open_database

_CONFIGURATION = """
# Which terms exist is not in the document: one that does not is refused with 400.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "400", "401", "403", "404", "409", "413", "416"]

# To Canvas's router a path without this method is no path: it answers 404, where these two
# checks want 405. `test_what_is_not_routed_is_not_found` checks that.
[checks.unsupported_method]
enabled = false
[checks.allow_header_conformance]
enabled = false

[generation]
database = "none"  # With one, thousands of requests go into simplifying those that pass.
allow-x00 = false  # A NUL is refused with 400; test_hostile.py checks that.

# A file to look at and to download. It is not deleted, else it would be gone.
[[operations]]
include-method = "GET"
include-path-regex = "/files/"
parameters = {{ "path.file_id" = {file_id}, "path.account_id" = "self" }}
# The numbers above and those of links stand where it believes that its own wrong ones do, and
# a good token stands beside its own wrong verifiers.
checks = {{ negative_data_rejection.enabled = false, ignored_auth.enabled = false }}

[[operations]]
include-method = "DELETE"
include-path-regex = "/files/"
checks = {{ negative_data_rejection.enabled = false }}

# Without workers no state changes, and answers would wait for it.
[[operations]]
include-operation-id = "show_run"
parameters = {{ "query.wait" = "0" }}

# Terms of the institution.
[[operations]]
include-path-regex = "/terms/"
parameters = {{ "path.account_id" = "self", "path.term_id" = 2 }}
checks = {{ negative_data_rejection.enabled = false }}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server without workers: what is started by the hundred need not be done."""
    server = start_server(tmp_path_factory.mktemp("fuzz"), workers=0)
    server.wait_until_ready()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def file_id(server: LiveServer) -> int:
    """The file of a complete run."""
    database = open_database(server.settings)
    store = RunStore(database)
    now = datetime.now(UTC)
    run, _ = store.create(
        account_id=1, report="provisioning_csv", parameters={}, actor=NOBODY, now=now
    )
    store.move(run.id, Status.RUNNING, started_at=now)
    made = server.settings.data / "made.csv"
    made.write_text("canvas_user_id\n1\n")
    LocalFiles(server.settings.data / "files").put(made, f"{run.id}-0.csv")
    file = {
        "account_id": 1,
        "link_key": "a key",
        "filename": "users.csv",
        "content_type": "text/csv",
        "size": 17,
        "rows": 1,
        "location": f"{run.id}-0.csv",
        "created_at": now,
    }
    store.complete(run.id, of_attempt=0, progress=100, ended_at=now, file=file)
    complete = store.get(run.id)
    database.close()
    assert complete.file is not None
    return complete.file.id


@pytest.mark.timeout(3600)
def test_every_answer_is_as_the_document_says(
    server: LiveServer,
    file_id: int,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    is_long = pytestconfig.getoption("fuzz_long")
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(_CONFIGURATION.format(file_id=file_id))
    # Written while it runs, so that who waits for the long run sees how far it is.
    log = tmp_path / "schemathesis.log"
    with log.open("w") as sink:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration)),
                *("run", f"{server.url}/openapi.json"),
                *("--header", f"Authorization: Bearer {server.token}"),
                # It waits for workers, which this server has none of.
                *("--exclude-path", "/readyz"),
                *("--phases", "examples,fuzzing,stateful" + (",coverage" if is_long else "")),
                *("--max-examples", "1100" if is_long else "3", "--seed", "1"),
                *("--continue-on-failure", "--suppress-health-check", "all"),
                *("--request-timeout", "30"),
            ],
            cwd=tmp_path,
            stdout=sink,
            stderr=subprocess.STDOUT,
            check=False,
        )
    answers = statuses(server.log)
    told = f"{answers.total():,} requests, answered with {dict(sorted(answers.items()))}"
    record_property("requests", answers.total())
    if is_long:
        with capsys.disabled():
            sys.stdout.write(f"\n{told}\n")
    assert done.returncode == 0, log.read_text()
    assert answers.total() >= (20_000 if is_long else 60), told
    assert not [status for status in answers if status >= 500], told
    assert "traceback" not in server.log


def statuses(log: str) -> Counter[int]:
    """How many requests a server answered with which status, by its log."""
    lines = [json.loads(line) for line in log.splitlines()]
    return Counter(line["status"] for line in lines if line.get("action") == "request")
