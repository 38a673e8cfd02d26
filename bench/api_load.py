"""A client that costs little: requests written by hand, one at a time on each connection."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Load:
    """What came of it: answers a second, and milliseconds to an answer."""

    rate: float
    p50: float
    p99: float


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self) -> None:
        self._received = b""
        self._answered: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        found = _LENGTH.search(self._received, 0, end + 2)
        length = int(found.group(1)) if found else 0
        if len(self._received) < end + 4 + length or self._answered is None:
            return
        answer, self._received = self._received, b""
        self._answered.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(ConnectionError("the server hung up"))

    async def ask(self, request: bytes) -> bytes:
        """The whole answer to one request; ConnectionError where it is no success."""
        assert self._transport is not None
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        answer = await self._answered
        if not answer.startswith(b"HTTP/1.1 2"):
            raise ConnectionError(answer[:600].decode(errors="replace"))
        return answer


async def connect(port: int) -> Connection:
    """A new connection to this machine."""
    _, connection = await asyncio.get_running_loop().create_connection(
        Connection, "127.0.0.1", port
    )
    return connection


def get(path: str, token: str = "") -> bytes:
    """The bytes of a GET."""
    return _request("GET", path, token, b"")


def post(path: str, token: str, body: bytes, key: str = "") -> bytes:
    """The bytes of a POST of JSON."""
    return _request("POST", path, token, body, key)


def _request(method: str, path: str, token: str, body: bytes, key: str = "") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if key:
        lines.append(f"Idempotency-Key: {key}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def load(
    port: int, make: Callable[[], bytes], *, clients: int, seconds: float, warm: int = 50
) -> Load:
    """Ask as fast as `clients` get answers, for some seconds after a short warm-up."""
    connections = [await connect(port) for _ in range(clients)]
    for connection in connections:
        for _ in range(max(1, warm // clients)):
            await connection.ask(make())
    taken: list[float] = []
    until = time.perf_counter() + seconds

    async def go(connection: Connection) -> None:
        while (started := time.perf_counter()) < until:
            await connection.ask(make())
            taken.append(time.perf_counter() - started)

    started = time.perf_counter()
    await asyncio.gather(*(go(connection) for connection in connections))
    return summary(taken, time.perf_counter() - started)


async def in_turn(asking: Sequence[Callable[[], Awaitable[object]]], seconds: float) -> list[Load]:
    """One request at a time, each kind in turn: what else the machine does hits all alike."""
    taken: list[list[float]] = [[] for _ in asking]
    for ask in asking:
        for _ in range(30):
            await ask()
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for ask, times in zip(asking, taken, strict=True):
            started = time.perf_counter()
            await ask()
            times.append(time.perf_counter() - started)
    return [summary(times, sum(times)) for times in taken]


def summary(taken: list[float], seconds: float) -> Load:
    """Of the times of answers, which took so many seconds altogether."""
    found = sorted(taken)
    return Load(
        len(found) / seconds, found[len(found) // 2] * 1000, found[int(len(found) * 0.99)] * 1000
    )
