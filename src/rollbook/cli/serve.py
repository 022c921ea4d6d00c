"""`rollbook serve`, `rollbook worker` and `rollbook demo`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollbook.cli.console import DataOption

HostOption = Annotated[str | None, typer.Option(help="The address. [default: 127.0.0.1]")]
PortOption = Annotated[int | None, typer.Option(help="The port. [default: 3000]")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("serve")(serve)
    app.command("worker")(worker)
    app.command("demo")(demo)


def serve(
    host: HostOption = None,
    port: PortOption = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes. [default: 1]")] = None,
    data: DataOption = None,
) -> None:
    """Serve Canvas's Account Reports API over the data, with workers that do the runs.

    rollbook serve --port 3000
    """
    from rollbook.api.serve import serve as serve_api
    from rollbook.config import read_settings
    from rollbook.runs.logs import log_to_stderr

    log_to_stderr()
    serve_api(read_settings(data=data, host=host, port=port, workers=workers))


def worker(
    name: Annotated[
        str | None,
        typer.Option(
            help="Its own, the same after each restart. [default: the name of the machine]"
        ),
    ] = None,
    data: DataOption = None,
) -> None:
    """Do runs in this process, beside those that serve does, or in their place.

    rollbook serve --workers 0

    rollbook worker --name night-1
    """
    import socket

    from rollbook.config import read_settings
    from rollbook.runs.logs import log_to_stderr
    from rollbook.runs.worker import work

    log_to_stderr()
    work(read_settings(data=data), name or socket.gethostname())


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after the report.")] = False,
    host: HostOption = None,
    port: PortOption = None,
    data: DataOption = None,
) -> None:
    """Show a report from start to download through the API, then keep serving.

    rollbook load demo && rollbook demo
    """
    from rollbook.api.demo import run_demo
    from rollbook.config import read_settings

    status = run_demo(read_settings(data=data, host=host, port=port), once=once)
    raise typer.Exit(status)
