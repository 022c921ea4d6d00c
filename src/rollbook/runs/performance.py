"""What a worker does with one run, from taking it to its file."""

from __future__ import annotations

import json
import logging
import math
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from rollbook.canvas.tables import Tables
from rollbook.engines.engine import Engine, snapshot_name, state_of
from rollbook.errors import NothingToReport, RollbookError, RunStopped, StateUnavailable
from rollbook.faults import explained, patiently
from rollbook.output.files import FileStore, manifest_beside, remove_with_manifest
from rollbook.reports import texts
from rollbook.reports.as_of import given_as_of, without_as_of
from rollbook.reports.execution import Product, ReportRequest, execute
from rollbook.reports.manifest import manifest_of
from rollbook.reports.report import Report
from rollbook.reports.scope import Host, Scope
from rollbook.runs.logs import logging_of_run
from rollbook.runs.model import UNFINISHED, Run, Status
from rollbook.runs.naming import file_name, new_link_key
from rollbook.runs.reuse import Reuse, without_fresh
from rollbook.runs.service import end_stopped, utc_now
from rollbook.runs.store import RunStore
from rollbook.runs.turns import Attempts, Turns
from rollbook.runs.views import View
from rollbook.runs.watch import ProgressNotes, watching

MOST_DEATHS = 3
"""A run whose worker died so often is not begun again (api.md, 12.2)."""
_MOST_RETURNS = 10
"""So often a run works again because the database went away."""

_TURN_SECONDS = 0.5
"""A run that waits for its turn looks so often whether it is still wanted."""
CONTENT_TYPES = {"csv": "text/csv", "zip": "application/zip"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Workplace:
    """What a worker needs to perform runs."""

    store: RunStore
    files: FileStore
    view: View
    folder: Path
    """Where files are made, on the file system of the store if that is local."""
    host: Host
    find_report: Callable[[str], Report]
    clock: Callable[[], datetime] = utc_now
    """Tells the present, aware."""
    reuse: Reuse | None = None
    """Whose files a run may take over; None for nobody's."""
    settle: Callable[[int], None] = lambda _: None
    """Told of a run that was planned or has ended: others may wait for that."""
    run_seconds: float = math.inf
    """How long a run may compute."""
    turns: Turns = field(default_factory=Turns)
    attempts: Attempts = field(default_factory=Attempts)


def perform(place: Workplace, run_id: int) -> None:
    """Bring a run to its end, whichever it is; nothing happens to one that has ended."""
    with logging_of_run(run_id):
        _perform_in_turn(place, run_id)
        place.settle(run_id)


def _perform_in_turn(place: Workplace, run_id: int) -> None:
    while True:
        found = patiently(place.store.get, run_id)
        alone = found.deaths > 0
        with place.turns.turn(alone=alone, wait_seconds=_TURN_SECONDS) as came:
            if came or found.status not in UNFINISHED:
                run = place.attempts.begin(lambda: patiently(_begin, place, run_id))
                if run is None:
                    _remove_unregistered(place, run_id, found.attempt)
                    return
                try:
                    _perform(place, run)
                finally:
                    place.attempts.end(run)
                return


def _perform(place: Workplace, run: Run) -> None:
    _log.info("run begun", extra={"action": "run_begun", "run": run.id, "attempt": run.attempt})
    try:
        _remove_unregistered(place, run.id, run.attempt - 1)
        with _folder_for(place, run) as folder:
            _work_while_database_returns(place, run, folder)
    except RunStopped:
        patiently(end_stopped, place.store, run)
        _log.info("run stopped", extra={"action": "run_stopped", "run": run.id})
    except RollbookError as error:
        _fail_for(place, run, error)
    except Exception as error:  # noqa: BLE001 (a run must end, and say how)
        if known := explained(error):
            _fail_for(place, run, known)
        else:
            _fail_by_fault(place, run, error)


def _begin(place: Workplace, run_id: int) -> Run | None:
    run = place.store.get(run_id)
    if run.status not in UNFINISHED:
        end_stopped(place.store, run)
        return None
    if run.deaths >= MOST_DEATHS:
        times = f"{MOST_DEATHS} workers ended while they worked on it, maybe for want of memory."
        _log.error("run given up", extra={"action": "run_given_up", "run": run.id})
        _fail(place, run, "WorkerDied", texts.failure_extra_text(times))
        return None
    attempt = run.attempt + 1
    begun = place.store.move(
        run.id,
        Status.RUNNING,
        of_attempt=run.attempt,
        attempt=attempt,
        current_line=None,
        started_at=place.clock(),
    )
    return place.store.get(run.id) if begun else _begin(place, run_id)


def _remove_unregistered(place: Workplace, run_id: int, attempts: int) -> None:
    """Workers may have died after they stored a file and before they said so."""
    for attempt in range(1, attempts + 1):
        locations = [f"{run_id}-{attempt}.{extension}" for extension in CONTENT_TYPES]
        if not any(patiently(place.store.files.number_at, location) for location in locations):
            for location in locations:
                patiently(remove_with_manifest, place.files, location)


def _work_while_database_returns(place: Workplace, run: Run, folder: Path) -> None:
    """Work; where the database of state or catalogue went away, work again once it is back."""
    for _ in range(_MOST_RETURNS):
        try:
            return _work(place, run, folder)
        except StateUnavailable:
            _log.warning("run lost the database", extra={"action": "run_waits", "run": run.id})
            if patiently(place.store.status, run.id) != (Status.RUNNING, run.attempt):
                raise RunStopped("The run was stopped while the database was away.") from None
    return _work(place, run, folder)


def _work(place: Workplace, run: Run, folder: Path) -> None:
    report = place.find_report(run.report)
    with place.view(given_as_of(run.requested), str(run.account_id)) as engine:
        locale = _locale(engine, run.user_id)
        reuse = place.reuse
        key = reuse.key(report, run.account_id, run.requested, locale) if reuse else None
        parameters = {**run.requested, "locale": locale}
        place.store.note(
            run.id,
            of_attempt=run.attempt,
            snapshot=snapshot_name(engine),
            parameters=parameters,
            request_key=key,
        )
        if reuse:
            source = reuse.source(key, state_of(engine), run.requested, run.user_id)
            if source and reuse.take_over(run, source, place.clock()):
                _log.info(
                    "run complete with the file of another",
                    extra={"action": "run_reused", "run": run.id, "source": source.id},
                )
                return
        request = ReportRequest(
            report=report,
            account=str(run.account_id),
            parameters=without_fresh(without_as_of(run.requested)),
            now=place.clock(),
            host=place.host,
            user_id=run.user_id,
            locale=locale,
        )
        with watching(place.store, run, engine, place.run_seconds):
            product = execute(
                engine,
                request,
                folder,
                ProgressNotes(place.store, run, engine),
                lambda scope, shown: _planned(place, run, scope, {**parameters, **shown}),
            )
        manifest = manifest_of(
            engine,
            report,
            product.file,
            account_id=run.account_id,
            parameters={**parameters, **product.shown_parameters},
            rows=product.rows,
            now=place.clock(),
        )
    _publish(place, run, product, manifest)


def _planned(place: Workplace, run: Run, scope: Scope, parameters: Mapping[str, Any]) -> None:
    seen = sorted(scope.circumstances.seen)
    place.store.note(run.id, of_attempt=run.attempt, seen=seen, parameters=parameters)
    if seen:
        # Those who wait for its file may not get it, and need not wait in vain.
        place.settle(run.id)


def _publish(place: Workplace, run: Run, product: Product, manifest: Mapping[str, Any]) -> None:
    now = place.clock()
    location = f"{run.id}-{run.attempt}.{product.extension}"
    file_of_manifest = product.file.with_suffix(".json")
    file_of_manifest.write_text(json.dumps(manifest, ensure_ascii=False, indent=2), "utf-8")
    place.files.put(product.file, location)
    place.files.put(file_of_manifest, manifest_beside(location))
    completed = patiently(
        place.store.complete,
        run.id,
        of_attempt=run.attempt,
        progress=100,
        current_line=product.current_line,
        message=product.message,
        parameters=manifest["parameters"],
        ended_at=now,
        seen=sorted(product.seen),
        file={
            "account_id": run.account_id,
            "user_id": run.user_id,
            "link_key": new_link_key(),
            "filename": file_name(run.report, run.id, product.extension, now),
            "content_type": CONTENT_TYPES[product.extension],
            "size": manifest["size"],
            "rows": manifest["rows"],
            "sha256": manifest["sha256"],
            "location": location,
            "created_at": now,
        },
    )
    if not completed and not _is_complete_with(place, run, location):
        remove_with_manifest(place.files, location)
        raise RunStopped("The run was stopped at its very end.")
    _log.info(
        "run complete", extra={"action": "run_complete", "run": run.id, "size": manifest["size"]}
    )


def _is_complete_with(place: Workplace, run: Run, location: str) -> bool:
    """Whether the run has this file: the database may have gone away just after it said so."""
    file = patiently(place.store.get, run.id).file
    return file is not None and file.location == location


def _fail(place: Workplace, run: Run, cause: str, extra_text: str) -> None:
    place.store.fail(
        run.id,
        of_attempt=run.attempt,
        cause=cause,
        extra_text=extra_text,
        message=texts.failure_message(run.report),
        now=place.clock(),
    )
    # Where it was aborted in this very moment, that is what counts.
    end_stopped(place.store, run)


def _fail_for(place: Workplace, run: Run, error: RollbookError) -> None:
    reason = texts.failure_extra_text(str(error))
    cause = type(error).__name__
    _log.warning("run failed", extra={"action": "run_failed", "run": run.id, "cause": cause})
    patiently(
        _fail, place, run, cause, texts.NO_FILE if isinstance(error, NothingToReport) else reason
    )


def _fail_by_fault(place: Workplace, run: Run, error: Exception) -> None:
    number = secrets.token_hex(4)
    _log.error(
        "run failed by a fault %s",
        number,
        exc_info=error,
        extra={"action": "run_fault", "run": run.id, "error_id": number},
    )
    reason = (
        f"a fault in the server stopped this report. Its log tells more under error id {number}."
    )
    patiently(_fail, place, run, "Fault", texts.failure_extra_text(reason))


def _locale(engine: Engine, user_id: int | None) -> str:
    tables = Tables(engine)
    if user_id is None or not tables.is_present("users"):
        return "en"
    users = tables.users
    rows = engine.rows(users.filter(users.id == user_id).select("locale").limit(1))
    return str(rows[0]["locale"] or "en") if rows else "en"


@contextmanager
def _folder_for(place: Workplace, run: Run) -> Iterator[Path]:
    folder = place.folder / f"{run.id}-{run.attempt}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
