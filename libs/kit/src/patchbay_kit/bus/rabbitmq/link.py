"""One connection to the broker that comes back by itself, with everything on it set up again."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aio_pika
import structlog
from aio_pika.abc import AbstractConnection
from aio_pika.connection import make_url

from patchbay_kit.bus.port import BusUnavailable
from patchbay_kit.bus.rabbitmq.guard import lost_link_is_unavailable

log = structlog.get_logger(__name__)

HEARTBEAT = 15
_LONGEST_WAIT = 5.0
_CLOSE_TIMEOUT = 5.0


class Link:
    """`prepare` runs on each new connection before anybody gets it."""

    def __init__(
        self,
        url: str,
        name: str,
        prepare: Callable[[AbstractConnection], Awaitable[None]],
        *,
        connect_timeout: float,
    ) -> None:
        self._url = make_url(url, heartbeat=HEARTBEAT)
        self._name = name
        self._prepare = prepare
        self._connect_timeout = connect_timeout
        self._connection: AbstractConnection | None = None
        self._up = asyncio.Event()
        self._lost = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.detail = "not connected yet"

    @property
    def is_up(self) -> bool:
        return self._connection is not None

    @property
    def is_blocked(self) -> bool:
        """The broker raised a resource alarm (connection.blocked): it does not read from us."""
        if self._connection is None or self._connection.transport is None:
            return False
        # ready() is all that aiormq shows of it: it returns at once unless blocked.
        ready = self._connection.transport.connection.ready().__await__()
        try:
            next(ready)
        except StopIteration:
            return False
        ready.close()
        return True

    def start(self) -> None:
        """Begin to connect, and go on until `stop`."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"bus-link {self._name}")

    async def connection(self) -> AbstractConnection:
        """The connection, once there is one."""
        while self._connection is None:
            await self._up.wait()
        return self._connection

    def lose(self, reason: str) -> None:
        """Give this connection up and make a new one."""
        if self._connection is not None:
            self.detail = reason
            self._lost.set()

    async def stop(self) -> None:
        """Close for good, within seconds even if the broker does not answer."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        failures = 0
        while True:
            connection = aio_pika.Connection(
                self._url, client_properties={"connection_name": self._name}
            )
            try:
                await self._open(connection)
                failures = 0
                await self._lost.wait()
                log.warning("bus.link_lost", link=self._name, reason=self.detail)
            except BusUnavailable as error:
                failures += 1
                self.detail = str(error)
                log.warning("bus.link_failed", link=self._name, error=self.detail)
            finally:
                self._connection = None
                self._up.clear()
                await _close(connection)
            longest = min(_LONGEST_WAIT, 0.2 * 2 ** min(failures, 10))
            # Many processes lose one broker at the same moment: they must not return at the same.
            await asyncio.sleep(random.uniform(longest / 2, longest))  # noqa: S311

    async def _open(self, connection: AbstractConnection) -> None:
        with lost_link_is_unavailable("connecting"):
            async with asyncio.timeout(self._connect_timeout):
                await connection.connect()
            transport = connection.transport
            if transport is None:
                raise BusUnavailable("connecting: closed at once")
            self._lost = lost = asyncio.Event()
            transport.connection.closing.add_done_callback(lambda f: self._closed(f, lost))
            await self._prepare(connection)
            self._connection, self.detail = connection, ""
            self._up.set()

    def _closed(self, closing: "asyncio.Future[None]", lost: asyncio.Event) -> None:
        if not closing.cancelled() and lost is self._lost:
            self.detail = f"closed: {closing.exception()!r}"
        lost.set()


async def _close(connection: AbstractConnection) -> None:
    with suppress(BusUnavailable), lost_link_is_unavailable("closing"):
        async with asyncio.timeout(_CLOSE_TIMEOUT):
            await connection.close()
