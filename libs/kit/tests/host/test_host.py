"""The life of a process: it starts as far as it can, ends in order, and says when it failed."""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from structlog.testing import capture_logs

from patchbay_kit.bus import BusUnavailable
from patchbay_kit.errors import ConfigurationError
from patchbay_kit.host import Host, HttpEndpoint
from patchbay_kit.testing.scripted_bus import ScriptedBus
from patchbay_kit.testing.waiting import eventually
from patchbay_kit.workers.lifecycle import PeriodicLoop

# Seconds of work: left to `make test`.
pytestmark = pytest.mark.slow


@dataclass
class Work:
    """A loop that runs `body` and notes how it ended."""

    name: str
    body: Callable[[asyncio.Event], Awaitable[Any]]
    ended: list[str] = field(default_factory=list)

    async def run(self, stop: asyncio.Event) -> None:
        try:
            await self.body(stop)
            self.ended.append("returned")
        except BaseException as error:
            self.ended.append(type(error).__name__)
            raise


async def until_stopped(stop: asyncio.Event) -> None:
    await stop.wait()


async def stubborn(_stop: asyncio.Event) -> None:
    await asyncio.Event().wait()


@pytest.fixture
def bus() -> ScriptedBus:
    return ScriptedBus()


def address(host: Host) -> str:
    return f"http://127.0.0.1:{host.endpoints[0].bound_port}"


def app(**routes: Callable[[Request], Awaitable[PlainTextResponse]]) -> Starlette:
    return Starlette(routes=[Route(f"/{name}", handler) for name, handler in routes.items()])


async def hello(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_everything_in_order(bus: ScriptedBus, number: signal.Signals) -> None:
    order: list[str] = []
    work = Work("work", until_stopped)

    async def closed() -> None:
        order.append(f"database closed, loops {work.ended}")

    async def started(_host: Host) -> None:
        os.kill(os.getpid(), number)

    host = Host(bus, loops=[work], on_stop=[closed], on_started=started)
    async with asyncio.timeout(5):
        assert await host.run() == 0
    assert order == ["database closed, loops ['returned']"]


async def test_a_loop_that_does_not_end_is_cancelled_after_the_grace(bus: ScriptedBus) -> None:
    late, good = Work("late", stubborn), Work("good", until_stopped)
    host = Host(bus, loops=[late, good], grace=0.2)
    host.stop.set()
    with capture_logs() as logs:
        async with asyncio.timeout(5):
            assert await host.run() == 0
    assert (late.ended, good.ended) == (["CancelledError"], ["returned"])
    assert [line["task"] for line in logs if line["event"] == "stop.late"] == ["late"]


async def test_what_cannot_be_closed_keeps_nothing_else_open(bus: ScriptedBus) -> None:
    closed: list[str] = []

    async def close() -> None:
        closed.append("database")

    bus.trouble["stop"].append(BusUnavailable("lost"))
    host = Host(bus, on_stop=[close])
    host.stop.set()
    with capture_logs() as logs:
        assert await host.run() == 1
    assert closed == ["database"]
    assert [line["event"] for line in logs] == ["stop.failed"]


async def fails(_stop: asyncio.Event) -> None:
    raise RuntimeError("a defect")


async def is_cancelled_from_below(_stop: asyncio.Event) -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


@pytest.mark.parametrize("body", [fails, is_cancelled_from_below])
async def test_a_dying_loop_ends_the_process_with_1(
    bus: ScriptedBus, body: Callable[[asyncio.Event], Awaitable[Any]]
) -> None:
    good = Work("good", until_stopped)
    host = Host(bus, loops=[Work("bad", body), good])
    with capture_logs() as logs:
        async with asyncio.timeout(5):
            assert await host.run() == 1
    assert good.ended == ["returned"]
    assert [line["loop"] for line in logs if line["event"] == "loop.died"] == ["bad"]


async def test_a_wrong_setting_found_by_a_loop_is_told_after_everything_ended(
    bus: ScriptedBus,
) -> None:
    async def wrong(_stop: asyncio.Event) -> None:
        raise ConfigurationError("PATCHBAY_X: wrong")

    good = Work("good", until_stopped)
    with pytest.raises(ConfigurationError, match="PATCHBAY_X: wrong"):
        await Host(bus, loops=[Work("bad", wrong), good]).run()
    assert good.ended == ["returned"]


async def test_a_port_in_use_is_a_clear_failure_and_the_loops_end(bus: ScriptedBus) -> None:
    good = Work("good", until_stopped)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        host = Host(bus, [good], [HttpEndpoint(app(), "127.0.0.1", port)])
        with capture_logs() as logs:
            async with asyncio.timeout(5):
                assert await host.run() == 1
    assert {"event": "http.not_started", "host": "127.0.0.1", "port": port} in [
        {key: line.get(key) for key in ("event", "host", "port")} for line in logs
    ]
    assert good.ended == ["returned"]


async def test_a_running_request_is_answered_before_the_end(bus: ScriptedBus) -> None:
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: Request) -> PlainTextResponse:
        inside.set()
        await go_on.wait()
        return PlainTextResponse("done")

    host = Host(bus, endpoints=[HttpEndpoint(app(slow=slow), "127.0.0.1", 0)])
    running = asyncio.create_task(host.run())
    await eventually(lambda: host.endpoints and host.endpoints[0].bound_port)
    async with httpx.AsyncClient(base_url=address(host)) as client:
        asking = asyncio.create_task(client.get("/slow"))
        await inside.wait()
        host.stop.set()
        go_on.set()
        assert (await asking).text == "done"
    async with asyncio.timeout(5):
        assert await running == 0


async def test_nobody_but_a_trusted_proxy_says_who_calls(bus: ScriptedBus) -> None:
    async def who(request: Request) -> PlainTextResponse:
        assert request.client is not None
        return PlainTextResponse(f"{request.client.host} {request.url.scheme}")

    async def told(*proxies: str) -> str:
        endpoint = HttpEndpoint(app(who=who), "127.0.0.1", 0, trusted_proxies=proxies)
        host = Host(bus, endpoints=[endpoint])
        running = asyncio.create_task(host.run())
        await eventually(lambda: host.endpoints[0].bound_port)
        # The first is what a stranger wrote, the last what the proxy saw.
        said = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7", "X-Forwarded-Proto": "https"}
        async with httpx.AsyncClient(base_url=address(host), headers=said) as client:
            answer = (await client.get("/who")).text
        host.stop.set()
        assert await running == 0
        return answer

    assert await told() == "127.0.0.1 http"
    assert await told("192.0.2.0/24") == "127.0.0.1 http"
    assert await told("127.0.0.0/8") == "203.0.113.7 https"


async def test_a_process_serves_while_its_bus_is_away_and_connects_later(
    bus: ScriptedBus,
) -> None:
    bus.trouble["start"].extend([BusUnavailable("refused")])
    host = Host(bus, endpoints=[HttpEndpoint(app(hello=hello), "127.0.0.1", 0)])
    with capture_logs() as logs:
        running = asyncio.create_task(host.run())
        await eventually(lambda: host.endpoints[0].bound_port)
        async with httpx.AsyncClient(base_url=address(host)) as client:
            assert (await client.get("/hello")).text == "hello"
        await eventually(lambda: not bus.trouble["start"])
        host.stop.set()
        assert await running == 0
    assert [line["event"] for line in logs].count("bus.away") == 1


async def test_what_waits_for_the_start_ends_when_a_loop_dies(bus: ScriptedBus) -> None:
    async def waits(_host: Host) -> None:
        await asyncio.Event().wait()

    host = Host(bus, loops=[Work("bad", fails)], on_started=waits)
    async with asyncio.timeout(5):
        assert await host.run() == 1


class TestPeriodicLoop:
    """Steps go on whatever one of them does."""

    async def test_a_step_is_repeated_at_once_while_there_is_more(self) -> None:
        stop, calls = asyncio.Event(), 0

        async def step() -> bool:
            nonlocal calls
            calls += 1
            if calls == 5:
                stop.set()
            return calls < 5

        async with asyncio.timeout(5):
            await PeriodicLoop("loop", step, interval=3600).run(stop)
        assert calls == 5

    @pytest.mark.parametrize("error", [RuntimeError("no"), asyncio.CancelledError(), OSError()])
    async def test_a_failing_step_is_tried_again(self, error: BaseException) -> None:
        stop, calls = asyncio.Event(), 0

        async def step() -> bool:
            nonlocal calls
            calls += 1
            if calls == 1:
                raise error
            stop.set()
            return False

        async with asyncio.timeout(5):
            await PeriodicLoop("loop", step, interval=3600).run(stop)
        assert calls == 2

    async def test_a_wake_up_cuts_the_interval_short(self) -> None:
        stop, calls = asyncio.Event(), 0

        async def step() -> bool:
            nonlocal calls
            calls += 1
            return False

        loop = PeriodicLoop("loop", step, interval=3600)
        task = asyncio.create_task(loop.run(stop))
        for wanted in (1, 2, 3):
            await eventually(lambda: calls == wanted)  # noqa: B023
            loop.wake.set()
        await eventually(lambda: calls == 4)
        stop.set()
        async with asyncio.timeout(5):
            await task

    async def test_our_own_cancellation_ends_it(self) -> None:
        entered = asyncio.Event()

        async def step() -> bool:
            entered.set()
            await asyncio.Event().wait()
            return False

        task = asyncio.create_task(PeriodicLoop("loop", step, interval=1).run(asyncio.Event()))
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
