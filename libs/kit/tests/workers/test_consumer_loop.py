"""The consumer loop: settle after the commit, survive the loss of either side, end in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from structlog.testing import capture_logs

from patchbay_contracts import AccountRenamed, Envelope
from patchbay_kit.bus import Bus, BusUnavailable, OutgoingMessage, PublishOutcome, dead_letter_queue
from patchbay_kit.bus.embedded import EmbeddedBus
from patchbay_kit.bus.rabbitmq import RabbitBus
from patchbay_kit.db import Database, UnitOfWork
from patchbay_kit.errors import PermanentError
from patchbay_kit.testing.bus_harness import take
from patchbay_kit.testing.consumer import (
    QUEUE,
    TOPOLOGY,
    CountingConsumer,
    body_of,
    delivery,
    renamed,
)
from patchbay_kit.testing.scripted_bus import ScriptedBus
from patchbay_kit.testing.servers.postgres import Postgres
from patchbay_kit.testing.servers.rabbitmq import RabbitMQ
from patchbay_kit.testing.waiting import eventually
from patchbay_kit.workers.consume import ConsumerLoop, consumer_loops
from patchbay_kit.workers.processing import DatabaseAwayError


@pytest.fixture
def bus() -> ScriptedBus:
    return ScriptedBus()


@asynccontextmanager
async def running(
    consumer: CountingConsumer, bus: Bus, *, batch_size: int = 10
) -> AsyncIterator[asyncio.Event]:
    """All loops of the consumer; they have to end within seconds of `stop`, without an error."""
    stop = asyncio.Event()
    loops = consumer_loops(consumer.subscriptions, bus, consumer.db, batch_size=batch_size)
    tasks = [asyncio.create_task(loop.run(stop)) for loop in loops]
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(10):
            await asyncio.gather(*tasks)


async def test_what_is_waiting_is_handled_and_settled(
    consumer: CountingConsumer, bus: ScriptedBus
) -> None:
    sent = [delivery(str(number)) for number in range(25)]
    bus.put(QUEUE, sent)
    async with running(consumer, bus):
        await eventually(lambda: len(bus.settled) == 25)
    assert bus.settled == sent
    assert await consumer.names() == [str(number) for number in range(25)]
    assert all(subscription.closed for subscription in bus.subscriptions)


async def test_a_stop_in_the_middle_finishes_the_batch_and_hands_back_the_rest(
    consumer: CountingConsumer, bus: ScriptedBus
) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
        entered.set()
        await go_on.wait()

    consumer.plans["5"] = wait
    sent = [delivery(str(number)) for number in range(30)]
    bus.put(QUEUE, sent)
    async with running(consumer, bus) as stop:
        await entered.wait()
        stop.set()
        assert bus.settled == []
        go_on.set()
    assert bus.settled == sent[:10]
    assert list(bus.waiting[QUEUE]) == sent[10:]
    assert len(await consumer.effects()) == 10


async def test_nothing_is_settled_before_the_commit(
    consumer: CountingConsumer, bus: ScriptedBus
) -> None:
    settled_while_handling: list[int] = []

    async def look(_uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
        settled_while_handling.append(len(bus.settled))

    consumer.plans["look"] = look
    bus.put(QUEUE, [delivery("look")])
    async with running(consumer, bus):
        await eventually(lambda: len(bus.settled) == 1)
        assert len(await consumer.effects()) == 1
    assert settled_while_handling == [0]


@pytest.mark.slow
async def test_a_bus_that_is_away_at_first_and_lost_later_is_tried_again(
    consumer: CountingConsumer, bus: ScriptedBus
) -> None:
    bus.trouble["subscribe"].append(BusUnavailable("not yet"))
    bus.trouble["receive"].extend([BusUnavailable("lost"), BusUnavailable("lost")])
    bus.put(QUEUE, [delivery("one")])
    async with running(consumer, bus):
        await eventually(lambda: bus.settled)
    assert await consumer.names() == ["one"]


@pytest.mark.slow
@pytest.mark.parametrize("call", ["done", "retry_later"])
async def test_an_answer_that_the_bus_did_not_get_costs_a_redelivery_and_no_effect(
    consumer: CountingConsumer, bus: ScriptedBus, call: str
) -> None:
    consumer.fail("later", RuntimeError("not now"))
    bus.trouble[call].append(BusUnavailable("lost"))
    bus.put(QUEUE, [delivery("one"), delivery("later")])
    async with running(consumer, bus):
        await eventually(lambda: bus.settled and bus.delayed)
    assert await consumer.names() == ["one"]
    assert [(d.attempt, step) for d, step in bus.delayed] == [(1, 0)]


async def test_failures_are_delayed_and_poison_is_settled_as_a_letter(
    consumer: CountingConsumer, bus: ScriptedBus
) -> None:
    consumer.fail("later", RuntimeError("not now"))
    consumer.fail("poison", PermanentError("poison", "not edible"))
    later, poison, good = (delivery(name, attempt=3) for name in ("later", "poison", "good"))
    bus.put(QUEUE, [later, poison, good])
    async with running(consumer, bus):
        await eventually(lambda: len(bus.settled) == 2)
    assert bus.delayed == [(later, 2)]
    assert bus.settled == [poison, good]
    assert [letter.reason for letter in await consumer.letters()] == ["poison"]


async def test_a_stop_while_the_database_is_away_hands_everything_back(bus: ScriptedBus) -> None:
    url = "postgresql+asyncpg://nobody@127.0.0.1:1/none"
    consumer = CountingConsumer(Database(url, service="desk-svc"))
    sent = [delivery(str(number)) for number in range(3)]
    bus.put(QUEUE, sent)
    with capture_logs() as logs:
        async with running(consumer, bus):
            await eventually(
                lambda: [line for line in logs if line["event"] == "consumer.database_away"]
            )
    assert (bus.settled, bus.delayed) == ([], [])
    assert list(bus.waiting[QUEUE]) == sent


async def test_a_database_that_goes_away_within_a_batch_splits_it_and_loses_nothing(
    consumer: CountingConsumer, bus: ScriptedBus
) -> None:
    async def away_when_alone(_uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
        if consumer.calls.count("away") == 2:
            raise DatabaseAwayError("restarting")

    consumer.plans["away"] = away_when_alone
    consumer.fail("poison", PermanentError("poison", "not edible"))
    sent = [delivery(name) for name in ("first", "away", "poison", "last")]
    bus.put(QUEUE, sent)
    async with running(consumer, bus):
        await eventually(lambda: len(bus.settled) == 4)
    assert bus.settled == sent
    assert await consumer.names() == ["first", "away", "last"]
    assert len(await consumer.letters()) == 1


@pytest.mark.slow
async def test_what_the_bus_gave_up_is_parked_once_it_can_be(
    consumer: CountingConsumer, bus: ScriptedBus
) -> None:
    crasher = delivery("crasher", attempt=2)
    bus.trouble["done"].append(BusUnavailable("lost"))
    bus.put(dead_letter_queue(QUEUE), [crasher])
    async with running(consumer, bus):
        await eventually(lambda: bus.settled)
    letters = await consumer.letters()
    assert {letter.reason for letter in letters} == {"delivery_limit"}
    assert {(letter.queue, letter.event_id) for letter in letters} == {(QUEUE, crasher.event_id)}
    assert letters[0].body == crasher.body
    assert consumer.calls == []


@pytest.mark.integration
async def test_postgres_is_killed_and_started_while_messages_flow(
    pg_consumer: CountingConsumer, bus: ScriptedBus, postgres_node: Postgres
) -> None:
    async def kill(_uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
        pg_consumer.plans.clear()
        await asyncio.to_thread(postgres_node.kill9)

    pg_consumer.plans["30"] = kill
    sent = [delivery(str(number)) for number in range(60)]
    bus.put(QUEUE, sent)
    with capture_logs() as logs:
        async with running(pg_consumer, bus):
            await eventually(
                lambda: [line for line in logs if line["event"] == "consumer.database_away"]
            )
            assert len(bus.settled) == 30
            await asyncio.to_thread(postgres_node.start)
            await eventually(lambda: len(bus.settled) == 60, timeout=30)
    assert await pg_consumer.names() == [str(number) for number in range(60)]
    assert bus.delayed == []
    assert await pg_consumer.letters() == []


def outgoing(events: list[Envelope[AccountRenamed]]) -> list[OutgoingMessage]:
    return [OutgoingMessage(event.id, event.type, body_of(event)) for event in events]


@pytest.mark.integration
class TestOnRabbitMQ:
    async def test_a_broker_killed_in_the_middle_costs_nothing(
        self,
        consumer: CountingConsumer,
        amqp_url: str,
        rabbitmq_node: RabbitMQ,
        at_end: AsyncExitStack,
    ) -> None:
        bus = RabbitBus(amqp_url, TOPOLOGY, service="desk-svc")
        at_end.push_async_callback(bus.stop)
        await bus.start()
        events = [renamed(str(number)) for number in range(200)]
        assert set(await bus.publish(outgoing(events))) == {PublishOutcome.CONFIRMED}
        # Else a kill this soon forgets the youngest quorum queues, see the bus's own tests.
        sync = "{dets:sync(ra_directory_reverse), dets:sync(ra_log_meta)}."
        await asyncio.to_thread(rabbitmq_node.ctl, "eval", sync)
        killed = asyncio.Event()

        async def kill(_uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
            consumer.plans.clear()
            await asyncio.to_thread(rabbitmq_node.kill9)
            killed.set()

        consumer.plans["77"] = kill
        async with running(consumer, bus):
            await killed.wait()
            await asyncio.to_thread(rabbitmq_node.start)

            async def all_there() -> bool:
                return len(await consumer.effects()) == 200

            await eventually(all_there, timeout=60)

            async def all_settled() -> bool:
                depth = await bus.depth(QUEUE)
                return (depth.ready, depth.unacked) == (0, 0)

            await eventually(all_settled, timeout=30)
        assert sorted(await consumer.effects()) == sorted(event.id for event in events)

    async def test_a_message_that_crashes_its_consumers_ends_as_a_letter(
        self, sqlite_url: str, amqp_url: str, at_end: AsyncExitStack
    ) -> None:
        consumer = CountingConsumer(Database(sqlite_url, service="desk-svc"))
        at_end.push_async_callback(consumer.db.close)
        await consumer.create_tables()
        bus = RabbitBus(amqp_url, TOPOLOGY, service="desk-svc", delivery_limit=1)
        at_end.push_async_callback(bus.stop)
        await bus.start()
        crasher = renamed("crasher")
        await bus.publish(outgoing([crasher]))
        for _ in range(2):
            subscription = await bus.subscribe(QUEUE, prefetch=1)
            await take(subscription, 1)
            await subscription.close()
        async with running(consumer, bus):
            letters = await eventually(consumer.letters)
            [letter] = letters
        assert (letter.reason, letter.event_id) == ("delivery_limit", crasher.id)
        assert letter.body == body_of(crasher)
        assert (await bus.depth(QUEUE)).dead == 0


async def test_a_failed_event_comes_again_over_the_real_bus_and_takes_effect(
    consumer: CountingConsumer, tmp_path_factory: pytest.TempPathFactory, at_end: AsyncExitStack
) -> None:
    path = tmp_path_factory.mktemp("bus") / "bus.db"
    bus = EmbeddedBus(path, TOPOLOGY, delay_steps=(0.05, 0.05, 0.05, 0.05, 0.05))
    at_end.push_async_callback(bus.stop)
    await bus.start()

    async def twice(_uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
        if consumer.calls.count("twice") < 3:
            raise RuntimeError("not now")

    consumer.plans["twice"] = twice
    consumer.fail("never", RuntimeError("not ever"))
    events = [renamed(name) for name in ("twice", "never", "good")]
    await bus.publish(outgoing([*events, *events]))
    async with running(consumer, bus):

        async def decided() -> bool:
            return len(await consumer.effects()) == 2 and len(await consumer.letters()) == 2

        await eventually(decided)
    assert sorted(await consumer.effects()) == sorted([events[0].id, events[2].id])
    assert {letter.event_id for letter in await consumer.letters()} == {events[1].id}


async def test_the_loop_of_one_queue_names_it(consumer: CountingConsumer, bus: ScriptedBus) -> None:
    loops = consumer_loops(consumer.subscriptions, bus, consumer.db, batch_size=7)
    assert [loop.name for loop in loops] == [f"consume:{QUEUE}", f"dead:{QUEUE}"]
    assert isinstance(loops[0], ConsumerLoop)
    assert loops[0].batch_size == 7
