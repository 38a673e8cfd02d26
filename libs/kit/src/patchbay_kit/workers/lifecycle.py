"""Loops that end: each watches one stop event and hands its work back within the grace."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)

MAX_BACKOFF = 30.0


class Loop(Protocol):
    """Something that runs until `stop` is set and then returns."""

    name: str

    async def run(self, stop: asyncio.Event) -> None: ...


@dataclass
class PeriodicLoop:
    """Call `step` again and again:

    at once while it says that there is more, or after `rest` seconds where others need the machine
    as well; else after `interval` seconds or when `wake` is set.

    A failing step is logged and tried again with growing waits; it never ends the loop.
    """

    name: str
    step: Callable[[], Awaitable[bool]]
    interval: float
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    rest: float = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        failures = 0
        while not stop.is_set():
            self.wake.clear()
            try:
                more = await self.step()
                failures = 0
            except asyncio.CancelledError:
                # aio-pika and drivers cancel what waits on a lost connection; only our own
                # cancellation ends the loop.
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise
                more, failures = False, failures + 1
                log.warning("loop.step_cancelled", loop=self.name)
            except Exception as error:  # noqa: BLE001  # the loop must outlive any failure of one step
                more, failures = False, failures + 1
                log.warning(
                    "loop.step_failed",
                    loop=self.name,
                    error=str(error),
                    kind=type(error).__name__,
                    failures=failures,
                )
            if more and self.rest:
                await pause(self.rest, stop)
            elif not more:
                delay = (
                    min(MAX_BACKOFF, 0.2 * 2 ** min(failures, 10)) if failures else self.interval
                )
                await pause(delay, stop, self.wake if not failures else None)


async def pause(seconds: float, stop: asyncio.Event, wake: asyncio.Event | None = None) -> None:
    """Wait for the time to pass, for `stop`, or for `wake`, whichever is first."""
    waiting = [asyncio.ensure_future(event.wait()) for event in (stop, wake) if event is not None]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


@asynccontextmanager
async def setting(event: asyncio.Event, *, when: asyncio.Event) -> AsyncIterator[None]:
    """Inside the block `event` is set as soon as `when` is: a loop then waits for one of them,
    which costs less at each turn than to wait for both.
    """

    async def watch() -> None:
        await when.wait()
        event.set()

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
