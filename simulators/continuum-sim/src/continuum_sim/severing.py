"""Cutting a client's socket, which ASGI itself has no word for.

Works with both HTTP implementations of uvicorn; under any other server, and in-process, the call
ends with ConnectionResetError.
"""

import contextlib
import os
import socket
import struct
from typing import Any, Protocol

from starlette.types import Receive

_LINGER_ZERO = struct.pack("ii", 1, 0)


class _Transport(Protocol):
    """What asyncio's and uvloop's transports share."""

    def abort(self) -> None: ...

    def get_extra_info(self, name: str) -> Any: ...


async def sever(receive: Receive) -> None:
    """Reset the connection on which `receive` reads."""
    transport: _Transport | None
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("The simulator cut the connection.")
    _ask_for_reset(transport)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def _ask_for_reset(transport: _Transport) -> None:
    # With linger time zero the kernel sends RST instead of FIN. The option belongs to the open
    # socket, so it can be set through a copy; the transport's own wrapper may not allow it.
    sock = transport.get_extra_info("socket")
    if sock is None or sock.fileno() < 0:
        return
    with contextlib.closing(socket.socket(fileno=os.dup(sock.fileno()))) as copy:
        copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
