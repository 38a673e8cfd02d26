"""The loops do the work by themselves, beside other replicas, and end when told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from patchbay_contracts import CatalogueRefreshed, RemoteCommandSucceeded, RemoteTicketReceived
from patchbay_kit import guarded as guard
from patchbay_kit.testing.waiting import eventually
from rmm_gateway.definition import SERVICE
from rmm_gateway.outbound.sending import CommandSender
from rmm_gateway.polling.tickets import TicketPoller
from rmm_gateway.providers.base import Batch
from rmm_gateway.providers.continuum.provider import ContinuumProvider
from rmm_gateway.wiring import parts_of


@asynccontextmanager
async def _running(world: Any) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(loop.run(stop)) for loop in SERVICE.loops(world.runtime)]
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(10):
            await asyncio.gather(*tasks)


@pytest.mark.covers("S1-02", "S1-12", "S1-45")
async def test_from_set_up_to_close_nobody_has_to_restart_anything(worlds: Any) -> None:
    async with worlds(rmm_tick=0.02) as world, _running(world):
        made = await world.connect(inventory_sync=True)
        remote_id = await world.raise_ticket()
        await eventually(lambda: _counted(world, CatalogueRefreshed, 2))
        world.clock.advance(seconds=10)
        await eventually(lambda: _held(world, made["id"], 1))
        await world.enable(made["id"])
        await eventually(lambda: _counted(world, RemoteTicketReceived, 1))
        await world.close_ticket(made["id"], remote_id)
        await eventually(lambda: _counted(world, RemoteCommandSucceeded, 1))
        assert await world.closes(remote_id) == 1


async def _counted(world: Any, kind: Any, number: int) -> bool:
    return len(await world.events(kind)) == number


async def _held(world: Any, connection_id: str, number: int) -> bool:
    return bool((await world.connection(connection_id))["held_count"] == number)


async def test_replicas_poll_a_connection_one_at_a_time(world: Any) -> None:
    await world.enabled()
    await world.raise_ticket()
    entered, leave = asyncio.Event(), asyncio.Event()

    class Slow(ContinuumProvider):
        async def poll(self, max_items: int) -> Batch:
            entered.set()
            await leave.wait()
            return await super().poll(max_items)

    parts = parts_of(world.runtime)
    parts.providers.factories["continuum"] = Slow
    first = asyncio.create_task(TicketPoller(parts).step())
    await entered.wait()
    assert await TicketPoller(parts).step() is False
    leave.set()
    assert await first is True
    assert len(await world.events(RemoteTicketReceived)) == 1


async def test_a_poller_that_lost_its_lease_harms_nothing(world: Any) -> None:
    await world.enabled()
    await world.raise_ticket()
    entered, leave = asyncio.Event(), asyncio.Event()

    class Stuck(ContinuumProvider):
        async def ack(self, batch: Batch) -> None:
            entered.set()
            await leave.wait()
            await super().ack(batch)

    parts = parts_of(world.runtime)
    parts.providers.factories["continuum"] = Stuck
    stuck = asyncio.create_task(TicketPoller(parts).step())
    await entered.wait()
    parts.providers.factories["continuum"] = ContinuumProvider
    world.clock.advance(minutes=4)
    await world.poll()
    leave.set()
    await stuck
    assert len(await world.events(RemoteTicketReceived)) == 1
    state = (await world.sim.get("/__sim/state")).json()
    assert state["queue"] == {"waiting": 0, "leased": 0, "acknowledged": 1}


async def test_replicas_send_a_command_once(world: Any) -> None:
    connection_id = await world.enabled()
    ids = [await world.raise_ticket() for _ in range(12)]
    await world.poll()
    for remote_id in ids:
        await world.close_ticket(connection_id, remote_id)
    senders = [CommandSender(parts_of(world.runtime)) for _ in range(3)]
    for _ in range(4):
        await asyncio.gather(*(sender.step() for sender in senders))
    assert [await world.closes(remote_id) for remote_id in ids] == [1] * 12
    assert len(await world.calls("*/close")) == 12


async def test_a_defect_shows_at_the_connection_and_loses_nothing(small_world: Any) -> None:
    world = small_world

    class Defective(ContinuumProvider):
        async def poll(self, max_items: int) -> Batch:
            raise TypeError("a defect")

    connection_id = await world.enabled()
    await world.raise_ticket()
    factories = parts_of(world.runtime).providers.factories
    factories["continuum"] = Defective
    await world.poll()
    found = await world.connection(connection_id)
    assert (found["state"], found["last_error"]) == ("degraded", "internal: TypeError")
    factories["continuum"] = ContinuumProvider
    world.clock.advance(seconds=30)
    await world.poll()
    assert len(await world.events(RemoteTicketReceived)) == 1


async def test_the_checked_address_is_dialled_under_the_name_that_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def resolve(_host: str, _port: int) -> str:
        return "127.0.0.1"

    monkeypatch.setattr(guard, "public_address", resolve)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        transport = guard.GuardedTransport(httpx.create_ssl_context())
        async with httpx.AsyncClient(transport=transport) as client:
            answer = await client.get(f"http://continuum.example:{port}/psg/v1/sites")
    assert answer.status_code == 204
    assert f"Host: continuum.example:{port}".encode() in seen[0]
