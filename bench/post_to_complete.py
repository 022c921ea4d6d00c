"""From POST to `complete`, as a client sees it, on the `tiny` demo institution.

    python bench/post_to_complete.py [--runs 20]

Starts a server of its own on loopback with its data in a temporary folder, waits for it, then starts
runs one after the other and polls each. Prints a table; the ratio is against the same report run
in this process, without server, queue and worker.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import httpx

import rollbook
from rollbook.access.tokens import create_token
from rollbook.config import Settings, read_settings
from rollbook.load.demo import load_demo

REPORT = "/api/v1/accounts/self/reports/provisioning_csv"
PORT = 3411
POLL_SECONDS = 0.02
START_SECONDS = 60.0


def through_the_api(client: httpx.Client) -> None:
    """POST, and poll until the run is complete."""
    run = (
        client.post(REPORT, data={"parameters[users]": "true", "parameters[fresh]": "1"})
        .raise_for_status()
        .json()
    )
    while run["progress"] < 100:
        time.sleep(POLL_SECONDS)
        run = client.get(f"{REPORT}/{run['id']}").raise_for_status().json()
    assert run["status"] == "complete", run


def in_this_process(data: Path) -> None:
    """Open the data, run, write the file."""
    with rollbook.open(data) as institution:
        institution.run("provisioning_csv", {"users": True}).write(data / "users.csv")


def seconds_of(work: Callable[[], None], runs: int) -> list[float]:
    """The seconds of each run, after one that does not count."""
    work()
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return seconds


def measure(settings: Settings, runs: int) -> dict[str, list[float]]:
    """Serve, and measure both ways."""
    token = create_token(settings, purpose="bench").text
    process = subprocess.Popen(
        [sys.executable, "-m", "rollbook.api.serve"],
        env={**os.environ, "ROLLBOOK_DATA": str(settings.data), "ROLLBOOK_PORT": str(PORT)},
        stderr=subprocess.DEVNULL,
    )
    headers = {"Authorization": f"Bearer {token}"}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{PORT}", headers=headers) as client:
            wait_until_ready(client)
            return {
                "POST to complete": seconds_of(lambda: through_the_api(client), runs),
                "in one process": seconds_of(lambda: in_this_process(settings.data), runs),
            }
    finally:
        process.terminate()
        process.wait()


def wait_until_ready(client: httpx.Client) -> None:
    """Return once the server can accept and do runs."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if client.get("/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(POLL_SECONDS)
    sys.exit("the server did not become ready")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings(data=folder)
        load_demo(settings.lake, "tiny", datetime.now(UTC))
        measured = measure(settings, options.runs)
    print("| provisioning_csv, users, tiny | median s | min s | max s |")
    print("|---|---|---|---|")
    for name, seconds in measured.items():
        print(f"| {name} | {median(seconds):.2f} | {min(seconds):.2f} | {max(seconds):.2f} |")
    api, alone = (median(seconds) for seconds in measured.values())
    print(f"the API's time over the report's own: {api / alone:.2f}")


if __name__ == "__main__":
    main()
