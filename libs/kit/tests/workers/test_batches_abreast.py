"""Several batches of one queue at a time: nobody waits for a batch that waits for the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from patchbay_contracts import AccountRenamed, Envelope
from patchbay_kit.bus import BusUnavailable
from patchbay_kit.db import UnitOfWork
from patchbay_kit.testing.consumer import QUEUE, CountingConsumer, delivery
from patchbay_kit.testing.scripted_bus import ScriptedBus
from patchbay_kit.testing.waiting import eventually
from patchbay_kit.workers.consume import ConsumerLoop

pytestmark = pytest.mark.integration


class Gate:
    """A plan that waits to be let through."""

    def __init__(self) -> None:
        self.entered, self.let = asyncio.Event(), asyncio.Event()

    async def __call__(self, _uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
        self.entered.set()
        await self.let.wait()


@asynccontextmanager
async def running(consumer: CountingConsumer, bus: ScriptedBus) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    loop = ConsumerLoop("names", QUEUE, bus, consumer.processor, 10, abreast=2)
    task = asyncio.create_task(loop.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(10):
            await task


async def test_what_comes_while_a_batch_waits_is_handled_meanwhile(
    pg_consumer: CountingConsumer,
) -> None:
    bus, gate = ScriptedBus(), Gate()
    pg_consumer.plans["slow"] = gate
    slow, quick = delivery("slow"), delivery("quick")
    bus.put(QUEUE, [slow])
    async with running(pg_consumer, bus):
        await gate.entered.wait()
        bus.put(QUEUE, [quick])
        await eventually(lambda: bus.settled == [quick])
        gate.let.set()
        await eventually(lambda: bus.settled == [quick, slow])
    assert sorted(await pg_consumer.names()) == ["quick", "slow"]


async def test_a_stop_finishes_all_that_is_under_way_and_hands_back_the_rest(
    pg_consumer: CountingConsumer,
) -> None:
    bus, gates = ScriptedBus(), {"one": Gate(), "two": Gate()}
    pg_consumer.plans |= gates
    one, two, rest = delivery("one"), delivery("two"), delivery("rest")
    bus.put(QUEUE, [one])
    async with running(pg_consumer, bus) as stop:
        await gates["one"].entered.wait()
        bus.put(QUEUE, [two])
        await gates["two"].entered.wait()
        bus.put(QUEUE, [rest])
        stop.set()
        for gate in gates.values():
            gate.let.set()
    assert sorted(each.event_id for each in bus.settled) == sorted([one.event_id, two.event_id])
    assert list(bus.waiting[QUEUE]) == [rest]
    assert sorted(await pg_consumer.names()) == ["one", "two"]


async def test_a_bus_lost_by_one_batch_costs_the_other_nothing(
    pg_consumer: CountingConsumer,
) -> None:
    bus, gate = ScriptedBus(), Gate()
    pg_consumer.plans["slow"] = gate
    bus.put(QUEUE, [delivery("slow")])
    async with running(pg_consumer, bus):
        await gate.entered.wait()
        bus.trouble["done"].append(BusUnavailable("lost"))
        bus.put(QUEUE, [delivery("quick")])
        await eventually(lambda: not bus.trouble["done"])
        assert not bus.subscriptions[0].closed
        gate.let.set()
        await eventually(lambda: len(bus.settled) == 2)
    assert len(bus.subscriptions) == 2
    assert sorted(await pg_consumer.names()) == ["quick", "slow"]
