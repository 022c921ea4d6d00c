"""A report from start to download, done as any client of Canvas's API would do it."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from rollbook.access.tokens import create_token
from rollbook.api.serve import listening_socket
from rollbook.config import Settings
from rollbook.errors import RollbookError

_REPORT = "provisioning_csv"
_CHOSEN = ("users", "courses", "enrollments")
_START_SECONDS = 60.0
_RUN_SECONDS = 600.0
_POLL_SECONDS = 0.1
_ROWS = 5


def run_demo(settings: Settings, *, once: bool) -> int:
    """Serve, show a report through the API, and keep serving until Ctrl-C.

    Args:
        settings: the installation; data are loaded.
        once: stop after the report.

    Returns:
        The exit status: 0 when the report was started, completed and downloaded.

    Raises:
        ConfigurationError: the address cannot be listened on.
    """
    console = Console(highlight=False)
    # Refuses a taken port here, in words; the server binds it for itself.
    listening_socket(settings).close()
    token = create_token(settings, purpose="demo")
    base = f"http://{settings.host}:{settings.port}"
    try:
        with _server(settings) as process, httpx.Client(base_url=base, timeout=30) as client:
            client.headers["Authorization"] = f"Bearer {token.text}"
            _wait_until_ready(client, process)
            _show(console, client, base, token.text)
            if not once:
                console.print("\nServing until Ctrl-C.")
                process.wait()
    except KeyboardInterrupt:
        return 0
    except (httpx.HTTPError, _DemoFailed) as error:
        console.print(f"[red]The demo failed:[/red] {error}")
        return 1
    return 0


class _DemoFailed(RollbookError):
    """The server or the report did not do what the demo shows."""


def _show(console: Console, client: httpx.Client, base: str, token: str) -> None:
    console.print(f"Rollbook listens on [bold]{base}[/bold]")
    console.print(f"Token: [bold]{token}[/bold]\n")
    _print_commands(console, base)
    began = time.perf_counter()
    run = _complete_run(client)
    content = client.get(run["attachment"]["url"]).raise_for_status().content
    seconds = time.perf_counter() - began
    console.print(
        f"Run {run['id']} is {run['status']}; {run['attachment']['filename']}, "
        f"{len(content):,} bytes, from start to download in [bold]{seconds:.2f} s[/bold].\n"
    )
    _print_rows(console, content)


def _print_commands(console: Console, base: str) -> None:
    parameters = " ".join(f"-d 'parameters[{name}]=true'" for name in _CHOSEN)
    reports = f"{base}/api/v1/accounts/self/reports/{_REPORT}"
    console.print("What follows, as commands to paste:", style="dim")
    for command in (
        f"curl -H 'Authorization: Bearer TOKEN' {parameters} {reports}",
        f"curl -H 'Authorization: Bearer TOKEN' {reports}/ID   # until progress is 100",
        "curl -OJ ATTACHMENT_URL",
    ):
        console.print(f"  {command}", soft_wrap=True, markup=False)
    console.print()


def _complete_run(client: httpx.Client) -> dict[str, Any]:
    path = f"/api/v1/accounts/self/reports/{_REPORT}"
    parameters = {f"parameters[{name}]": "true" for name in _CHOSEN}
    run: dict[str, Any] = client.post(path, data=parameters).raise_for_status().json()
    deadline = time.monotonic() + _RUN_SECONDS
    while run["progress"] < 100:
        if time.monotonic() > deadline:
            raise _DemoFailed(f"Run {run['id']} did not end within {_RUN_SECONDS:.0f} s.")
        time.sleep(_POLL_SECONDS)
        run = client.get(f"{path}/{run['id']}").raise_for_status().json()
    if run["status"] != "complete":
        raise _DemoFailed(f"Run {run['id']} ended: {run['parameters'].get('extra_text')}")
    return run


def _print_rows(console: Console, content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                lines = csv.reader(io.TextIOWrapper(file, "utf-8"))
                header = next(lines)
                table = Table(*header[:6], title=name, title_justify="left")
                for _, row in zip(range(_ROWS), lines, strict=False):
                    table.add_row(*row[:6])
            console.print(table)


def _wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _DemoFailed(f"The server ended with status {process.returncode}.")
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass  # It does not listen yet.
        time.sleep(_POLL_SECONDS)
    raise _DemoFailed(f"The server was not ready within {_START_SECONDS:.0f} s.")


@contextmanager
def _server(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    log = settings.data / "demo.log"
    variables = {
        f"ROLLBOOK_{name.upper()}": str(value)
        for name, value in settings.model_dump(include={"data", "host", "port"}).items()
    }
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "rollbook.api.serve"],
            env={**os.environ, **variables},
            stderr=sink,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait()
