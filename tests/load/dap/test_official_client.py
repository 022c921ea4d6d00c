"""The official client takes the tests' server for DAP, and what it writes loads too (2.4, 5)."""

from __future__ import annotations

import os
import subprocess
import venv
from pathlib import Path

import pytest
from load.canvas_data.dump import Dump
from load.dap.conftest import Syncer
from load.dap.server import CLIENT_ID, CLIENT_SECRET, DapServer

CLIENT = "instructure-dap-client==2.3.1"
USERS = [
    {"id": 1, "name": "Ana", "sortable_name": "", "school_name": None, "short_name": "NULL"},
    {"id": 2, "name": 'Ben "Big"\n\tBo\\n', "sortable_name": "Bo, Ben", "short_name": "ü"},
    {"id": 3, "name": "Cy", "sortable_name": "x"},
]
SHOWN = ("id", "name", "sortable_name", "short_name")


class OfficialClient:
    """The command `dap`, in an environment of its own."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        pip = (folder / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check")
        subprocess.run([*pip, "install", CLIENT], check=True, timeout=600)
        self.command = folder / "bin" / "dap"

    def __call__(self, server: DapServer, *words: str, folder: Path) -> str:
        variables = {
            "DAP_API_URL": server.url,
            "DAP_CLIENT_ID": CLIENT_ID,
            "DAP_CLIENT_SECRET": CLIENT_SECRET,
            "DAP_TRACKING": "false",
        }
        options = ("--non-interactive", "--no-tracking", "--logfile", "dap.log")
        folder.mkdir(exist_ok=True)
        done = subprocess.run(
            [self.command, *options, *words],
            cwd=folder,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def dap(tmp_path_factory: pytest.TempPathFactory) -> OfficialClient:
    return OfficialClient(tmp_path_factory.mktemp("dap-client"))


@pytest.fixture
def full_server(server: DapServer) -> DapServer:
    """The server with two tables of several files, jobs that are over at once."""
    server.polls = 0
    server.rows_per_file = 2
    server.commit("users", *USERS)
    server.commit("courses", {"id": 1, "name": "Art", "settings": '{"a": 1}'})
    return server


@pytest.mark.timeout(900)
@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet"])
def test_what_the_official_client_writes_loads(
    dap: OfficialClient, full_server: DapServer, tmp_path: Path, form: str
) -> None:
    dump, folder, options = Dump(tmp_path), tmp_path / "d", ("--namespace", "canvas")
    words = (*options, "--table", "all", "--format", form, "--output-directory")
    dap(full_server, "snapshot", *words, "whole", folder=folder)
    since = full_server.now
    dump.load(folder / "whole", client_logs=[folder / "dap.log"])
    assert dump.rows("users", *SHOWN) == [tuple(u.get(name) for name in SHOWN) for u in USERS]

    full_server.commit("users", {"id": 1, "name": "Anna"}, {"id": 4, "name": "Di"})
    full_server.delete("users", 2)
    dap(full_server, "incremental", *words, "changes", "--since", since, folder=folder)
    dump.load(folder / "changes", client_logs=[folder / "dap.log"])

    assert dump.rows("users", "id", "name") == [(1, "Anna"), (3, "Cy"), (4, "Di")]
    assert dump.values("courses", "name") == ["Art"]


def test_both_clients_bring_the_same_rows(
    dap: OfficialClient, full_server: DapServer, sync: Syncer, tmp_path: Path
) -> None:
    words = ("--namespace", "canvas", "--table", "users", "--output-directory", "users")
    dap(full_server, "snapshot", *words, folder=tmp_path / "d")
    theirs = Dump(tmp_path / "theirs")
    theirs.load(tmp_path / "d" / "users")

    sync()

    assert sync.dump.rows("users", *SHOWN) == theirs.rows("users", *SHOWN)


def test_the_official_client_finds_all_six_routes(
    dap: OfficialClient, full_server: DapServer, tmp_path: Path
) -> None:
    full_server.polls = 1
    listed = dap(full_server, "list", "--namespace", "canvas", folder=tmp_path)
    words = ("--namespace", "canvas", "--table", "users", "--output-directory", ".")
    dap(full_server, "schema", *words, folder=tmp_path)
    dap(full_server, "snapshot", *words, folder=tmp_path)

    assert "users" in listed
    assert (tmp_path / "users_schema_version_1.json").is_file()
    assert {route for route, _ in full_server.calls} == {
        *("login", "tables", "schema", "data", "job", "url", "file")
    }
