"""What only the embedded bus has: a file, one process, and no broker to help after a crash."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from patchbay_kit.bus import BusUnavailable, PublishOutcome
from patchbay_kit.bus.embedded import EmbeddedBus
from patchbay_kit.bus.embedded.queues import WINDOW
from patchbay_kit.bus.embedded.writer import Writer, WriterClosedError
from patchbay_kit.errors import ConfigurationError
from patchbay_kit.testing.bus_harness import BILLING, TOPOLOGY, ids, message, send, take

# Publishes until it is killed; says which ids are confirmed and takes some without settling them.
VICTIM = """
import asyncio, sys
from pathlib import Path
from patchbay_kit.bus.embedded import EmbeddedBus
from patchbay_kit.testing.bus_harness import BILLING, TOPOLOGY, send

async def main():
    bus = EmbeddedBus(Path(sys.argv[1]), TOPOLOGY)
    await bus.start()
    subscription = await bus.subscribe(BILLING, prefetch=10)
    while True:
        print("\\n".join(await send(bus, 20)), flush=True)
        await subscription.receive(10, 0)

asyncio.run(main())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bus.db"


@pytest.fixture
async def bus(path: Path) -> AsyncIterator[EmbeddedBus]:
    bus = EmbeddedBus(path, TOPOLOGY)
    await bus.start()
    yield bus
    await bus.stop()


async def test_confirmed_messages_survive_kill_9(path: Path, at_end: AsyncExitStack) -> None:
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-c", VICTIM, str(path), stdout=asyncio.subprocess.PIPE
    )
    assert victim.stdout is not None
    async with asyncio.timeout(30):
        confirmed = [(await victim.stdout.readline()).decode().strip() for _ in range(500)]
        victim.kill()
        confirmed += (await victim.stdout.read()).decode().split()
        await victim.wait()

    bus = EmbeddedBus(path, TOPOLOGY)
    at_end.push_async_callback(bus.stop)
    await bus.start()
    held = (await bus.depth(BILLING)).ready
    deliveries = await take(await bus.subscribe(BILLING, prefetch=held), held)

    # The pipe may have cut the last id short; what is whole has to be there.
    whole = {event_id for event_id in confirmed if len(event_id) == 36}
    assert len(whole) >= 500
    assert whole <= set(ids(deliveries))
    assert len(set(ids(deliveries))) == len(deliveries)
    assert sum(d.redelivered for d in deliveries) == 10


async def test_a_second_bus_on_the_file_is_refused_by_its_name(
    bus: EmbeddedBus, path: Path, at_end: AsyncExitStack
) -> None:
    other = EmbeddedBus(path, TOPOLOGY)
    at_end.push_async_callback(other.stop)
    with pytest.raises(ConfigurationError, match=str(path)):
        await other.start()

    await bus.stop()
    await other.start()


async def test_a_folder_that_cannot_be_written_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="PATCHBAY_BUS_URL"):
        await EmbeddedBus(Path("/proc/patchbay/bus.db"), TOPOLOGY).start()


@pytest.fixture
def broken_file(path: Path) -> Path:
    path.write_bytes(b"this is not a database, and long enough to tell " * 50)
    return path


async def test_a_broken_file_is_reported_and_the_lock_released(broken_file: Path) -> None:
    bus = EmbeddedBus(broken_file, TOPOLOGY)
    for _ in range(2):
        with pytest.raises(BusUnavailable, match="not a database"):
            await bus.start()


async def test_a_backlog_larger_than_memory_holds_comes_in_order(bus: EmbeddedBus) -> None:
    count = 3 * WINDOW + 7
    sent = await send(bus, count)
    subscription = await bus.subscribe(BILLING, prefetch=100)
    seen: list[str] = []
    while len(seen) < count:
        if len(seen) == 100:
            sent += await send(bus, 5)  # arrives while the file still holds older ones
        batch = await take(subscription, min(100, count - len(seen)))
        await subscription.done(batch)
        seen += ids(batch)
    seen += ids(await take(subscription, 5))

    assert seen == sent


async def test_traffic_faster_than_its_consumer_overflows_to_the_file_and_back(
    bus: EmbeddedBus,
) -> None:
    subscription = await bus.subscribe(BILLING, prefetch=50)
    # One message through the empty queue, so that its window in memory is in use.
    seen = await send(bus, 1)
    await subscription.done(await take(subscription, 1))
    sent = [*seen, *await send(bus, 2 * WINDOW)]

    while len(seen) < len(sent):
        batch = await take(subscription, min(49, len(sent) - len(seen)))
        await subscription.done(batch)
        seen += ids(batch)

    assert seen == sent


async def test_a_write_that_fails_is_unknown_and_shows_in_health(
    bus: EmbeddedBus, path: Path
) -> None:
    with sqlite3.connect(path) as breaker:
        breaker.execute("ALTER TABLE message RENAME TO gone")
    assert await bus.publish([message()]) == [PublishOutcome.UNKNOWN]
    assert bus.health().blocked

    with sqlite3.connect(path) as repair:
        repair.execute("ALTER TABLE gone RENAME TO message")
    assert await bus.publish([message()]) == [PublishOutcome.CONFIRMED]
    assert not bus.health().blocked


async def test_one_bad_job_does_not_take_its_neighbours_with_it(path: Path) -> None:
    writer = Writer(path)
    await writer.open()
    good = [
        writer.submit(lambda c: c.execute("INSERT INTO in_flight VALUES (1)").rowcount),
        writer.submit(lambda c: c.execute("INSERT INTO in_flight VALUES (2)").rowcount),
    ]
    bad = writer.submit(lambda c: c.execute("SELECT nonsense"))
    last = writer.submit(lambda c: c.execute("SELECT count(*) FROM in_flight").fetchone())

    assert await asyncio.gather(*good) == [1, 1]
    with pytest.raises(sqlite3.OperationalError):
        await bad
    assert await last == (2,)
    await writer.close()
    with pytest.raises(WriterClosedError):
        writer.submit(lambda c: None)
