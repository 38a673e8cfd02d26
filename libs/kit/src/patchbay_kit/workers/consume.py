"""The consumer loops: take what is waiting, process it as one batch, tell the bus.

Promise: a delivery is settled only after the commit of its effect or of its dead letter. On SIGTERM
the running batch finishes and the rest goes back to the queue.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from patchbay_kit.bus import Bus, BusSubscription, BusUnavailable, Delivery, dead_letter_queue
from patchbay_kit.db import Database
from patchbay_kit.messaging import Subscriptions
from patchbay_kit.messaging.dead_letters import Parked, park
from patchbay_kit.workers.lifecycle import Loop, pause
from patchbay_kit.workers.processing import BatchProcessor, DatabaseAwayError, Verdict

log = structlog.get_logger(__name__)

RECEIVE_TIMEOUT = 0.5


@dataclass
class ConsumerLoop:
    """One queue's consumer in this process."""

    name: str
    queue: str
    bus: Bus
    processor: BatchProcessor
    batch_size: int

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                subscription = await self.bus.subscribe(self.queue, prefetch=2 * self.batch_size)
            except BusUnavailable as error:
                log.warning("consumer.bus_away", queue=self.queue, error=str(error))
                await pause(1.0, stop)
                continue
            try:
                await self._consume(subscription, stop)
            except BusUnavailable as error:
                log.warning("consumer.bus_lost", queue=self.queue, error=str(error))
                await pause(0.5, stop)
            finally:
                await subscription.close()

    async def _consume(self, subscription: BusSubscription, stop: asyncio.Event) -> None:
        while not stop.is_set():
            deliveries = await subscription.receive(self.batch_size, RECEIVE_TIMEOUT)
            if deliveries and not await self._handle(subscription, deliveries, stop):
                return

    async def _handle(
        self, subscription: BusSubscription, deliveries: Sequence[Delivery], stop: asyncio.Event
    ) -> bool:
        """False when stopped before the whole batch could be decided."""
        wait = 0.1
        while deliveries:
            try:
                verdicts = await self.processor.process(deliveries)
            except DatabaseAwayError as error:
                log.warning("consumer.database_away", queue=self.queue, error=str(error))
                await pause(wait, stop)
                wait = min(5.0, wait * 2)
                if stop.is_set():
                    return False
                continue
            await self._settle(subscription, verdicts)
            deliveries = deliveries[len(verdicts) :]
        return True

    @staticmethod
    async def _settle(subscription: BusSubscription, verdicts: Sequence[Verdict]) -> None:
        done: list[Delivery] = []
        for verdict in verdicts:
            if verdict.retry_step is None:
                done.append(verdict.delivery)
            else:
                await subscription.retry_later(verdict.delivery, delay_step=verdict.retry_step)
        if done:
            await subscription.done(done)


@dataclass
class DeadQueueLoop:
    """Moves what the bus itself gave up on (a message that crashes its consumer) into the dead
    letters of the service.
    """

    name: str
    queue: str
    bus: Bus
    db: Database

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                subscription = await self.bus.subscribe(dead_letter_queue(self.queue), prefetch=10)
            except BusUnavailable:
                await pause(2.0, stop)
                continue
            try:
                while not stop.is_set():
                    deliveries = await subscription.receive(10, RECEIVE_TIMEOUT)
                    if deliveries:
                        await self._park(deliveries)
                        await subscription.done(deliveries)
            except Exception as error:  # noqa: BLE001  # whatever it was, the messages are still in the queue
                log.warning(
                    "dead_queue.failed",
                    queue=self.queue,
                    error=str(error),
                    kind=type(error).__name__,
                )
                await pause(2.0, stop)
            finally:
                await subscription.close()

    async def _park(self, deliveries: Sequence[Delivery]) -> None:
        for each in deliveries:
            log.error(
                "event.parked",
                queue=self.queue,
                event_id=each.event_id,
                type=each.routing_key,
                reason="delivery_limit",
            )
        text = "the bus gave up after too many deliveries that ended without an answer"
        async with self.db.unit_of_work() as uow:
            letters = [
                Parked(
                    self.queue, d.event_id, d.routing_key, d.body, "delivery_limit", text, d.attempt
                )
                for d in deliveries
            ]
            await park(uow.session, letters, uow.now)


def consumer_loops(
    subscriptions: Subscriptions, bus: Bus, db: Database, *, batch_size: int
) -> list[Loop]:
    """A consumer and a dead-queue loop for every queue of the service."""
    loops: list[Loop] = []
    for queue in subscriptions.queues():
        processor = BatchProcessor(db, queue.name, subscriptions.handlers(queue.name))
        loops.append(ConsumerLoop(f"consume:{queue.name}", queue.name, bus, processor, batch_size))
        loops.append(DeadQueueLoop(f"dead:{queue.name}", queue.name, bus, db))
    return loops
