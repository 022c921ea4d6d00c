"""Runs and their files in the state database.

A run changes its state only through `move`, which compares and sets in one statement: of two
who want to move a run, one does, the other is told that it did not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from rollbook.audit import Actor, Event, starter_of, write_record
from rollbook.runs.model import UNFINISHED, ReportFile, Run, Status, record_of, sources_of
from rollbook.runs.totals import ABORTED, COMPLETE, count_run
from rollbook.state.database import Database
from rollbook.state.tables import files, runs

Twin = Callable[[Sequence[Run]], Run | None]
"""Finds, among the unfinished runs of a type, newest first, the one that will do instead."""

_FILE = [column.label(f"file_{column.name}") for column in files.c]
_RUNS = sa.select(runs, *_FILE).select_from(
    runs.outerjoin(files, sa.and_(files.c.run_id == runs.c.id, files.c.deleted_at.is_(None)))
)
_COLUMNS = tuple(column.name for column in runs.c)
_FILE_COLUMNS = tuple(column.name for column in files.c)
_NEWEST_FIRST = (runs.c.created_at.desc(), runs.c.id.desc())
_TOTAL = sa.func.count().over().label("total")
# Made once: to make them takes as long as to run them, and clients that poll run little else.
_OF_TYPE = (
    runs.c.account_id == sa.bindparam("account_id"),
    runs.c.report == sa.bindparam("report"),
    runs.c.status != Status.DELETED,
)
_FIND = _RUNS.where(*_OF_TYPE, runs.c.id == sa.bindparam("run_id"))
_COUNT = sa.select(sa.func.count()).select_from(runs).where(*_OF_TYPE)
_PAGE = (
    _RUNS.add_columns(_TOTAL)
    .where(*_OF_TYPE)
    .order_by(*_NEWEST_FIRST)
    .offset(sa.bindparam("offset"))
    .limit(sa.bindparam("limit"))
)


class RunStore:
    """All that is known of runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        *,
        account_id: int,
        report: str,
        parameters: Mapping[str, Any],
        actor: Actor,
        now: datetime,
        twin: Twin | None = None,
    ) -> tuple[Run, bool]:
        """A new run, or its twin where there is one; and whether it is new.

        Args:
            account_id: the account it covers.
            report: its type.
            parameters: as they were sent.
            actor: who asked.
            now: when it was asked for.
            twin: looks for a run that makes a new one needless among those not finished.
        """
        values = {
            "account_id": account_id,
            "report": report,
            "status": Status.CREATED,
            "requested": dict(parameters),
            "parameters": dict(parameters),
            "progress": 0,
            "user_id": actor.effective_user_id,
            "token_id": actor.token_id,
            "attempt": 0,
            "created_at": now,
        }
        with self._database.writing() as connection:
            if twin:
                found = twin(_unfinished_of(connection, account_id, report))
                if found:
                    return found, False
            inserted = connection.execute(runs.insert().values(values)).inserted_primary_key or (0,)
            run = _get(connection, inserted[0])
            write_record(connection, record_of(run, Event.RUN_STARTED, actor, now))
            return run, True

    def get(self, run_id: int) -> Run:
        """The run of an id that is known to exist."""
        with self._database.reading() as connection:
            return _get(connection, run_id)

    def find(self, run_id: int, *, account_id: int, report: str) -> Run | None:
        """A run by all that its address says; a deleted one is not found."""
        values = {"account_id": account_id, "report": report, "run_id": run_id}
        with self._database.reading() as connection:
            row = connection.execute(_FIND, values).mappings().one_or_none()
        return None if row is None else _run(row)

    def page(
        self, *, account_id: int, report: str, offset: int, limit: int
    ) -> tuple[list[Run], int]:
        """Some runs of an account and a type that are not deleted, newest first; how many in all."""
        values = {"account_id": account_id, "report": report, "offset": offset, "limit": limit}
        with self._database.reading() as connection:
            rows = connection.execute(_PAGE, values).mappings().all()
            if not rows and offset:
                return [], int(connection.execute(_COUNT, values).scalar_one())
        return [_run(row) for row in rows], rows[0]["total"] if rows else 0

    def last_runs(self, account_id: int) -> dict[str, Run]:
        """The newest run of each type that is not deleted, by type."""
        rank = sa.func.row_number().over(partition_by=runs.c.report, order_by=_NEWEST_FIRST)
        ranked = (
            sa.select(runs.c.id, rank.label("rank"))
            .where(runs.c.account_id == account_id, runs.c.status != Status.DELETED)
            .subquery()
        )
        newest = sa.select(ranked.c.id).where(ranked.c.rank == 1)
        return {run.report: run for run in self._all(_RUNS.where(runs.c.id.in_(newest)))}

    def unfinished(self, *, not_between: tuple[datetime, datetime]) -> list[Run]:
        """Runs that have still to be brought to an end, those that were stopped too.

        Args:
            not_between: runs created then are left out; those of a later time, which a clock that
                was set back leaves behind, are not.
        """
        since, until = not_between
        stopped = sa.and_(runs.c.status == Status.ABORTED, runs.c.ended_at.is_(None))
        query = _RUNS.where(
            sa.or_(runs.c.status.in_(UNFINISHED), stopped),
            sa.or_(runs.c.created_at < since, runs.c.created_at > until),
        )
        return self._all(query.order_by(runs.c.id))

    def status(self, run_id: int) -> tuple[Status, int]:
        """The state and the attempt of a run, cheaply."""
        query = sa.select(runs.c.status, runs.c.attempt).where(runs.c.id == run_id)
        with self._database.reading() as connection:
            row = connection.execute(query).one()
        return Status(row.status), row.attempt

    def move(
        self, run_id: int, target: Status, *, of_attempt: int | None = None, **values: Any
    ) -> bool:
        """Move a run, if it is where it may move from; tells whether it did.

        Args:
            run_id: the run.
            target: where to.
            of_attempt: the worker's attempt; a worker that lost the run moves it no more.
            values: other columns that change in the same moment.
        """
        with self._database.writing() as connection:
            return _move(connection, run_id, target, of_attempt=of_attempt, values=values)

    def stop(self, run: Run, target: Status, *, actor: Actor, now: datetime) -> bool:
        """Move a run by somebody's wish, with a record of whose; tells whether it moved."""
        event = {Status.ABORTED: Event.RUN_ABORTED, Status.DELETED: Event.RUN_DELETED}[target]
        with self._database.writing() as connection:
            moved = _move(connection, run.id, target, of_attempt=None, values={})
            if moved:
                write_record(connection, record_of(run, event, actor, now))
            return moved

    def complete(
        self, run_id: int, *, of_attempt: int, file: Mapping[str, Any], **values: Any
    ) -> bool:
        """Register a run's file and complete the run, both or neither."""
        with self._database.writing() as connection:
            moved = _move(connection, run_id, Status.COMPLETE, of_attempt=of_attempt, values=values)
            if moved:
                connection.execute(files.insert().values(run_id=run_id, **file))
                run = _get(connection, run_id)
                count_run(connection, run, COMPLETE)
                actor = starter_of(connection, run_id)
                write_record(
                    connection, record_of(run, Event.RUN_COMPLETED, actor, file["created_at"])
                )
            return moved

    def fail(
        self,
        run_id: int,
        *,
        of_attempt: int,
        cause: str,
        extra_text: str,
        message: str,
        now: datetime,
    ) -> bool:
        """End a run in an error, with its last words; tells whether it did.

        Args:
            run_id: the run.
            of_attempt: as for `move`.
            cause: what kind of error, in one word, for statistics.
            extra_text: the reason, for people.
            message: what became of the run.
            now: when.
        """
        with self._database.writing() as connection:
            parameters = {**_get(connection, run_id).parameters, "extra_text": extra_text}
            values = {
                "progress": 100,
                "ended_at": now,
                "message": message,
                "parameters": parameters,
            }
            moved = _move(connection, run_id, Status.ERROR, of_attempt=of_attempt, values=values)
            if moved:
                count_run(connection, _get(connection, run_id), cause)
            return moved

    def note(self, run_id: int, *, of_attempt: int, **values: Any) -> None:
        """Change values of a run that is at work, such as its progress."""
        statement = runs.update().where(
            runs.c.id == run_id, runs.c.status == Status.RUNNING, runs.c.attempt == of_attempt
        )
        with self._database.writing() as connection:
            connection.execute(statement.values(values))

    def end_stopped(self, run_id: int, *, extra_text: str, message: str, now: datetime) -> None:
        """Write the last words of an aborted run, once (api.md, 7.6)."""
        with self._database.writing() as connection:
            row = connection.execute(
                sa.select(runs.c.parameters).where(
                    runs.c.id == run_id,
                    runs.c.status == Status.ABORTED,
                    runs.c.ended_at.is_(None),
                )
            ).one_or_none()
            if row is not None:
                connection.execute(
                    runs.update()
                    .where(runs.c.id == run_id)
                    .values(
                        progress=100,
                        ended_at=now,
                        message=message,
                        parameters={**row.parameters, "extra_text": extra_text},
                    )
                )
                count_run(connection, _get(connection, run_id), ABORTED)

    def run_of_file(self, file_id: int) -> Run | None:
        """The run that wrote a file, deleted ones too; None if the file was deleted."""
        with self._database.reading() as connection:
            query = _RUNS.where(files.c.id == file_id)
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _run(row)

    def delete_file(self, run: Run, file: ReportFile, *, actor: Actor, now: datetime) -> bool:
        """Strike a file off, with a record of who did; tells whether it was still there."""
        statement = files.update().where(files.c.id == file.id, files.c.deleted_at.is_(None))
        with self._database.writing() as connection:
            deleted = connection.execute(statement.values(deleted_at=now)).rowcount == 1
            if deleted:
                write_record(connection, record_of(run, Event.FILE_DELETED, actor, now))
            return deleted

    def _all(self, query: sa.Select[Any]) -> list[Run]:
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [_run(row) for row in rows]


def _of(account_id: int, report: str) -> sa.Select[Any]:
    return _RUNS.where(
        runs.c.account_id == account_id,
        runs.c.report == report,
        runs.c.status != Status.DELETED,
    )


def _unfinished_of(connection: sa.Connection, account_id: int, report: str) -> list[Run]:
    query = _of(account_id, report).where(runs.c.status.in_(UNFINISHED))
    rows = connection.execute(query.order_by(*_NEWEST_FIRST)).mappings()
    return [_run(row) for row in rows]


def _move(
    connection: sa.Connection,
    run_id: int,
    target: Status,
    *,
    of_attempt: int | None,
    values: Mapping[str, Any],
) -> bool:
    statement = runs.update().where(runs.c.id == run_id, runs.c.status.in_(sources_of(target)))
    if of_attempt is not None:
        statement = statement.where(runs.c.attempt == of_attempt)
    return connection.execute(statement.values(status=target, **values)).rowcount == 1


def _get(connection: sa.Connection, run_id: int) -> Run:
    return _run(connection.execute(_RUNS.where(runs.c.id == run_id)).mappings().one())


def _run(row: sa.RowMapping) -> Run:
    values: dict[str, Any] = {name: row[name] for name in _COLUMNS}
    values["status"] = Status(values["status"])
    file = {name: row[f"file_{name}"] for name in _FILE_COLUMNS}
    return Run(**values, file=None if file["id"] is None else ReportFile(**file))
