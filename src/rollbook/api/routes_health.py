"""For machines that look after the server: is it up, can it work."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

from rollbook.api.answers import CanvasJson
from rollbook.api.call import Services
from rollbook.health import Level, check_data, check_disk, check_workers

router = APIRouter(tags=["health"])


def _answers(description: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {"application/json": {}}}}


@router.get("/healthz", responses=_answers("Requests are answered."))
def healthz() -> Response:
    """200 as soon as requests are answered."""
    return CanvasJson({"status": "ok"})


@router.get(
    "/readyz",
    responses={**_answers("A run would be done."), 503: {"description": "It would wait."}},
)
def readyz(request: Request) -> Response:
    """200 when a worker lives and data are loaded, so that a report would run; else 503."""
    services: Services = request.app.state.services
    findings = [
        check_data(services.institutions.current),
        check_workers(services.heartbeats),
        check_disk(services.settings.data),
    ]
    workers = sorted(services.heartbeats.living())
    has_data = findings[0].level is Level.OK
    is_ready = bool(workers) and all(found.level is not Level.WRONG for found in findings)
    body = {
        "status": "ready" if is_ready else "not ready",
        "workers": workers,
        "snapshot": services.institutions.current().snapshot if has_data else None,
        # Levels alone: anybody may ask.
        "checks": {found.check: found.level for found in findings},
    }
    return CanvasJson(body, status_code=200 if is_ready else 503)


@router.get(
    "/metrics", responses={200: {"description": "The numbers.", "content": {"text/plain": {}}}}
)
def metrics(request: Request) -> Response:
    """Numbers of queue, runs and workers for Prometheus; they are the same on every server."""
    services: Services = request.app.state.services
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(services.metrics), media_type=content_type)


@router.get("/help_links", responses=_answers("An empty list."))
def help_links() -> Response:
    """Some clients ask for this to see whether the host is up (clients.md, section 2)."""
    return CanvasJson([])
