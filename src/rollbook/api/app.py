"""The application: Canvas's Account Reports API over the institution's own data."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import cache

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry
from starlette.middleware.cors import CORSMiddleware

from rollbook import __version__
from rollbook.access.institution import Institutions
from rollbook.access.tokens import TokenStore
from rollbook.api import routes_accounts, routes_files, routes_health, routes_reports
from rollbook.api.call import Services
from rollbook.api.errors import answer_errors
from rollbook.api.metering import Metering
from rollbook.api.openapi import document, route_name
from rollbook.api.paths import CanvasPaths
from rollbook.audit import AuditLog
from rollbook.config import Settings
from rollbook.errors import EmptyLake, SourceUnavailable
from rollbook.output.files import open_files
from rollbook.runs.jobs import DurableJobs, prepare_jobs
from rollbook.runs.metrics import StateMetrics
from rollbook.runs.opening import run_service
from rollbook.runs.recovery import Heartbeats
from rollbook.runs.service import utc_now
from rollbook.runs.store import RunStore
from rollbook.runs.waiting import StateChanges
from rollbook.state.database import open_database


def create_app(settings: Settings, clock: Callable[[], datetime] = utc_now) -> FastAPI:
    """The ASGI application; workers are processes of their own.

    Args:
        settings: the installation.
        clock: tells the present, aware; tests stop it.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        prepare_jobs(settings)
        database = open_database(settings)
        institutions = Institutions(settings.tables)
        # So that the first client need not wait for it.
        with suppress(EmptyLake, SourceUnavailable):
            await to_thread(institutions.current)
        jobs = DurableJobs(settings)
        store = RunStore(database)
        heartbeats = Heartbeats(database)
        metrics = CollectorRegistry()
        metrics.register(StateMetrics(database, heartbeats))
        app.state.services = Services(
            settings=settings,
            runs=run_service(settings, store, jobs, clock),
            files=open_files(settings),
            tokens=TokenStore(database),
            institutions=institutions,
            heartbeats=heartbeats,
            audit=AuditLog(database),
            changes=StateChanges(store),
            memory=database.memory,
            metrics=metrics,
            clock=clock,
        )
        yield
        jobs.close()
        database.close()

    # Its pages load no scripts from other hosts.
    app = FastAPIOffline(
        title="Rollbook",
        version=__version__,
        summary="Canvas's Account Reports API over an institution's own data.",
        lifespan=lifespan,
        redirect_slashes=False,
        redoc_url=None,
        generate_unique_id_function=route_name,
    )
    for routes in (routes_reports, routes_files, routes_accounts, routes_health):
        app.include_router(routes.router)
    # As FastAPI's manual has documents extended.
    app.openapi = cache(lambda: document(app, settings.reports.keys()))  # type: ignore[method-assign]
    answer_errors(app)
    app.add_middleware(CanvasPaths)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Link", "Location", "Content-Disposition", "ETag", "Retry-After"],
        )
    app.add_middleware(Metering)
    return app
