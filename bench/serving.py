"""How the API answers: while large reports run, and as many requests as it can.

    python bench/serving.py --data CAMPUS_FOLDER [--clients 50] [--seconds 60]

Starts a server of its own on loopback over the data in CAMPUS_FOLDER (`rollbook load demo --scale
campus`), which must hold no tokens or runs that matter.

1. Starts four reports, starts one anew whenever one has ended, and lets clients poll the status of a run
   once a second each. Prints the slowest of each hundred answers, and how many failed.
2. Has `wrk` (Debian: `apt install wrk`) ask for the list of runs and for that of report types, each in
   turn with a bare FastAPI route whose answer has the same bytes. Prints requests a second, and
   their ratio: while nothing else happens, and while somebody commits to the state database 20
   times a second.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from random import random
from statistics import median, quantiles
from threading import Event, Thread

import httpx
from post_to_complete import wait_until_ready

from rollbook.access.tokens import create_token
from rollbook.config import read_settings

PORT = 3412
BARE_PORT = 3413
SELF = "/api/v1/accounts/self/reports"
FRESH = {"parameters[fresh]": "1"}
FOUR: tuple[tuple[str, dict[str, str]], ...] = (
    ("provisioning_csv", {"parameters[enrollments]": "1", "parameters[users]": "1", **FRESH}),
    ("grade_export_csv", FRESH),
    ("zero_activity_csv", FRESH),
    ("sis_export_csv", {"parameters[enrollments]": "1", **FRESH}),
)
COMMITS_A_SECOND = 20
BARE = """
import sys
from pathlib import Path
from random import random
import uvicorn
from fastapi import FastAPI
from starlette.responses import Response
content = Path(sys.argv[1]).read_bytes()
app = FastAPI()
@app.get("/list")
def bare_list() -> Response:
    return Response(content, media_type="application/json")
uvicorn.run(app, port=int(sys.argv[2]), access_log=False, log_level="warning")
"""


@contextmanager
def process(*command: str, **variables: str) -> Iterator[None]:
    """A process that ends with the block."""
    started = subprocess.Popen(
        command, env={**os.environ, **variables}, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield
    finally:
        started.terminate()
        started.wait()


async def poll(client: httpx.AsyncClient, path: str, until: float, seconds: list[float]) -> int:
    """Ask for a run's status once a second; gives the number of answers that were none."""
    failed = 0
    await asyncio.sleep(random())  # noqa: S311 (so that they do not ask all at once)
    while time.monotonic() < until:
        started = time.perf_counter()
        try:
            answer = await client.get(path)
            failed += answer.status_code != httpx.codes.OK
        except httpx.TransportError:
            failed += 1
        taken = time.perf_counter() - started
        seconds.append(taken)
        await asyncio.sleep(max(0.0, 1 - taken))
    return failed


async def keep_running(client: httpx.AsyncClient, number: int, until: float) -> tuple[int, int]:
    """Run a report again and again; gives how often it completed and how often it did not."""
    complete = other = 0
    report, parameters = FOUR[number]
    while time.monotonic() < until:
        run = (await client.post(f"{SELF}/{report}", data=parameters)).json()
        while run["progress"] < 100 and time.monotonic() < until:
            await asyncio.sleep(1)
            run = (await client.get(f"{SELF}/{report}/{run['id']}")).json()
        if run["progress"] < 100:
            await client.put(f"{SELF}/{report}/{run['id']}/abort")
            return complete, other
        complete += run["status"] == "complete"
        other += run["status"] in ("error", "aborted")
    return complete, other


async def measure_polling(url: str, token: str, clients: int, seconds: float) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=clients + len(FOUR))
    async with httpx.AsyncClient(
        base_url=url, headers=headers, limits=limits, timeout=60
    ) as client:
        run = (await client.post(f"{SELF}/provisioning_csv", data=FOUR[0][1])).json()
        until = time.monotonic() + seconds
        taken: list[float] = []
        path = f"{SELF}/provisioning_csv/{run['id']}"
        polls = [poll(client, path, until, taken) for _ in range(clients)]
        runs = [keep_running(client, number, until) for number in range(len(FOUR))]
        failed, done = await asyncio.gather(asyncio.gather(*polls), asyncio.gather(*runs))
    ms = [1000 * second for second in taken]
    p99 = quantiles(ms, n=100)[98]
    print(
        f"\n{clients} clients, one request a second each, while four reports run, {seconds:.0f} s:\n"
    )
    print("| answers | failed | median ms | p99 ms | max ms | reports completed | failed |")
    print("|---|---|---|---|---|---|---|")
    completed, not_completed = (sum(numbers) for numbers in zip(*done, strict=True))
    print(
        f"| {len(ms)} | {sum(failed)} | {median(ms):.1f} | {p99:.1f} | {max(ms):.1f} "
        f"| {completed} | {not_completed} |"
    )


def requests_a_second(url: str, token: str, seconds: int) -> float:
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "-H", f"Authorization: Bearer {token}", url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in output, output
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert found, output
    return float(found[1])


def fill_list(client: httpx.Client) -> None:
    """Have a whole page of complete runs in the list; all but one take over a file."""
    started = [
        client.post(f"{SELF}/provisioning_csv", data={"parameters[users]": "1"}) for _ in range(10)
    ]
    for answer in started:
        while client.get(f"{SELF}/provisioning_csv/{answer.json()['id']}").json()["progress"] < 100:
            time.sleep(0.1)


@contextmanager
def commits(data: Path) -> Iterator[None]:
    """Somebody commits to the state database again and again, as workers do."""
    done = Event()

    def commit() -> None:
        with closing(sqlite3.connect(data / "state.sqlite", isolation_level=None)) as connection:
            while not done.wait(1 / COMMITS_A_SECOND):
                connection.execute("UPDATE workers SET pid = pid")

    thread = Thread(target=commit)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def measure_lists(data: Path, url: str, token: str, rounds: int, seconds: int) -> None:
    if not shutil.which("wrk"):
        print("\nwrk is not installed (apt install wrk): requests a second were not measured.")
        return
    print(f"\nLists, 16 connections, {rounds} rounds in turn, requests a second:\n")
    print("| list | bytes | state | Rollbook | a bare FastAPI route | ratio |")
    print("|---|---|---|---|---|---|")
    for name, path in (("runs", f"{SELF}/provisioning_csv"), ("report types", SELF)):
        states: dict[str, AbstractContextManager[None]]
        states = {"at rest": nullcontext(), f"{COMMITS_A_SECOND} commits a second": commits(data)}
        for state, others in states.items():
            with others:
                measure_list(
                    name, state, url=url + path, token=token, rounds=rounds, seconds=seconds
                )


def measure_list(name: str, state: str, *, url: str, token: str, rounds: int, seconds: int) -> None:
    content = httpx.get(url, headers={"Authorization": f"Bearer {token}"}).content
    with tempfile.TemporaryDirectory() as folder:
        answer, program = Path(folder) / "answer.json", Path(folder) / "bare.py"
        answer.write_bytes(content)
        program.write_text(BARE)
        bare = f"http://127.0.0.1:{BARE_PORT}/list"
        with process(sys.executable, str(program), str(answer), str(BARE_PORT)):
            while not answers(bare):
                time.sleep(0.1)
            ours, theirs = [], []
            for _ in range(rounds):
                ours.append(requests_a_second(url, token, seconds))
                theirs.append(requests_a_second(bare, token, seconds))
    print(
        f"| {name} | {len(content):,} | {state} | {median(ours):,.0f} | {median(theirs):,.0f} "
        f"| {median(ours) / median(theirs):.2f} |"
    )


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    settings = read_settings(data=options.data, port=PORT)
    token = create_token(settings, purpose="bench").text
    variables = {"ROLLBOOK_DATA": str(options.data), "ROLLBOOK_PORT": str(PORT)}
    url = f"http://127.0.0.1:{PORT}"
    with process(sys.executable, "-m", "rollbook.api.serve", **variables):
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            wait_until_ready(client)
            asyncio.run(measure_polling(url, token, options.clients, options.seconds))
            fill_list(client)
        measure_lists(options.data, url, token, rounds=3, seconds=3)


if __name__ == "__main__":
    main()
