"""The relay: published if and only if committed, in order, and never dropped."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Row, select, update
from sqlalchemy.exc import DBAPIError

from patchbay_contracts import AccountRenamed, AlertRequested
from patchbay_kit.bus import OutgoingMessage, PublishOutcome
from patchbay_kit.clock import utc_now
from patchbay_kit.db import Database
from patchbay_kit.db.outbox import MAX_EVENT_BYTES
from patchbay_kit.db.tables import outbox
from patchbay_kit.errors import PermanentError
from patchbay_kit.testing.consumer import QUEUE, CountingConsumer
from patchbay_kit.testing.scripted_bus import ScriptedBus
from patchbay_kit.testing.servers.postgres import Postgres
from patchbay_kit.testing.waiting import eventually
from patchbay_kit.workers.lifecycle import Loop
from patchbay_kit.workers.relay import CLAIM, MAX_DELAY, RelayLoop
from patchbay_kit.workers.waker import ListenLoop, NotifyLoop

NEVER = 3600.0
CONFIRMED, UNKNOWN = PublishOutcome.CONFIRMED, PublishOutcome.UNKNOWN


class Clock:
    """A time that the test moves."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class GatedBus(ScriptedBus):
    """Publishes when the test lets it; `inside` counts who waits."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = 0
        self.gate = asyncio.Event()

    async def publish(self, messages: Sequence[OutgoingMessage]) -> list[PublishOutcome]:
        self.inside += 1
        await self.gate.wait()
        return await super().publish(messages)


@pytest.fixture
def clock(consumer: CountingConsumer) -> Clock:
    made = Clock()
    consumer.db.clock = made
    return made


@pytest.fixture
def bus() -> ScriptedBus:
    return ScriptedBus()


@pytest.fixture
def relay(consumer: CountingConsumer, bus: ScriptedBus) -> RelayLoop:
    return RelayLoop(consumer.db, bus, asyncio.Event(), poll_interval=NEVER)


async def publish(db: Database, count: int = 1) -> list[str]:
    """That many events in one unit of work; their ids."""
    async with db.unit_of_work() as uow:
        data = AccountRenamed(account_id="a", name="n", auto_created=False)
        return [uow.publish(data, subject="a", version=number) for number in range(count)]


async def kept(db: Database) -> Sequence[Row[tuple[object, ...]]]:
    async with db.read() as session:
        return (await session.execute(select(outbox).order_by(outbox.c.seq))).all()


def ids(messages: Sequence[OutgoingMessage]) -> list[str]:
    return [message.event_id for message in messages]


@asynccontextmanager
async def running(*loops: Loop) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(loop.run(stop)) for loop in loops]
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks)


async def test_what_was_committed_is_sent_once_and_in_order(
    db: Database, relay: RelayLoop, bus: ScriptedBus
) -> None:
    sent = [event for _ in range(3) for event in await publish(db, 4)]
    assert await relay.relay_once() == (12, 0)
    assert await relay.relay_once() == (0, 0)
    assert ids(bus.published) == sent
    assert {message.routing_key for message in bus.published} == {AccountRenamed.event_type}
    assert await kept(db) == []


async def test_what_was_rolled_back_is_never_sent(
    db: Database, relay: RelayLoop, bus: ScriptedBus
) -> None:
    woken: list[bool] = []
    db.on_events = lambda: woken.append(True)
    data = AccountRenamed(account_id="a", name="n", auto_created=False)

    async def change_my_mind() -> None:
        async with db.unit_of_work() as uow:
            uow.publish(data, subject="a", version=1)
            await uow.flush()
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError):
        await change_my_mind()
    await relay.relay_once()
    assert bus.published == []
    assert woken == []


async def test_a_cancelled_unit_of_work_publishes_nothing(
    db: Database, relay: RelayLoop, bus: ScriptedBus
) -> None:
    flushed = asyncio.Event()

    async def work() -> None:
        async with db.unit_of_work() as uow:
            data = AccountRenamed(account_id="a", name="n", auto_created=False)
            uow.publish(data, subject="a", version=1)
            await uow.flush()
            flushed.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await flushed.wait()
    task.cancel()
    await asyncio.wait({task})
    await relay.relay_once()
    assert bus.published == []


async def test_a_crash_between_confirm_and_delete_sends_the_same_event_again(
    db: Database, relay: RelayLoop, bus: ScriptedBus
) -> None:
    sent = await publish(db, 2)
    bus.trouble["publish"].append(RuntimeError("died after the confirm"))
    with pytest.raises(RuntimeError):
        await relay.relay_once()
    assert await relay.relay_once() == (2, 0)
    assert ids(bus.published) == [*sent, *sent]
    assert bus.published[0].body == bus.published[2].body
    assert await kept(db) == []


async def test_a_relay_that_is_ended_while_it_publishes_leaves_its_rows_to_the_next(
    db: Database, relay: RelayLoop, bus: ScriptedBus
) -> None:
    sent = await publish(db, 3)
    gated = GatedBus()
    dying = asyncio.create_task(RelayLoop(db, gated, asyncio.Event()).relay_once())
    await eventually(lambda: gated.inside == 1)
    dying.cancel()
    await asyncio.wait({dying}, timeout=5)
    assert [row.id for row in await kept(db)] == sent
    assert await relay.relay_once() == (3, 0)
    assert ids(bus.published) == sent


async def test_a_claim_is_bounded_by_what_it_takes_of_memory(
    db: Database, relay: RelayLoop, bus: ScriptedBus
) -> None:
    sent = []
    for number in range(5):
        large = AccountRenamed(account_id="a", name="x" * 5_000_000, auto_created=False)
        async with db.unit_of_work() as uow:
            sent.append(uow.publish(large, subject="a", version=number))
    sent += await publish(db, 2)
    assert [await relay.relay_once() for _ in range(4)] == [(2, 0), (2, 0), (3, 0), (0, 0)]
    assert ids(bus.published) == sent


async def test_large_claims_follow_each_other_without_a_pause(
    db: Database, relay: RelayLoop, bus: ScriptedBus
) -> None:
    large = AccountRenamed(account_id="a", name="x" * 9_000_000, auto_created=False)
    async with db.unit_of_work() as uow:
        sent = [uow.publish(large, subject="a", version=number) for number in range(3)]
    async with running(relay):
        await eventually(lambda: len(bus.published) == len(sent))
    assert ids(bus.published) == sent


async def test_an_event_that_no_broker_would_take_is_refused_with_its_change(
    db: Database, relay: RelayLoop, bus: ScriptedBus
) -> None:
    huge = AccountRenamed(account_id="a", name="x" * MAX_EVENT_BYTES, auto_created=False)
    with pytest.raises(PermanentError) as caught:
        async with db.unit_of_work() as uow:
            uow.publish(huge, subject="a", version=1)
    assert caught.value.reason == "event_too_large"
    assert await relay.relay_once() == (0, 0)


async def test_an_unknown_outcome_keeps_the_row_and_its_turn(
    db: Database, relay: RelayLoop, bus: ScriptedBus
) -> None:
    first, second, third = await publish(db, 3)
    bus.outcomes.extend([UNKNOWN, CONFIRMED, UNKNOWN])
    assert await relay.relay_once() == (1, 2)
    assert [(row.id, row.attempts) for row in await kept(db)] == [(first, 0), (third, 0)]
    await relay.relay_once()
    assert ids(bus.published) == [first, second, third, first, third]
    assert await kept(db) == []


@pytest.mark.parametrize("outcome", [PublishOutcome.UNROUTABLE, PublishOutcome.REFUSED])
async def test_what_the_bus_does_not_take_waits_longer_and_longer_and_is_never_dropped(
    db: Database, relay: RelayLoop, bus: ScriptedBus, clock: Clock, outcome: PublishOutcome
) -> None:
    [stuck] = await publish(db)
    waits = []
    for _ in range(15):
        bus.outcomes.append(outcome)
        assert await relay.relay_once() == (0, 1)
        assert await relay.relay_once() == (0, 0)
        [row] = await kept(db)
        waits.append((row.next_attempt_at - clock.now).total_seconds())
        clock.pass_by(waits[-1])
    assert waits[:4] == [0.5, 1.0, 2.0, 4.0]
    assert waits == sorted(waits)
    assert waits[-1] == MAX_DELAY
    assert row.attempts == 15

    later = await publish(db)
    assert await relay.relay_once() == (2, 0)
    assert ids(bus.published)[-2:] == [stuck, *later]


async def test_a_stuck_row_holds_up_no_other(
    db: Database, relay: RelayLoop, bus: ScriptedBus, clock: Clock
) -> None:
    await publish(db)
    bus.outcomes.append(PublishOutcome.UNROUTABLE)
    await relay.relay_once()
    others = await publish(db, 5)
    assert await relay.relay_once() == (5, 0)
    assert ids(bus.published)[1:] == others


async def test_more_than_one_claim_goes_out_without_a_pause(
    db: Database, relay: RelayLoop, bus: ScriptedBus
) -> None:
    sent = await publish(db, CLAIM + 7)
    async with running(relay):
        await eventually(lambda: len(bus.published) == len(sent))
    assert ids(bus.published) == sent


async def test_a_fact_without_a_taker_is_fine_and_a_parked_message_needs_its_queue(
    db: Database, relay: RelayLoop, bus: ScriptedBus
) -> None:
    async with db.unit_of_work() as uow:
        uow.resend(event_id="e-1", event_type="gone.v1", body="no json", queue=QUEUE)
    await publish(db)
    async with db.unit_of_work() as uow:
        data = AlertRequested.model_construct(alert_id="a", ticket_id="t")
        uow.publish(data, subject="a", version=1)
    await relay.relay_once()
    parked, wanted, unwanted = bus.published
    assert (parked.event_id, parked.routing_key, parked.body, parked.queue) == (
        "e-1",
        "gone.v1",
        b"no json",
        QUEUE,
    )
    assert (parked.mandatory, wanted.mandatory, unwanted.mandatory) == (True, True, False)
    assert wanted.queue is None


async def test_a_commit_wakes_the_relay_of_its_process(
    db: Database, relay: RelayLoop, bus: ScriptedBus
) -> None:
    db.on_events = relay.wake.set
    async with running(relay):
        for count in range(1, 4):
            await publish(db)
            await eventually(lambda: len(bus.published) == count)  # noqa: B023


async def test_a_lost_wake_up_costs_one_poll(consumer: CountingConsumer, bus: ScriptedBus) -> None:
    db = consumer.db
    relay = RelayLoop(db, bus, asyncio.Event(), poll_interval=0.1)
    async with running(relay):
        await eventually(lambda: not relay.wake.is_set())
        await publish(db)
        await eventually(lambda: bus.published)


@pytest.mark.parametrize(
    "error", [asyncio.CancelledError(), RuntimeError("channel closed"), TimeoutError()]
)
async def test_the_relay_outlives_what_the_bus_raises(
    db: Database, relay: RelayLoop, bus: ScriptedBus, error: BaseException
) -> None:
    bus.trouble["publish"].append(error)
    sent = await publish(db)
    async with running(relay):
        await eventually(lambda: len(bus.published) == 2)
    assert ids(bus.published) == [*sent, *sent]
    assert await kept(db) == []


async def test_the_relay_ends_when_it_is_cancelled(relay: RelayLoop, bus: ScriptedBus) -> None:
    task = asyncio.create_task(relay.run(asyncio.Event()))
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=5)
    assert done
    assert task.cancelled()


@pytest.mark.integration
class TestOnPostgres:
    async def test_two_relays_never_send_one_row_twice(self, pg_consumer: CountingConsumer) -> None:
        db, bus = pg_consumer.db, GatedBus()
        sent = await publish(db, 2 * CLAIM + 10)
        relays = [RelayLoop(db, bus, asyncio.Event()) for _ in range(3)]
        working = [asyncio.create_task(relay.relay_once()) for relay in relays]
        await eventually(lambda: bus.inside == 3)
        bus.gate.set()
        results = await asyncio.gather(*working)
        assert sum(confirmed for confirmed, _ in results) == len(sent)
        assert sorted(ids(bus.published)) == sorted(sent)
        assert await kept(db) == []

    async def test_the_order_is_that_of_the_numbers_not_of_the_pages(
        self, pg_consumer: CountingConsumer, bus: ScriptedBus
    ) -> None:
        db = pg_consumer.db
        for number in (30, 10, 20):
            async with db.unit_of_work() as uow:
                uow.resend(event_id=f"e-{number}", event_type="x.v1", body="", queue=QUEUE)
                await uow.flush()
                moved = update(outbox).where(outbox.c.id == f"e-{number}").values(seq=number)
                await uow.session.execute(moved)
        await RelayLoop(db, bus, asyncio.Event()).relay_once()
        assert ids(bus.published) == ["e-10", "e-20", "e-30"]

    async def test_relays_of_many_processes_under_load_send_everything_once(
        self, pg_consumer: CountingConsumer, bus: ScriptedBus
    ) -> None:
        others = [Database(pg_consumer.db.url, service="desk-svc") for _ in range(3)]
        loops = [RelayLoop(db, bus, asyncio.Event(), poll_interval=0.02) for db in others]
        sent: list[str] = []
        async with running(*loops):
            for _ in range(30):
                sent += await publish(pg_consumer.db, 20)
            await eventually(lambda: len(bus.published) >= len(sent))
        assert sorted(ids(bus.published)) == sorted(sent)
        for db in others:
            await db.close()

    async def test_a_commit_wakes_relays_of_other_processes_within_a_second(
        self, pg_consumer: CountingConsumer, bus: ScriptedBus, postgres_node: Postgres
    ) -> None:
        db = pg_consumer.db
        wake = asyncio.Event()
        # With what an address may hold for the engine.
        url = f"{db.url}?ssl=disable&prepared_statement_cache_size=50"
        notify = NotifyLoop(url)
        db.on_events = notify.pending.set
        relay = RelayLoop(Database(url, service="desk-svc"), bus, wake, poll_interval=NEVER)
        async with running(notify, ListenLoop(url, wake), relay):

            async def seconds_to_arrive() -> float:
                started = time.monotonic()
                [event] = await publish(db)
                await eventually(lambda: event in ids(bus.published), timeout=20)
                return time.monotonic() - started

            # The first waits for the connections, and a busy machine may delay any.
            assert min([await seconds_to_arrive() for _ in range(4)]) < 1
            before = len(bus.published)
            postgres_node.disconnect_clients(db.url)

            async def wakes_again() -> bool:
                # The first of our own connections may not have heard yet that it is cut.
                with suppress(DBAPIError):
                    await publish(db)
                return len(bus.published) > before

            await eventually(wakes_again, timeout=30, interval=0.2)
        await relay.db.close()

    async def test_a_connection_lost_between_the_confirms_and_the_commit_takes_no_row(
        self, pg_consumer: CountingConsumer, postgres_node: Postgres
    ) -> None:
        db = pg_consumer.db

        class CutOff(ScriptedBus):
            async def publish(self, messages: Sequence[OutgoingMessage]) -> list[PublishOutcome]:
                outcomes = await super().publish(messages)
                if len(self.published) == len(messages):
                    postgres_node.disconnect_clients(db.url)
                return outcomes

        bus, sent = CutOff(), await publish(db, 3)
        relay = RelayLoop(db, bus, asyncio.Event(), poll_interval=NEVER)
        bus.outcomes.append(PublishOutcome.UNROUTABLE)
        with pytest.raises(DBAPIError):
            await relay.relay_once()
        assert [(row.id, row.attempts) for row in await kept(db)] == [(each, 0) for each in sent]
        assert await relay.relay_once() == (3, 0)
        assert ids(bus.published) == [*sent, *sent]
        assert await kept(db) == []

    async def test_a_relay_takes_over_from_one_that_died_with_its_claim(
        self, pg_consumer: CountingConsumer, bus: ScriptedBus, postgres_node: Postgres
    ) -> None:
        sent, gated = await publish(pg_consumer.db, 3), GatedBus()
        first = Database(pg_consumer.db.url, service="desk-svc")
        dying = asyncio.create_task(RelayLoop(first, gated, asyncio.Event()).relay_once())
        await eventually(lambda: gated.inside == 1)
        relay = RelayLoop(pg_consumer.db, bus, asyncio.Event())
        assert await relay.relay_once() == (0, 0)  # They are another's, for as long as it lives.
        postgres_node.disconnect_clients(first.url)

        async def taken_over() -> bool:
            try:
                return await relay.relay_once() == (3, 0)
            except DBAPIError:
                return False  # Our own connection was cut as well.

        await eventually(taken_over)
        gated.gate.set()
        await asyncio.wait({dying}, timeout=10)
        assert isinstance(dying.exception(), DBAPIError)
        assert ids(bus.published) == sent
        await first.close()

    async def test_a_database_that_comes_back_loses_no_row(
        self, pg_consumer: CountingConsumer, bus: ScriptedBus, postgres_node: Postgres
    ) -> None:
        relay = RelayLoop(pg_consumer.db, bus, asyncio.Event(), poll_interval=0.05)
        sent = await publish(pg_consumer.db, 3)
        await asyncio.to_thread(postgres_node.kill9)
        async with running(relay):
            await asyncio.to_thread(postgres_node.start)
            await eventually(lambda: set(ids(bus.published)) == set(sent), timeout=30)
        assert await kept(pg_consumer.db) == []
