"""The server: the API in this process, workers in their own."""

from __future__ import annotations

import rollbook.rare_collection  # noqa: F401 (before all that it is to speed up)

# isort: split
import errno
import logging
import signal
import socket
import sys
import threading

import uvicorn

from rollbook.api.app import create_app
from rollbook.config import Settings, read_settings
from rollbook.errors import ConfigurationError
from rollbook.runs.jobs import prepare_jobs
from rollbook.runs.logs import log_to_stderr
from rollbook.runs.supervisor import Supervisor
from rollbook.state.database import open_database

_log = logging.getLogger(__name__)


def serve(settings: Settings) -> None:
    """Serve until stopped by a signal.

    Raises:
        ConfigurationError: the address cannot be listened on.
    """
    _end_on_sigterm()
    with listening_socket(settings) as listener:
        open_database(settings).close()
        prepare_jobs(settings)
        supervisor = Supervisor(settings)
        supervisor.start()
        try:
            host, port = listener.getsockname()[:2]
            _log.info(
                "listening on http://%s:%s", host, port, extra={"action": "listening", "port": port}
            )
            server_for(settings).run(sockets=[listener])
        except KeyboardInterrupt:
            _log.info("stopped", extra={"action": "stopped"})
        finally:
            supervisor.stop()


def server_for(settings: Settings) -> uvicorn.Server:
    """A uvicorn server of the API."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            # Its own access log would show query strings, and so tokens.
            access_log=False,
            log_config=None,
            lifespan="on",
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )


def listening_socket(settings: Settings) -> socket.socket:
    """A socket bound to the address of the settings.

    Raises:
        ConfigurationError: another program has the port, or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio sends small answers at once only on sockets that name their protocol.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        address = f"{settings.host}:{settings.port}"
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"Another program listens on {address}. Stop it, or choose another port "
                "with --port or ROLLBOOK_PORT."
            ) from error
        raise ConfigurationError(f"Cannot listen on {address}: {error.strerror}.") from error
    return listener


def _end_on_sigterm() -> None:
    # uvicorn ends requests in peace, then sends itself the signal once more, which by default
    # would end the process before its workers.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


if __name__ == "__main__":
    log_to_stderr()
    serve(read_settings())
