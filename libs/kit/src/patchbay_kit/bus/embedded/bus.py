"""The embedded adapter of the bus port: a SQLite file with one row per queue that wants a message.

At least once, as with a broker: CONFIRMED means committed and synced; what was not settled when the
process died comes again at the next start.
"""

import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import structlog

from patchbay_kit.bus.embedded import store
from patchbay_kit.bus.embedded.engine import Engine
from patchbay_kit.bus.embedded.lock import FileLock
from patchbay_kit.bus.embedded.store import Row
from patchbay_kit.bus.embedded.subscription import EmbeddedSubscription
from patchbay_kit.bus.embedded.writer import Writer, WriterClosedError
from patchbay_kit.bus.port import (
    DELAY_STEPS,
    DELIVERY_LIMIT,
    BusHealth,
    BusSubscription,
    BusUnavailable,
    OutgoingMessage,
    PublishOutcome,
    QueueDepth,
    Topology,
    dead_letter_queue,
)
from patchbay_kit.bus.routing import Router

log = structlog.get_logger(__name__)


class EmbeddedBus:
    """`path` is the file; one process at a time may have it open (ConfigurationError otherwise).

    `delay_steps` in seconds. After more than `delivery_limit` deliveries that ended in a crash a
    message moves to the dead-letter queue.
    """

    def __init__(
        self,
        path: Path,
        topology: Topology,
        *,
        delay_steps: Sequence[float] = DELAY_STEPS,
        delivery_limit: int = DELIVERY_LIMIT,
    ) -> None:
        self._path = path
        self._router = Router(topology)
        self._delay_steps = tuple(delay_steps)
        self._delivery_limit = delivery_limit
        self._lock = FileLock(path)
        self._engine: Engine | None = None
        self._subscriptions: set[EmbeddedSubscription] = set()
        self._trouble = ""

    async def start(self) -> None:
        """Open the file and take over what the last process left."""
        if self._engine is not None:
            return
        self._lock.acquire()
        writer = Writer(self._path)
        try:
            await writer.open()
            recovered = await writer.submit(
                partial(store.recover, delivery_limit=self._delivery_limit), durable=True
            )
        except BaseException as error:
            await writer.close()
            self._lock.release()
            if isinstance(error, sqlite3.Error):
                raise BusUnavailable(f"{self._path}: {error}") from error
            raise
        self._engine, self._trouble = Engine(writer, recovered, self._delay_steps), ""

    async def publish(self, messages: Sequence[OutgoingMessage]) -> list[PublishOutcome]:
        """Publish all in one transaction; UNKNOWN if it failed or the bus is not started."""
        if self._engine is None:
            return [PublishOutcome.UNKNOWN] * len(messages)
        rows: list[Row] = []
        outcomes: list[PublishOutcome] = []
        for message in messages:
            takers = self._router.takers(message.routing_key, message.queue)
            rows += [self._engine.row(message, queue) for queue in takers]
            lost = message.mandatory and not takers
            outcomes.append(PublishOutcome.UNROUTABLE if lost else PublishOutcome.CONFIRMED)
        if rows and not await self._stored(self._engine, rows):
            return [
                o if o is PublishOutcome.UNROUTABLE else PublishOutcome.UNKNOWN for o in outcomes
            ]
        return outcomes

    async def subscribe(self, queue: str, *, prefetch: int) -> BusSubscription:
        """Consume one queue; ValueError if nobody declared it."""
        self._router.require(queue)
        subscription = EmbeddedSubscription(
            self._started(), queue, prefetch, self._subscriptions.discard
        )
        self._subscriptions.add(subscription)
        return subscription

    async def depth(self, queue: str) -> QueueDepth:
        """Counts of now; delayed messages are not in them."""
        self._router.require(queue)
        engine = self._started()
        try:
            held = await engine.count(queue)
            dead = await engine.count(dead_letter_queue(queue))
        except (sqlite3.Error, WriterClosedError) as error:
            raise BusUnavailable(f"{self._path}: {error}") from error
        unacked = engine.queue(queue).unacked
        return QueueDepth(queue, ready=max(0, held - unacked), unacked=unacked, dead=dead)

    def health(self) -> BusHealth:
        """`blocked` after a write that failed, a full disk for example, until one works again."""
        if self._engine is None or not self._engine.writer.is_open:
            return BusHealth(connected=False, detail="the bus is not started")
        return BusHealth(connected=True, blocked=bool(self._trouble), detail=self._trouble)

    async def stop(self) -> None:
        """Hand back what is not settled, finish what was submitted, close the file."""
        engine, self._engine = self._engine, None
        if engine is None:
            return
        for subscription in list(self._subscriptions):
            await subscription.close()
        engine.close()
        await engine.writer.close()
        self._lock.release()

    def _started(self) -> Engine:
        if self._engine is None:
            raise BusUnavailable("the bus is not started")
        return self._engine

    async def _stored(self, engine: Engine, rows: list[Row]) -> bool:
        try:
            await engine.store(rows)
        except (sqlite3.Error, WriterClosedError) as error:
            self._trouble = f"{self._path}: {error}"
            log.warning("bus.write_failed", path=str(self._path), error=str(error))
            return False
        self._trouble = ""
        return True
