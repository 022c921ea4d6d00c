"""The application: Canvas's Account Reports API over the institution's own data."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from rollbook import __version__
from rollbook.access.institution import Institutions
from rollbook.access.tokens import TokenStore
from rollbook.api import routes_accounts, routes_files, routes_health, routes_reports
from rollbook.api.call import Services
from rollbook.api.errors import answer_errors
from rollbook.api.metering import Metering
from rollbook.api.paths import CanvasPaths
from rollbook.config import Settings
from rollbook.output.files import LocalFiles
from rollbook.runs.jobs import DurableJobs, prepare_jobs
from rollbook.runs.recovery import Heartbeats
from rollbook.runs.service import RunService
from rollbook.runs.store import RunStore
from rollbook.state.database import open_database


def create_app(settings: Settings) -> FastAPI:
    """The ASGI application; workers are processes of their own."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        prepare_jobs(settings)
        database = open_database(settings)
        jobs = DurableJobs(settings)
        app.state.services = Services(
            settings=settings,
            runs=RunService(RunStore(database), jobs, settings.duplicate_check),
            files=LocalFiles(settings.data / "files"),
            tokens=TokenStore(database),
            institutions=Institutions(settings.lake),
            heartbeats=Heartbeats(database),
        )
        yield
        jobs.close()
        database.close()

    # The interactive pages would load scripts from another host.
    app = FastAPI(
        title="Rollbook",
        version=__version__,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    for routes in (routes_reports, routes_files, routes_accounts, routes_health):
        app.include_router(routes.router)
    answer_errors(app)
    app.add_middleware(CanvasPaths)
    app.add_middleware(Metering)
    return app
