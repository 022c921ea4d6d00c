"""A report from start to download, done as any client of Canvas's API would do it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape

from rollbook.access.tokens import create_token
from rollbook.api.serve import listening_socket
from rollbook.config import Settings
from rollbook.errors import RollbookError

_REPORT = "provisioning_csv"
_CHOSEN = ("users", "courses", "enrollments")
_START_SECONDS = 60.0
_RUN_SECONDS = 600.0
_POLL_SECONDS = 0.1
_ROWS = 3


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
    curl = f"curl -H 'Authorization: Bearer {token}'"
    path = f"/api/v1/accounts/self/reports/{_REPORT}"
    fields = {f"parameters[{name}]": "true" for name in _CHOSEN}
    form = " ".join(f"-d '{name}={value}'" for name, value in fields.items())

    began = time.perf_counter()
    _print_command(console, f"{curl} {form} {base}{path}")
    run: dict[str, Any] = client.post(path, data=fields).raise_for_status().json()
    _print_run(console, run)

    _print_command(console, f"{curl} {base}{path}/{run['id']}")
    run = _complete_run(client, path, run)
    _print_run(console, run)

    attachment = run["attachment"]
    _print_command(console, f"curl -o {attachment['filename']} '{attachment['url']}'")
    content = client.get(attachment["url"]).raise_for_status().content
    seconds = time.perf_counter() - began
    console.print(
        f"  {len(content):,} bytes; [bold]{seconds:.2f} s[/bold] from start to download.\n"
    )
    _print_rows(console, content)


def _print_command(console: Console, command: str) -> None:
    console.print(f"[dim]$[/dim] {escape(command)}", soft_wrap=True)


def _print_run(console: Console, run: dict[str, Any]) -> None:
    rows = "" if run["current_line"] is None else f", {run['current_line']:,} rows"
    console.print(f"  run {run['id']}: {run['status']}, progress {run['progress']}{rows}\n")


def _complete_run(client: httpx.Client, path: str, run: dict[str, Any]) -> dict[str, Any]:
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
            console.print(f"[bold]{escape(name)}[/bold]")
            with archive.open(name) as file:
                lines = io.TextIOWrapper(file, "utf-8", newline="")
                for line in islice(lines, 1 + _ROWS):
                    console.print(line.rstrip("\n"), markup=False, emoji=False, soft_wrap=True)
            console.print()


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
