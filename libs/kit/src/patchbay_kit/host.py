"""The life of a process:

start everything, wait for SIGTERM or SIGINT, let everything end within its grace.

A loop that ends with an error ends the process with status 1: the supervisor starts it again, and
nothing is lost by that.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

import structlog
import uvicorn

from patchbay_kit.bus import Bus, BusUnavailable
from patchbay_kit.errors import ConfigurationError
from patchbay_kit.workers.lifecycle import Loop, pause

log = structlog.get_logger(__name__)

BUS_HEAD_START = 1.0


def leave(status: int) -> NoReturn:
    """End the process at once after a clean stop.

    Everything is closed by then, and the interpreter would only spend seconds on freeing memory
    that the system takes back anyway: seconds that a supervisor waits for.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _spare_the_collector() -> None:
    """What is loaded by now stays: looking through all of it for garbage would hold everything up
    for tens of milliseconds, again and again.
    """
    gc.collect()
    gc.freeze()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the host decides when it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn leaves the whole interpreter at once when the port is taken; we end in order."""
        try:
            await super().serve(sockets)
        except SystemExit:
            raise OSError("the address cannot be listened on") from None


@dataclass
class HttpEndpoint:
    """An ASGI app on one address. `port` 0 takes a free one; `bound_port` tells which.

    Only `trusted_proxies` are believed whom they speak for: anybody can send X-Forwarded-For.
    """

    app: Any
    host: str
    port: int
    grace: float = 20.0
    lifespan: Literal["on", "off"] = "off"
    trusted_proxies: Sequence[str] = ()
    bound_port: int = 0

    def server(self) -> _Server:
        config = uvicorn.Config(
            self.app,
            host=self.host,
            port=self.port,
            log_config=None,
            access_log=False,
            lifespan=self.lifespan,
            loop="uvloop",
            http="httptools",
            timeout_graceful_shutdown=max(1, int(self.grace) - 1),
            server_header=False,
            # Said in any case: uvicorn would believe whatever comes from this machine.
            proxy_headers=bool(self.trusted_proxies),
            forwarded_allow_ips=list(self.trusted_proxies),
        )
        return _Server(config)


@dataclass
class Host:
    """Everything one process runs. `on_stop` is called in order when all loops have ended."""

    bus: Bus
    loops: list[Loop] = field(default_factory=list)
    endpoints: list[HttpEndpoint] = field(default_factory=list)
    on_stop: list[Callable[[], Any]] = field(default_factory=list)
    grace: float = 20.0
    on_started: Callable[["Host"], Any] | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    failed: bool = False
    refused: ConfigurationError | None = None

    async def run(self) -> int:
        """Run until stopped; returns the process's exit status.

        ConfigurationError, after everything has ended, where a loop met a wrong setting.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        servers = [endpoint.server() for endpoint in self.endpoints]
        connecting = asyncio.create_task(self._guard(_BusLoop(self.bus)), name="bus")
        # Usually there at once; where it is not, everything else starts and says so in /readyz.
        await asyncio.wait({connecting}, timeout=BUS_HEAD_START)
        tasks = [
            connecting,
            *(asyncio.create_task(self._guard(each), name=each.name) for each in self.loops),
        ]
        serving = [asyncio.create_task(server.serve(), name="http") for server in servers]
        try:
            await self._wait_until_served(servers, serving)
            _spare_the_collector()
            await self._until_stopped()
        finally:
            await self._shut_down(servers, serving, tasks)
        if self.refused is not None:
            raise self.refused
        return 1 if self.failed else 0

    async def _until_stopped(self) -> None:
        """Call `on_started`, which may wait for what never comes once a loop has failed."""
        stopping = asyncio.create_task(self.stop.wait())
        if self.on_started is not None and not self.stop.is_set():
            starting = asyncio.ensure_future(self.on_started(self))
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                starting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await starting
        await stopping

    async def _wait_until_served(
        self, servers: Sequence[_Server], serving: Sequence["asyncio.Task[None]"]
    ) -> None:
        for endpoint, server, task in zip(self.endpoints, servers, serving, strict=True):
            while not server.started:
                if task.done():
                    log.critical("http.not_started", host=endpoint.host, port=endpoint.port)
                    self.failed = True
                    self.stop.set()
                    return
                await asyncio.sleep(0.01)
            endpoint.bound_port = server.servers[0].sockets[0].getsockname()[1]

    async def _guard(self, each: Loop) -> None:
        try:
            await each.run(self.stop)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            # Something below cancelled what the loop waited for: the loop is as dead as by an
            # error, and the process would go on without it.
            log.critical("loop.died", loop=each.name, exc_info=True)
            self.failed = True
            self.stop.set()
        except ConfigurationError as error:
            self.refused = error
            self.stop.set()
        except Exception:
            log.critical("loop.died", loop=each.name, exc_info=True)
            self.failed = True
            self.stop.set()

    async def _shut_down(
        self,
        servers: Sequence[_Server],
        serving: Sequence["asyncio.Task[None]"],
        tasks: Sequence["asyncio.Task[None]"],
    ) -> None:
        self.stop.set()
        for server in servers:
            server.should_exit = True
        everything = [*tasks, *serving]
        _, late = (
            await asyncio.wait(everything, timeout=self.grace) if everything else (set(), set())
        )
        for task in late:
            log.warning("stop.late", task=task.get_name())
            task.cancel()
        await asyncio.gather(*everything, return_exceptions=True)
        for close in (self.bus.stop, *self.on_stop):
            try:
                await close()
            except Exception:
                # The others still have something to close.
                log.critical("stop.failed", exc_info=True)
                self.failed = True


@dataclass
class _BusLoop:
    """Connects the bus in the background, so that a process starts, and says so in /readyz, while
    its broker is away.
    """

    bus: Bus
    name: str = "bus"

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.bus.start()
                return
            except BusUnavailable as error:
                log.warning("bus.away", error=str(error))
                await pause(1.0, stop)
