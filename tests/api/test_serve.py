"""The server's socket."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from api.live import free_port

from rollbook.api.serve import listening_socket
from rollbook.config import Settings


def test_a_small_answer_is_sent_at_once(tmp_path: Path) -> None:
    """Else its second packet waits 40 ms for the client to acknowledge the first."""
    listener = listening_socket(Settings(data=tmp_path, port=free_port()))

    async def accepted() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def look(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection: socket.socket = writer.get_extra_info("socket")
            found.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(look, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            no_delay = await found
            writer.close()
            return no_delay

    assert asyncio.run(accepted())
