"""Runs and their files in the state database.

A run changes its state only through `move`, which compares and sets in one statement: of two
who want to move a run, one does, the other is told that it did not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from rollbook.audit import Actor, Event, starter_of, write_record
from rollbook.runs.file_records import FileRecords
from rollbook.runs.model import UNFINISHED, ReportFile, Run, Status, record_of, sources_of
from rollbook.runs.rows import RUNS, run_numbered, run_of
from rollbook.runs.totals import ABORTED, COMPLETE, count_run
from rollbook.state.database import Database
from rollbook.state.tables import files, runs

Twin = Callable[[Sequence[Run]], Run | None]
"""Finds, among the unfinished runs of a type, newest first, the one that will do instead."""
HasRoom = Callable[[int, str, int, int], bool]
"""Whether one more run of an account and a type may go to the workers, given how many of the account
and of the type are with them."""

_WAITING = sa.and_(runs.c.status == Status.CREATED, runs.c.handed_over_at.is_(None))
_FOLLOWING = (runs.c.status == Status.CREATED, runs.c.joined_to.is_not(None))
_MOST_SOURCES = 20
_NEWEST_FIRST = (runs.c.created_at.desc(), runs.c.id.desc())
_TOTAL = sa.func.count().over().label("total")
# Made once: to make them takes as long as to run them, and clients that poll run little else.
_OF_TYPE = (
    runs.c.account_id == sa.bindparam("account_id"),
    runs.c.report == sa.bindparam("report"),
    runs.c.status != Status.DELETED,
)
_FIND = RUNS.where(*_OF_TYPE, runs.c.id == sa.bindparam("run_id"))
_COUNT = sa.select(sa.func.count()).select_from(runs).where(*_OF_TYPE)
_PAGE = (
    RUNS.add_columns(_TOTAL)
    .where(*_OF_TYPE)
    .order_by(*_NEWEST_FIRST)
    .offset(sa.bindparam("offset"))
    .limit(sa.bindparam("limit"))
)
_RANK = sa.func.row_number().over(partition_by=runs.c.report, order_by=_NEWEST_FIRST)
_RANKED = (
    sa.select(runs.c.id, _RANK.label("rank"))
    .where(runs.c.account_id == sa.bindparam("account_id"), runs.c.status != Status.DELETED)
    .subquery()
)
_LAST = RUNS.where(runs.c.id.in_(sa.select(_RANKED.c.id).where(_RANKED.c.rank == 1)))


class RunStore:
    """All that is known of runs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.files = FileRecords(database)

    def create(
        self,
        *,
        account_id: int,
        report: str,
        parameters: Mapping[str, Any],
        actor: Actor,
        now: datetime,
        twin: Twin | None = None,
        request_key: str | None = None,
        leader: Twin | None = None,
    ) -> tuple[Run, bool]:
        """A new run, or its twin where there is one; and whether it is new.

        Args:
            account_id: the account it covers.
            report: its type.
            parameters: as they were sent.
            actor: who asked.
            now: when it was asked for.
            twin: looks for a run that makes a new one needless among those not finished.
            request_key: what equal requests have in common.
            leader: looks, among those with the same key, for one that the new run shall wait for.
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
            "request_key": request_key,
        }
        # Else two equal starts at once would not see each other.
        matter = f"equals:{account_id}:{report}" if twin or leader else None
        with self._database.writing(alone_in=matter) as connection:
            if twin and (found := twin(_unfinished_of(connection, account_id, report))):
                return found, False
            if leader and request_key is not None:
                # Few, however many wait: of equal ones all but the first have joined it.
                equal = (runs.c.request_key == request_key, runs.c.joined_to.is_(None))
                found = leader(_unfinished_of(connection, account_id, report, *equal))
                values["joined_to"] = found.id if found else None
            inserted = connection.execute(runs.insert().values(values)).inserted_primary_key or (0,)
            run = run_numbered(connection, inserted[0])
            write_record(connection, record_of(run, Event.RUN_STARTED, actor, now))
            return run, True

    def get(self, run_id: int) -> Run:
        """The run of an id that is known to exist."""
        with self._database.reading() as connection:
            return run_numbered(connection, run_id)

    def by_id(self, run_id: int) -> Run | None:
        """A run by its id alone, deleted ones too."""
        found = self._all(RUNS.where(runs.c.id == run_id))
        return found[0] if found else None

    def newest(
        self,
        *,
        report: str | None = None,
        account_id: int | None = None,
        statuses: Collection[Status] = (),
        limit: int,
    ) -> list[Run]:
        """The newest runs of all accounts and types, or of some; newest first.

        Args:
            report: only this type.
            account_id: only this account.
            statuses: only these; by default all but deleted ones.
            limit: at most so many.
        """
        query = RUNS.order_by(*_NEWEST_FIRST).limit(limit)
        query = query.where(
            runs.c.status.in_(statuses) if statuses else runs.c.status != Status.DELETED
        )
        if report is not None:
            query = query.where(runs.c.report == report)
        if account_id is not None:
            query = query.where(runs.c.account_id == account_id)
        return self._all(query)

    def find(self, run_id: int, *, account_id: int, report: str) -> Run | None:
        """A run by all that its address says; a deleted one is not found."""
        values = {"account_id": account_id, "report": report, "run_id": run_id}
        with self._database.reading() as connection:
            row = connection.execute(_FIND, values).mappings().one_or_none()
        return None if row is None else run_of(row)

    def page(
        self, *, account_id: int, report: str, offset: int, limit: int
    ) -> tuple[Sequence[Run], int]:
        """Some runs of an account and a type that are not deleted, newest first; how many in all."""
        values = {"account_id": account_id, "report": report, "offset": offset, "limit": limit}

        def read() -> tuple[Sequence[Run], int]:
            with self._database.reading() as connection:
                rows = connection.execute(_PAGE, values).mappings().all()
                if not rows and offset:
                    return [], int(connection.execute(_COUNT, values).scalar_one())
            return [run_of(row) for row in rows], rows[0]["total"] if rows else 0

        return self._database.memory.get(("page", *values.values()), read)

    def last_runs(self, account_id: int) -> Mapping[str, Run]:
        """The newest run of each type that is not deleted, by type."""

        def read() -> Mapping[str, Run]:
            with self._database.reading() as connection:
                rows = connection.execute(_LAST, {"account_id": account_id}).mappings().all()
            return {row["report"]: run_of(row) for row in rows}

        return self._database.memory.get(("last runs", account_id), read)

    def unfinished(self, *, not_between: tuple[datetime, datetime]) -> list[Run]:
        """Runs that workers have still to be brought to an end, those that were stopped too.

        Args:
            not_between: runs created then are left out; those of a later time, which a clock that
                was set back leaves behind, are not.
        """
        since, until = not_between
        stopped = sa.and_(runs.c.status == Status.ABORTED, runs.c.ended_at.is_(None))
        query = RUNS.where(
            sa.or_(sa.and_(runs.c.status.in_(UNFINISHED), ~_WAITING), stopped),
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
        self,
        run_id: int,
        *,
        of_attempt: int,
        file: Mapping[str, Any],
        same_bytes_as: ReportFile | None = None,
        **values: Any,
    ) -> bool:
        """Register a run's file and complete the run, both or neither; tells which.

        Args:
            run_id: the run.
            of_attempt: as in `move`.
            file: the columns of the file.
            same_bytes_as: a file that consists of the same bytes; it must still be there.
            values: as in `move`.
        """
        with self._database.writing() as connection:
            if same_bytes_as is not None:
                # Locked, so that its bytes are not removed before the new file needs them.
                living = sa.select(files.c.id).where(
                    files.c.id == same_bytes_as.id, files.c.deleted_at.is_(None)
                )
                if connection.execute(living.with_for_update()).one_or_none() is None:
                    return False
            moved = _move(connection, run_id, Status.COMPLETE, of_attempt=of_attempt, values=values)
            if moved:
                connection.execute(files.insert().values(run_id=run_id, **file))
                run = run_numbered(connection, run_id)
                count_run(connection, run, COMPLETE)
                actor = starter_of(connection, run_id)
                write_record(
                    connection, record_of(run, Event.RUN_COMPLETED, actor, file["created_at"])
                )
            return moved

    def statuses(self, run_ids: Collection[int]) -> dict[int, Status]:
        """The states of runs, by id."""
        query = sa.select(runs.c.id, runs.c.status).where(runs.c.id.in_(run_ids))
        with self._database.reading() as connection:
            return {row.id: Status(row.status) for row in connection.execute(query)}

    def waiting(self, run_id: int) -> tuple[int, int]:
        """How many runs have not begun: those up to a run, and all of them."""
        up_to = sa.func.count().filter(runs.c.id <= run_id)
        query = sa.select(up_to, sa.func.count()).where(runs.c.status == Status.CREATED)
        with self._database.reading() as connection:
            row = connection.execute(query).one()
        return int(row[0]), int(row[1])

    def computed(self, *, account_id: int, report: str) -> list[Run]:
        """The newest complete runs of an account and a type that took over no other's file."""
        query = _of(account_id, report).where(
            runs.c.status == Status.COMPLETE, runs.c.reused_from.is_(None)
        )
        return self._all(query.order_by(*_NEWEST_FIRST).limit(_MOST_SOURCES))

    def complete_of(self, request_key: str, *, snapshot: str) -> list[Run]:
        """The complete runs of equal requests on a snapshot that have a file; newest first."""
        query = RUNS.where(
            runs.c.request_key == request_key,
            runs.c.snapshot == snapshot,
            runs.c.status == Status.COMPLETE,
            files.c.id.is_not(None),
        )
        return self._all(query.order_by(runs.c.id.desc()).limit(_MOST_SOURCES))

    def admit(self, has_room: HasRoom, now: datetime) -> list[int]:
        """Mark the runs whose turn it is as handed over; gives their ids, oldest first.

        Args:
            has_room: the limits.
            now: the present, aware.
        """
        waiting = (
            sa.select(runs.c.id, runs.c.account_id, runs.c.report)
            .where(_WAITING, runs.c.joined_to.is_(None))
            .order_by(runs.c.id)
        )
        with self._database.reading() as connection:
            if connection.execute(waiting.limit(1)).one_or_none() is None:
                return []
        # Else of two who count and admit one would not see what the other did.
        with self._database.writing(alone_in="admission") as connection:
            rows = connection.execute(waiting).all()
            of_account, of_report = _with_workers(connection)
            admitted = list[int]()
            for row in rows:
                numbers = (of_account[row.account_id], of_report[row.report])
                if has_room(row.account_id, row.report, *numbers):
                    of_account[row.account_id] += 1
                    of_report[row.report] += 1
                    admitted.append(row.id)
            if admitted:
                connection.execute(
                    runs.update().where(runs.c.id.in_(admitted)).values(handed_over_at=now)
                )
            return admitted

    def followers(self, run_id: int) -> list[Run]:
        """The runs that wait for the file of a run."""
        return self._all(RUNS.where(*_FOLLOWING, runs.c.joined_to == run_id).order_by(runs.c.id))

    def leaders(self) -> list[int]:
        """The runs that others wait for."""
        query = sa.select(runs.c.joined_to).where(*_FOLLOWING).distinct()
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def unjoin(self, run_id: int) -> None:
        """Have a run wait for no other any more."""
        with self._database.writing() as connection:
            connection.execute(
                runs.update().where(*_FOLLOWING, runs.c.id == run_id).values(joined_to=None)
            )

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
            parameters = {**run_numbered(connection, run_id).parameters, "extra_text": extra_text}
            values = {
                "progress": 100,
                "ended_at": now,
                "message": message,
                "parameters": parameters,
            }
            moved = _move(connection, run_id, Status.ERROR, of_attempt=of_attempt, values=values)
            if moved:
                count_run(connection, run_numbered(connection, run_id), cause)
            return moved

    def note(self, run_id: int, *, of_attempt: int, **values: Any) -> None:
        """Change values of a run that is at work, such as its progress."""
        statement = runs.update().where(
            runs.c.id == run_id, runs.c.status == Status.RUNNING, runs.c.attempt == of_attempt
        )
        with self._database.writing() as connection:
            connection.execute(statement.values(values))

    def give_back(self, run: Run) -> None:
        """Have an attempt not count, because its worker ends in peace; another will begin the run."""
        statement = runs.update().where(
            runs.c.id == run.id, runs.c.status.in_(UNFINISHED), runs.c.attempt == run.attempt
        )
        with self._database.writing() as connection:
            connection.execute(statement.values(given_back=runs.c.given_back + 1))

    def end_stopped(self, run_id: int, *, extra_text: str, message: str, now: datetime) -> None:
        """Write the last words of an aborted run, once (api.md, 7.6)."""
        with self._database.writing() as connection:
            row = connection.execute(
                sa.select(runs.c.parameters)
                .where(
                    runs.c.id == run_id,
                    runs.c.status == Status.ABORTED,
                    runs.c.ended_at.is_(None),
                )
                .with_for_update()
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
                count_run(connection, run_numbered(connection, run_id), ABORTED)

    def _all(self, query: sa.Select[Any]) -> list[Run]:
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [run_of(row) for row in rows]


def _of(account_id: int, report: str) -> sa.Select[Any]:
    return RUNS.where(
        runs.c.account_id == account_id,
        runs.c.report == report,
        runs.c.status != Status.DELETED,
    )


def _unfinished_of(
    connection: sa.Connection, account_id: int, report: str, *conditions: sa.ColumnElement[bool]
) -> list[Run]:
    query = _of(account_id, report).where(runs.c.status.in_(UNFINISHED), *conditions)
    rows = connection.execute(query.order_by(*_NEWEST_FIRST)).mappings()
    return [run_of(row) for row in rows]


def _with_workers(connection: sa.Connection) -> tuple[Counter[int], Counter[str]]:
    """How many runs are with the workers, by account and by type."""
    query = (
        sa.select(runs.c.account_id, runs.c.report, sa.func.count().label("number"))
        .where(runs.c.status.in_(UNFINISHED), ~_WAITING)
        .group_by(runs.c.account_id, runs.c.report)
    )
    of_account, of_report = Counter[int](), Counter[str]()
    for row in connection.execute(query):
        of_account[row.account_id] += row.number
        of_report[row.report] += row.number
    return of_account, of_report


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
