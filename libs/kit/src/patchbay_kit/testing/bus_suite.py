"""What every adapter of the bus port has to do, as one class body that is run against each.

A subclass provides the fixture `harness`. Nothing here knows which adapter it runs on.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import pytest

from patchbay_kit.bus import (
    Bus,
    BusUnavailable,
    Delivery,
    PublishOutcome,
    QueueDepth,
    dead_letter_queue,
)
from patchbay_kit.testing.bus_harness import (
    AUDIT,
    BILLING,
    CLOSED,
    CONFIRMED,
    DELAY_STEPS,
    DELIVERY_LIMIT,
    OPENED,
    SEARCH,
    BusHarness,
    depth_becomes,
    ids,
    message,
    nothing_comes,
    send,
    take,
)


class BusSuite:
    """The scenarios."""

    @pytest.fixture
    async def bus(self, harness: BusHarness) -> AsyncIterator[Bus]:
        """A started bus."""
        yield await harness.start_bus()
        await harness.close()

    async def test_a_message_reaches_every_queue_that_wants_it(self, bus: Bus) -> None:
        opened = await send(bus, 1, OPENED)
        closed = await send(bus, 1, CLOSED)

        billing = await bus.subscribe(BILLING, prefetch=10)
        search = await bus.subscribe(SEARCH, prefetch=10)

        assert set(ids(await take(billing, 2))) == {*opened, *closed}
        assert ids(await take(search, 1)) == opened
        assert await nothing_comes(search)

    async def test_a_wildcard_of_the_topology_matches_like_a_topic_exchange(self, bus: Bus) -> None:
        sent = [message("audit"), message("audit.login"), message("audit.login.failed")]
        assert await bus.publish([*sent, message("auditor")]) == [
            *[CONFIRMED] * 3,
            PublishOutcome.UNROUTABLE,
        ]

        subscription = await bus.subscribe(AUDIT, prefetch=10)

        assert set(ids(await take(subscription, 3))) == {m.event_id for m in sent}

    async def test_a_message_for_one_queue_reaches_only_that(self, bus: Bus) -> None:
        direct = message(OPENED, queue=SEARCH)
        assert await bus.publish([direct]) == [CONFIRMED]

        billing = await bus.subscribe(BILLING, prefetch=10)
        search = await bus.subscribe(SEARCH, prefetch=10)

        (delivery,) = await take(search, 1)
        assert (delivery.event_id, delivery.routing_key) == (direct.event_id, OPENED)
        assert await nothing_comes(billing)

    async def test_a_message_arrives_as_it_was_sent(self, bus: Bus) -> None:
        sent = message(CLOSED, '{"subject": "Drucker geht nicht 🖨️ — 印刷"}'.encode())
        await bus.publish([sent])

        (got,) = await take(await bus.subscribe(BILLING, prefetch=10), 1)

        assert (got.event_id, got.routing_key, got.body) == (sent.event_id, CLOSED, sent.body)
        assert (got.queue, got.attempt, got.redelivered) == (BILLING, 1, False)

    async def test_a_body_of_a_megabyte_arrives_whole(self, bus: Bus) -> None:
        big = message(CLOSED, b"0123456789abcdef" * 65536)
        assert await bus.publish([big]) == [CONFIRMED]

        (got,) = await take(await bus.subscribe(BILLING, prefetch=10), 1)

        assert got.body == big.body

    async def test_no_taker_is_reported_for_mandatory_messages_only(self, bus: Bus) -> None:
        outcomes = await bus.publish(
            [
                message("nobody.cares"),
                message("nobody.cares", mandatory=False),
                message(OPENED, queue="no.such.queue"),
                message(OPENED, queue="no.such.queue", mandatory=False),
                message(OPENED),
            ]
        )

        unroutable = PublishOutcome.UNROUTABLE
        assert outcomes == [unroutable, CONFIRMED, unroutable, CONFIRMED, CONFIRMED]

    async def test_an_event_published_twice_is_delivered_twice(self, bus: Bus) -> None:
        twin = message(CLOSED)
        nobodys = message("nobody.cares", event_id=twin.event_id)
        assert await bus.publish([twin, nobodys, twin]) == [
            CONFIRMED,
            PublishOutcome.UNROUTABLE,
            CONFIRMED,
        ]

        subscription = await bus.subscribe(BILLING, prefetch=10)

        assert ids(await take(subscription, 2)) == [twin.event_id] * 2

    async def test_what_is_done_never_comes_again(self, harness: BusHarness, bus: Bus) -> None:
        await send(bus, 3)
        subscription = await bus.subscribe(BILLING, prefetch=10)
        await subscription.done(await take(subscription, 3))
        await bus.stop()

        later = await (await harness.start_bus()).subscribe(BILLING, prefetch=10)

        assert await nothing_comes(later)

    async def test_only_what_is_done_is_settled(self, bus: Bus) -> None:
        await send(bus, 6)
        subscription = await bus.subscribe(BILLING, prefetch=10)
        got = await take(subscription, 6)
        await subscription.done([got[4], got[1], got[0]])
        await subscription.close()

        again = await take(await bus.subscribe(BILLING, prefetch=10), 3)

        assert set(ids(again)) == {got[i].event_id for i in (2, 3, 5)}

    async def test_close_hands_back_what_was_not_settled(self, bus: Bus) -> None:
        sent = await send(bus, 8)
        first = await bus.subscribe(BILLING, prefetch=8)
        await take(first, 3)
        await first.close()

        again = await take(await bus.subscribe(BILLING, prefetch=10), 8)

        assert set(ids(again)) == set(sent)
        assert {d.attempt for d in again} == {1}
        assert sum(d.redelivered for d in again) >= 3

    async def test_what_a_crash_left_comes_again(self, harness: BusHarness, bus: Bus) -> None:
        sent = await send(bus, 4)
        await take(await bus.subscribe(BILLING, prefetch=10), 4)
        await harness.crash(bus)

        again = await take(await (await harness.start_bus()).subscribe(BILLING, prefetch=10), 4)

        assert set(ids(again)) == set(sent)
        assert {(d.attempt, d.redelivered) for d in again} == {(1, True)}

    async def test_confirmed_messages_outlive_the_bus(self, harness: BusHarness, bus: Bus) -> None:
        sent = await send(bus, 50)
        await bus.stop()

        again = await take(await (await harness.start_bus()).subscribe(BILLING, prefetch=50), 50)

        assert set(ids(again)) == set(sent)

    async def test_settling_after_the_hand_back_changes_nothing(self, bus: Bus) -> None:
        await send(bus, 1)
        first = await bus.subscribe(BILLING, prefetch=10)
        (stale,) = await take(first, 1)
        await first.close()

        await first.done([stale])
        with pytest.raises(BusUnavailable):
            await first.retry_later(stale, delay_step=0)
        second = await bus.subscribe(BILLING, prefetch=10)
        await second.done([stale])

        assert ids(await take(second, 1)) == [stale.event_id]

    @pytest.mark.slow
    async def test_retry_later_comes_back_after_the_delay_as_the_next_attempt(
        self, bus: Bus
    ) -> None:
        sent = message(OPENED, b'{"n": 1}')
        await bus.publish([sent])
        billing = await bus.subscribe(BILLING, prefetch=10)
        search = await bus.subscribe(SEARCH, prefetch=10)
        await search.done(await take(search, 1))
        (first,) = await take(billing, 1)
        await billing.retry_later(first, delay_step=0)
        (second,) = await take(billing, 1)
        started = time.monotonic()
        await billing.retry_later(second, delay_step=0)

        (third,) = await take(billing, 1)

        assert DELAY_STEPS[0] * 0.9 <= time.monotonic() - started < DELAY_STEPS[0] + 2
        assert (first.attempt, second.attempt) == (1, 2)
        assert (third.attempt, third.event_id, third.body) == (3, sent.event_id, sent.body)
        assert (third.routing_key, third.queue) == (OPENED, BILLING)
        assert await nothing_comes(search, within=0.1)

    @pytest.mark.slow
    async def test_a_long_delay_does_not_hold_up_a_short_one(self, bus: Bus) -> None:
        slow, quick = await send(bus, 2)
        subscription = await bus.subscribe(BILLING, prefetch=10)
        by_id = {d.event_id: d for d in await take(subscription, 2)}
        await subscription.retry_later(by_id[slow], delay_step=1)
        await subscription.retry_later(by_id[quick], delay_step=0)

        assert ids(await take(subscription, 2)) == [quick, slow]

    async def test_a_delayed_message_survives_a_restart(
        self, harness: BusHarness, bus: Bus
    ) -> None:
        (sent,) = await send(bus, 1)
        subscription = await bus.subscribe(BILLING, prefetch=10)
        await subscription.retry_later((await take(subscription, 1))[0], delay_step=0)
        await harness.crash(bus)

        (again,) = await take(await (await harness.start_bus()).subscribe(BILLING, prefetch=9), 1)

        assert (again.event_id, again.attempt) == (sent, 2)

    async def test_receive_returns_what_is_there_without_waiting_for_more(self, bus: Bus) -> None:
        subscription = await bus.subscribe(BILLING, prefetch=100)
        waiting = asyncio.create_task(subscription.receive(100, 30))
        await send(bus, 1)
        async with asyncio.timeout(5):
            assert len(await waiting) == 1

    async def test_receive_is_empty_after_its_time(self, bus: Bus) -> None:
        subscription = await bus.subscribe(BILLING, prefetch=100)
        started = time.monotonic()

        assert list(await subscription.receive(10, 0.2)) == []
        assert 0.15 <= time.monotonic() - started < 2

    async def test_a_cancelled_receive_loses_nothing(self, bus: Bus) -> None:
        subscription = await bus.subscribe(BILLING, prefetch=100)
        waiting = asyncio.create_task(subscription.receive(10, 30))
        sent = await send(bus, 5)
        waiting.cancel()
        early: Sequence[Delivery] = []
        with suppress(asyncio.CancelledError):
            early = await waiting

        assert {*ids(early), *ids(await take(subscription, 5 - len(early)))} == set(sent)

    async def test_no_more_than_prefetch_is_in_the_hands_of_a_consumer(self, bus: Bus) -> None:
        await send(bus, 12)
        subscription = await bus.subscribe(BILLING, prefetch=5)
        first = await take(subscription, 5)
        assert await nothing_comes(subscription)

        await subscription.done(first[:2])

        assert len(await take(subscription, 2)) == 2
        assert await nothing_comes(subscription)

    @pytest.mark.slow
    async def test_two_consumers_share_a_queue_without_doubling(self, bus: Bus) -> None:
        sent = await send(bus, 300)
        seen: list[str] = []

        async def work() -> None:
            subscription = await bus.subscribe(BILLING, prefetch=10)
            while batch := await subscription.receive(10, 1.0):
                seen.extend(ids(batch))
                await subscription.done(batch)

        await asyncio.gather(work(), work())

        assert sorted(seen) == sorted(sent)

    async def test_depth_tells_waiting_and_held_messages(self, bus: Bus) -> None:
        await send(bus, 5)
        assert (await bus.depth(BILLING)).ready == 5
        subscription = await bus.subscribe(BILLING, prefetch=3)
        held = await take(subscription, 3)

        await depth_becomes(bus, QueueDepth(BILLING, ready=2, unacked=3, dead=0))
        await subscription.done(held)
        await subscription.done(await take(subscription, 2))
        await depth_becomes(bus, QueueDepth(BILLING, ready=0, unacked=0, dead=0))

    async def test_a_message_that_crashes_its_consumer_ends_with_the_dead_letters(
        self, harness: BusHarness, bus: Bus
    ) -> None:
        sent = message(CLOSED, b'{"poison": true}')
        await bus.publish([sent])
        for _ in range(DELIVERY_LIMIT + 1):
            await take(await bus.subscribe(BILLING, prefetch=10), 1)
            await harness.crash(bus)
            bus = await harness.start_bus()

        await depth_becomes(bus, QueueDepth(BILLING, ready=0, unacked=0, dead=1))
        dead = await bus.subscribe(dead_letter_queue(BILLING), prefetch=10)
        (delivery,) = await take(dead, 1)
        assert (delivery.event_id, delivery.body) == (sent.event_id, sent.body)
        assert delivery.routing_key == CLOSED
        await dead.done([delivery])

    async def test_stop_ends_a_waiting_receive(self, bus: Bus) -> None:
        subscription = await bus.subscribe(BILLING, prefetch=10)
        waiting = asyncio.create_task(subscription.receive(10, 60))
        await asyncio.sleep(0)  # let it begin to wait
        await bus.stop()

        async with asyncio.timeout(5):
            assert list(await waiting) == []
        with pytest.raises(BusUnavailable):
            await subscription.receive(10, 1)

    async def test_a_stopped_bus_promises_nothing_until_it_is_started_again(self, bus: Bus) -> None:
        assert bus.health().connected
        await bus.stop()

        assert await bus.publish([message()]) == [PublishOutcome.UNKNOWN]
        assert not bus.health().connected
        with pytest.raises(BusUnavailable):
            await bus.subscribe(BILLING, prefetch=1)

        await bus.start()
        (sent,) = await send(bus, 1)
        assert ids(await take(await bus.subscribe(BILLING, prefetch=10), 1)) == [sent]

    async def test_a_queue_outside_the_topology_is_refused(self, bus: Bus) -> None:
        with pytest.raises(ValueError, match=r"no\.such\.queue"):
            await bus.subscribe("no.such.queue", prefetch=1)
        with pytest.raises(ValueError, match=r"no\.such\.queue"):
            await bus.depth("no.such.queue")

    async def test_five_thousand_messages_all_arrive_once(self, bus: Bus) -> None:
        sent: list[str] = []
        seen: list[str] = []

        async def publish() -> None:
            for _ in range(25):
                sent.extend(await send(bus, 100))

        async def consume() -> None:
            subscription = await bus.subscribe(BILLING, prefetch=200)
            while len(seen) < 5000:
                batch = await take(subscription, 1)
                batch += await subscription.receive(99, 0)
                await subscription.done(batch)
                seen.extend(ids(batch))

        async with asyncio.timeout(60):
            await asyncio.gather(publish(), publish(), consume())

        assert sorted(seen) == sorted(sent)
