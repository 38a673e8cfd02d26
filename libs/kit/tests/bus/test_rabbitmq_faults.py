"""The RabbitMQ bus while its broker is killed, frozen, full, cut off or tampered with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from patchbay_kit.bus import BusUnavailable, PublishOutcome
from patchbay_kit.bus.rabbitmq import RabbitBus
from patchbay_kit.testing.bus_harness import (
    BILLING,
    CLOSED,
    CONFIRMED,
    DELAY_STEPS,
    SEARCH,
    TOPOLOGY,
    ids,
    message,
    nothing_comes,
    send,
    take,
)
from patchbay_kit.testing.servers.rabbitmq import RabbitMQ
from patchbay_kit.testing.waiting import eventually

pytestmark = pytest.mark.integration
UNKNOWN = PublishOutcome.UNKNOWN


def make_bus(url: str, *, connect_timeout: float = 15.0) -> RabbitBus:
    return RabbitBus(
        url,
        TOPOLOGY,
        service="faults",
        delay_steps=DELAY_STEPS,
        publish_timeout=1.5,
        connect_timeout=connect_timeout,
    )


@pytest.fixture
async def bus(amqp_url: str) -> AsyncIterator[RabbitBus]:
    bus = make_bus(amqp_url)
    await bus.start()
    yield bus
    await bus.stop()


def works(bus: RabbitBus) -> bool:
    health = bus.health()
    return health.connected and not health.blocked


async def publishes(bus: RabbitBus) -> bool:
    return set(await bus.publish([message(CLOSED)])) == {CONFIRMED}


async def kill9(node: RabbitMQ) -> None:
    """Kill the node when it no longer forgets its youngest queues.

    3.10.8 keeps the names of quorum queues in a table that it writes some seconds later; a queue
    that was made just before the kill comes back without a leader and without its messages.
    """
    node.ctl("eval", "{dets:sync(ra_directory_reverse), dets:sync(ra_log_meta)}.")
    await asyncio.to_thread(node.kill9)


async def drain(bus: RabbitBus, wanted: set[str]) -> list[str]:
    """Receive and settle until all of them came; duplicates stay in the list."""
    subscription = await bus.subscribe(BILLING, prefetch=200)
    seen: list[str] = []
    async with asyncio.timeout(60):
        while not wanted <= set(seen):
            batch = await subscription.receive(200, 1)
            await subscription.done(batch)
            seen += ids(batch)
    return seen


async def test_nothing_confirmed_is_lost_when_the_broker_is_killed_under_load(
    bus: RabbitBus, rabbitmq_node: RabbitMQ
) -> None:
    confirmed: set[str] = set()
    outcomes: set[PublishOutcome] = set()
    stop = asyncio.Event()

    async def publish() -> None:
        while not stop.is_set():
            messages = [message(CLOSED) for _ in range(20)]
            results = await bus.publish(messages)
            outcomes.update(results)
            confirmed.update(
                m.event_id for m, r in zip(messages, results, strict=True) if r is CONFIRMED
            )
            await asyncio.sleep(0.01)

    publishers = [asyncio.create_task(publish()) for _ in range(2)]
    await eventually(lambda: len(confirmed) > 500, message="some traffic before the kill")
    await kill9(rabbitmq_node)
    await eventually(lambda: not bus.health().connected, message="the loss is noticed")
    assert await bus.publish([message()]) == [UNKNOWN]
    before = len(confirmed)
    await asyncio.to_thread(rabbitmq_node.start)
    await eventually(lambda: len(confirmed) > before + 200, timeout=60, message="traffic again")
    stop.set()
    await asyncio.gather(*publishers)  # neither died of a CancelledError

    assert outcomes == {CONFIRMED, UNKNOWN}
    assert confirmed <= set(await drain(bus, confirmed))


async def test_a_consumer_is_back_after_a_restart_of_the_broker(
    bus: RabbitBus, rabbitmq_node: RabbitMQ
) -> None:
    subscription = await bus.subscribe(BILLING, prefetch=10)
    sent = await send(bus, 3)
    held = await take(subscription, 3)
    await kill9(rabbitmq_node)
    await subscription.done(held)  # too late, and no error
    await asyncio.to_thread(rabbitmq_node.start)

    again = await take(subscription, 3, timeout=60)
    await subscription.done(held)
    await subscription.done(again)
    new = await send_when_back(bus)

    assert set(ids(again)) == set(sent)
    assert ids(await take(subscription, 1)) == new
    assert await nothing_comes(subscription)


async def send_when_back(bus: RabbitBus) -> list[str]:
    await eventually(lambda: works(bus), timeout=60, message="the bus is back")
    return await send(bus, 1)


async def test_a_frozen_broker_means_unknown_in_time_and_works_again_afterwards(
    bus: RabbitBus, rabbitmq_node: RabbitMQ
) -> None:
    messages = [message(CLOSED) for _ in range(50)]
    rabbitmq_node.pause()
    try:
        async with asyncio.timeout(5):
            assert set(await bus.publish(messages)) == {UNKNOWN}
        assert bus.health().blocked
    finally:
        rabbitmq_node.resume()

    async def confirmed() -> bool:  # as the relay does: the same again until it is confirmed
        return set(await bus.publish(messages)) == {CONFIRMED}

    await eventually(confirmed, timeout=60, message="all confirmed")
    assert works(bus)
    assert {m.event_id for m in messages} <= set(await drain(bus, {m.event_id for m in messages}))


async def test_stopping_ends_soon_even_if_the_broker_is_frozen(
    bus: RabbitBus, rabbitmq_node: RabbitMQ
) -> None:
    subscription = await bus.subscribe(BILLING, prefetch=10)
    await send(bus, 5)
    await take(subscription, 5)
    rabbitmq_node.pause()
    try:
        async with asyncio.timeout(20):
            await bus.stop()
    finally:
        rabbitmq_node.resume()


async def test_an_alarm_blocks_publishing_but_not_consuming(
    bus: RabbitBus, rabbitmq_node: RabbitMQ
) -> None:
    sent = await send(bus, 5)
    rabbitmq_node.raise_disk_alarm()
    try:
        assert await bus.publish([message(CLOSED)]) == [UNKNOWN]
        health = bus.health()
        assert health.connected
        assert health.blocked
        assert "alarm" in health.detail
        subscription = await bus.subscribe(BILLING, prefetch=10)
        assert ids(await take(subscription, 5)) == sent
    finally:
        rabbitmq_node.clear_disk_alarm()

    await eventually(lambda: publishes(bus), timeout=30, message="publishing works again")
    assert works(bus)


async def test_cut_connections_come_back_and_unsettled_messages_with_them(
    bus: RabbitBus, rabbitmq_node: RabbitMQ, amqp_url: str
) -> None:
    subscription = await bus.subscribe(BILLING, prefetch=10)
    sent = await send(bus, 4)
    held = await take(subscription, 4)
    await cut(rabbitmq_node, amqp_url)

    again = await take(subscription, 4, timeout=30)
    with pytest.raises(BusUnavailable):
        await subscription.retry_later(held[0], delay_step=0)
    await subscription.done(held)
    await subscription.done(again)

    assert set(ids(again)) == set(sent)
    assert {(d.attempt, d.redelivered) for d in again} == {(1, True)}
    assert await send_when_back(bus) == ids(await take(subscription, 1))


async def cut(node: RabbitMQ, url: str) -> None:
    """The management API lists a connection about half a second after it was made."""

    def both() -> bool:
        return node.close_connections(url) >= 2

    await eventually(both, message="both connections cut")


async def test_a_deleted_queue_is_declared_and_consumed_again(
    bus: RabbitBus, rabbitmq_node: RabbitMQ, amqp_url: str
) -> None:
    subscription = await bus.subscribe(BILLING, prefetch=10)
    await send(bus, 1)
    await subscription.done(await take(subscription, 1))
    rabbitmq_node.delete_queue(amqp_url, BILLING)

    async def is_back() -> bool:
        # It takes seconds on a busy machine, in which the bus has to come back.
        queue = (await asyncio.to_thread(rabbitmq_node.queues, amqp_url)).get(BILLING)
        return queue is not None and queue.consumers == 1

    await eventually(is_back, timeout=20, message="the consumer is back")
    assert await send(bus, 1) == ids(await take(subscription, 1))


async def test_starting_without_a_broker_fails_in_time_and_can_be_repeated(
    amqp_url: str, rabbitmq_node: RabbitMQ, at_end: AsyncExitStack
) -> None:
    bus = make_bus(amqp_url, connect_timeout=1.0)
    at_end.push_async_callback(bus.stop)
    await asyncio.to_thread(rabbitmq_node.kill9)
    async with asyncio.timeout(10):
        with pytest.raises(BusUnavailable, match="broker"):
            await bus.start()
    assert not bus.health().connected
    await asyncio.to_thread(rabbitmq_node.start)

    bus = make_bus(amqp_url)
    at_end.push_async_callback(bus.stop)
    await bus.start()
    assert await publishes(bus)


async def test_a_wrong_password_is_named_and_not_shown(amqp_url: str) -> None:
    bus = make_bus(amqp_url.replace("guest:guest", "guest:open-sesame"), connect_timeout=3.0)
    with pytest.raises(BusUnavailable, match="ACCESS_REFUSED") as refusal:
        await bus.start()

    assert "open-sesame" not in str(refusal.value)


async def test_our_own_cancellation_of_a_publish_is_not_swallowed(
    bus: RabbitBus, rabbitmq_node: RabbitMQ
) -> None:
    rabbitmq_node.pause()
    try:
        waiting = asyncio.create_task(bus.publish([message(CLOSED)]))
        await asyncio.wait([waiting], timeout=0.2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    finally:
        rabbitmq_node.resume()


async def test_a_full_queue_refuses(bus: RabbitBus, rabbitmq_node: RabbitMQ, amqp_url: str) -> None:
    vhost = amqp_url.rsplit("/", 1)[1]
    rabbitmq_node.ctl("set_policy", "-p", vhost, "full", f"^{SEARCH}$", '{"max-length": 1}')

    async def refused() -> bool:
        outcomes = await bus.publish([message(queue=SEARCH) for _ in range(5)])
        return PublishOutcome.REFUSED in outcomes

    await eventually(refused, message="the policy takes effect")
    assert works(bus)


async def test_a_queue_with_other_arguments_is_used_as_it_is(
    bus: RabbitBus, amqp_url: str, at_end: AsyncExitStack
) -> None:
    await send(bus, 2)
    await bus.stop()

    changed = RabbitBus(amqp_url, TOPOLOGY, service="newer", delivery_limit=7)
    at_end.push_async_callback(changed.stop)
    await changed.start()

    assert len(await take(await changed.subscribe(BILLING, prefetch=10), 2)) == 2


async def test_there_is_one_connection_for_each_direction(
    bus: RabbitBus, rabbitmq_node: RabbitMQ, amqp_url: str
) -> None:
    subscription = await bus.subscribe(BILLING, prefetch=10)
    await send(bus, 1)
    await take(subscription, 1)

    listed = rabbitmq_node.ctl(
        "list_connections", "client_properties", "vhost", "--formatter", "json"
    )

    assert listed.count("faults:publish") == 1
    assert listed.count("faults:consume") == 1
