"""A server in this process, where a test owns the clock, the data and the state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import uvicorn
from api.institution import TABLES, Row
from api.live import SECONDS, free_port, until
from fastapi import FastAPI

from rollbook.access.tokens import TokenStore
from rollbook.api.app import create_app
from rollbook.api.call import Services
from rollbook.audit import Actor
from rollbook.config import Settings
from rollbook.load.json_tables import load_tables
from rollbook.runs.model import Run, Status


@dataclass
class Clock:
    """Stands still until it is set."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Inside:
    """A running server and what it stands on."""

    settings: Settings
    app: FastAPI
    http: httpx.Client
    """Has no token of its own."""
    clock: Clock

    @property
    def services(self) -> Services:
        services: Services = self.app.state.services
        return services

    def headers(self, **token: Any) -> dict[str, str]:
        """The header of a new token; by default of a service that reaches everything."""
        values = {"account": "self", "user_id": None, "purpose": "tests", "expires_at": None}
        text = TokenStore(self.services.runs.store._database).create(**{**values, **token}).text
        return {"Authorization": f"Bearer {text}"}

    def load(self, tables: Mapping[str, Sequence[Row]]) -> None:
        load_tables(self.settings.lake, tables, "tests")

    def run(
        self,
        *,
        account_id: int = 1,
        report: str = "provisioning_csv",
        user_id: int | None = None,
        content: bytes = b"a\n1\n",
    ) -> Run:
        """A complete run with a file, as a worker leaves it."""
        store = self.services.runs.store
        run, _ = store.create(
            account_id=account_id,
            report=report,
            parameters={},
            actor=Actor(user_id=user_id),
            now=self.clock.now,
        )
        store.move(run.id, Status.RUNNING, started_at=self.clock.now)
        location = f"{run.id}-0.csv"
        made = self.settings.data / location
        made.write_bytes(content)
        self.services.files.put(made, location)
        file = {
            "account_id": account_id,
            "user_id": user_id,
            "link_key": f"key of {run.id}",
            "filename": f"{report}_{run.id}.csv",
            "content_type": "text/csv",
            "size": len(content),
            "rows": 1,
            "sha256": "0" * 64,
            "location": location,
            "created_at": self.clock.now,
        }
        store.complete(run.id, of_attempt=0, progress=100, ended_at=self.clock.now, file=file)
        return store.get(run.id)


@contextmanager
def inside(
    folder: Path, tables: Mapping[str, Sequence[Row]] = TABLES, **settings: Any
) -> Iterator[Inside]:
    """A server over a folder of its own, in a thread, without workers."""
    chosen = Settings(data=folder, port=free_port(), **settings)
    load_tables(chosen.lake, tables, "tests")
    clock = Clock()
    app = create_app(chosen, clock)
    server = uvicorn.Server(
        uvicorn.Config(app, port=chosen.port, log_config=None, access_log=False, lifespan="on")
    )
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started or not thread.is_alive())
    with httpx.Client(base_url=f"http://127.0.0.1:{chosen.port}", timeout=SECONDS) as http:
        yield Inside(chosen, app, http, clock)
    server.should_exit = True
    thread.join()
