"""Waking the relay as soon as there is something to send:

in the same process by an event, across processes by PostgreSQL's NOTIFY.

Only a hint: the relay polls as well, so a lost wake-up costs a second and nothing else.
"""

import asyncio
from typing import Any

import asyncpg
import structlog
from sqlalchemy.engine import make_url

from patchbay_kit.workers.lifecycle import pause, setting

log = structlog.get_logger(__name__)

CHANNEL = "patchbay_outbox"
TIMEOUT = 5.0


def _arguments(url: str) -> dict[str, Any]:
    """What the engine's connections get for the same address, TLS included."""
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    _, arguments = parsed.get_dialect()().create_connect_args(parsed)
    # Those are for SQLAlchemy's own side of the driver.
    given = {name: arguments[name] for name in arguments if not name.startswith("prepared_")}
    return {**given, "timeout": TIMEOUT, "command_timeout": TIMEOUT}


class NotifyLoop:
    """Sends NOTIFY after commits, many commits in one, outside of their transactions (NOTIFY inside
    one takes a global lock at commit).
    """

    def __init__(self, url: str) -> None:
        self.name = "notify"
        self.pending = asyncio.Event()
        self._url = url

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                connection = await asyncpg.connect(**_arguments(self._url))
                try:
                    await self._send(connection, stop)
                finally:
                    await connection.close(timeout=2)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.info("notify.lost", error=str(error))
                await pause(1.0, stop)

    async def _send(self, connection: "asyncpg.Connection[Any]", stop: asyncio.Event) -> None:
        async with setting(self.pending, when=stop):
            while not stop.is_set():
                await self.pending.wait()
                self.pending.clear()
                await connection.execute(f"NOTIFY {CHANNEL}")


class ListenLoop:
    """Sets `wake` whenever another process wrote to the outbox."""

    def __init__(self, url: str, wake: asyncio.Event) -> None:
        self.name = "listen"
        self._url = url
        self._wake = wake

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                connection = await asyncpg.connect(**_arguments(self._url))
                try:
                    await connection.add_listener(CHANNEL, lambda *_: self._wake.set())
                    self._wake.set()
                    while not stop.is_set() and not connection.is_closed():
                        await pause(5.0, stop)
                        await connection.execute("SELECT 1")
                finally:
                    await connection.close(timeout=2)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.info("listen.lost", error=str(error))
                await pause(1.0, stop)
