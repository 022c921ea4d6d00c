"""`rollbook runs`: the runs of the server, and the files they left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.table import Table

from rollbook.cli.console import DataOption, JsonOption, answers, messages, print_json
from rollbook.errors import BadParameter, ConfigurationError

if TYPE_CHECKING:
    from rollbook.runs.model import Run

app = typer.Typer(no_args_is_help=True, help="List, show, abort and delete runs; purge files.")

RunArgument = Annotated[int, typer.Argument(metavar="RUN", help="The run's id.")]

_COLUMNS = ("id", "report", "status", "progress", "created_at", "seconds", "rows", "bytes")


@app.command("list")
def list_(
    report: Annotated[str | None, typer.Option(help="Only this report type.")] = None,
    account_id: Annotated[
        int | None, typer.Option("--account", "-a", metavar="ID", help="Only this account.")
    ] = None,
    statuses: Annotated[
        list[str] | None,
        typer.Option(
            "--status", help="Only this state; repeat it for more. [default: all but deleted]"
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the newest runs of all accounts and types, newest first.

    rollbook runs list --status running --status created
    """
    from rollbook.config import read_settings
    from rollbook.runs.opening import open_runs

    with open_runs(read_settings(data=data)) as service:
        runs = service.store.newest(
            report=report, account_id=account_id, statuses=_statuses(statuses), limit=limit
        )
    if as_json:
        print_json([_as_dict(run) for run in runs])
        return
    table = Table(box=None)
    for column in _COLUMNS:
        table.add_column(column, no_wrap=column in ("id", "report", "status"), overflow="fold")
    for run in runs:
        values = _as_dict(run)
        values |= {key: values["file"] and values["file"][key] for key in ("rows", "bytes")}
        table.add_row(*(_cell(values[column]) for column in _COLUMNS))
    answers.print(table)


@app.command("show")
def show(run_id: RunArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show all that is known of one run, though it was deleted.

    rollbook runs show 12
    """
    from rollbook.config import read_settings
    from rollbook.runs.opening import open_runs

    with open_runs(read_settings(data=data)) as service:
        _print_run(service.by_id(run_id), as_json=as_json)


@app.command("abort")
def abort(run_id: RunArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Stop a run that has not ended, within a second.

    rollbook runs abort 12
    """
    _end(run_id, "abort", "aborted", data, as_json=as_json)


@app.command("delete")
def delete(run_id: RunArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Hide a run from the API; one that is at work stops. Its file stays until it expires.

    rollbook runs delete 12
    """
    _end(run_id, "delete", "deleted", data, as_json=as_json)


def _end(
    run_id: int, call: Literal["abort", "delete"], done: str, data: Path | None, *, as_json: bool
) -> None:
    from rollbook.config import read_settings
    from rollbook.runs.opening import open_runs

    with open_runs(read_settings(data=data)) as service:
        run = service.by_id(run_id)
        change = service.abort if call == "abort" else service.delete
        changed = change(str(run.id), account_id=run.account_id, report=run.report)
    if as_json:
        print_json(_as_dict(changed))
    messages.print(f"Run {run_id} is {done}.")


@app.command("purge")
def purge(
    older_than: Annotated[
        int | None,
        typer.Option(metavar="DAYS", min=0, help="Purge all files older than so many days."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed; change nothing.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove the files that have expired, those of deleted runs too, and show what was removed.

    Without --older-than the settings keep_files_days and keep_files_days_of decide; workers purge by them every
    hour. The runs stay, without a file. The audit log keeps a record of every file.

    rollbook runs purge --older-than 90 --dry-run
    """
    from rollbook.config import read_settings
    from rollbook.output.files import open_files
    from rollbook.runs.opening import open_runs
    from rollbook.runs.retention import Retention, retention_of
    from rollbook.runs.retention import purge as purge_files

    settings = read_settings(data=data)
    retention = retention_of(settings) if older_than is None else Retention(older_than)
    if retention.keeps_everything:
        raise ConfigurationError(
            "Files are kept for ever. Set keep_files_days or keep_files_days_of, or name --older-than DAYS."
        )
    with open_runs(settings) as service:
        files = open_files(settings)
        purged = [
            vars(file)
            for file in purge_files(
                service.store, files, retention, datetime.now(UTC), dry_run=dry_run
            )
        ]
    if as_json:
        print_json(purged)
        return
    for file in purged:
        # Lines, because a table would cut what proves the most.
        typer.echo(
            f"run {file['run_id']}: {file['filename']}, {file['bytes']} bytes, "
            f"SHA-256 {file['sha256'] or 'of nothing'}{_remark(file)}"
        )
    freed = sum(file["bytes"] for file in purged if not file["bytes_are_needed"])
    done = "would be removed" if dry_run else "removed"
    messages.print(f"{len(purged):,} files {done}, {freed:,} bytes freed.")


def _remark(file: Mapping[str, Any]) -> str:
    remark = "" if file["is_as_recorded"] else "; not as the run wrote it"
    return remark + ("; the bytes stay for another run" if file["bytes_are_needed"] else "")


def _statuses(texts: list[str] | None) -> list[Any]:
    from rollbook.runs.model import Status

    try:
        return [Status(text) for text in texts or ()]
    except ValueError as error:
        raise BadParameter(f"{error}. There are: {', '.join(Status)}.") from error


def _as_dict(run: Run) -> dict[str, Any]:
    file = run.file
    return {
        "id": run.id,
        "account_id": run.account_id,
        "report": run.report,
        "status": str(run.status),
        "progress": run.progress,
        "current_line": run.current_line,
        "parameters": dict(run.parameters),
        "message": run.message,
        "user_id": run.user_id,
        "token_id": run.token_id,
        "attempt": run.attempt,
        "snapshot": run.snapshot,
        "reused_from": run.reused_from,
        "joined_to": run.joined_to,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "seconds": round(run.seconds(datetime.now(UTC)), 3),
        "file": file
        and {
            "id": file.id,
            "filename": file.filename,
            "content_type": file.content_type,
            "bytes": file.size,
            "rows": file.rows,
            "sha256": file.sha256,
            "created_at": file.created_at,
        },
    }


def _print_run(run: Run, *, as_json: bool) -> None:
    values = _as_dict(run)
    if as_json:
        print_json(values)
        return
    file = values.pop("file") or {}
    table = Table(show_header=False)
    for name, value in (values | {f"file {key}": value for key, value in file.items()}).items():
        table.add_row(name, _cell(value))
    answers.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}Z"
    return "" if value is None else str(value)
