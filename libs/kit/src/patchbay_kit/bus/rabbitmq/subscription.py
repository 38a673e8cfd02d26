"""One consumer of one queue on RabbitMQ, restored after a lost channel, connection or queue."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from uuid import uuid4

import structlog
from aio_pika.abc import AbstractConnection

from patchbay_kit.bus.port import BusUnavailable, Delivery, PublishOutcome
from patchbay_kit.bus.rabbitmq.guard import lost_link_is_unavailable
from patchbay_kit.bus.rabbitmq.link import Link
from patchbay_kit.bus.rabbitmq.open_consumer import OpenConsumer
from patchbay_kit.bus.rabbitmq.publisher import Publisher, Wanted
from patchbay_kit.bus.rabbitmq.topology import retry_exchange

log = structlog.get_logger(__name__)

_TIMEOUT = 5.0


class RabbitSubscription:
    """See BusSubscription for the promises. `redeclare` brings a deleted queue back."""

    def __init__(
        self,
        queue: str,
        prefetch: int,
        *,
        link: Link,
        publisher: Publisher,
        redeclare: Callable[[AbstractConnection], Awaitable[None]],
        delay_steps: Sequence[float],
        on_close: Callable[["RabbitSubscription"], None],
    ) -> None:
        self.queue = queue
        self._prefetch = prefetch
        self._link = link
        self._publisher = publisher
        self._redeclare = redeclare
        self._delay_steps = delay_steps
        self._on_close = on_close
        self._wake = asyncio.Event()
        self._closed = False
        self._open: OpenConsumer | None = None
        self.failures = 0
        self._tag = f"{queue}-{uuid4()}"
        self._task = asyncio.create_task(self._run(), name=f"bus-consumer {queue}")

    @property
    def unacked(self) -> int:
        """What the broker waits for, from us."""
        return len(self._open.unacked) if self._open else 0

    async def receive(self, max_messages: int, timeout: float) -> Sequence[Delivery]:
        """What has arrived, at most `max_messages`; empty after `timeout` seconds or at the end."""
        if self._closed:
            raise BusUnavailable("the subscription is closed")
        deadline = asyncio.get_running_loop().time() + timeout
        while not self._closed:
            self._wake.clear()
            if self._open is not None and (waiting := self._open.waiting):
                return [waiting.popleft() for _ in range(min(max_messages, len(waiting)))]
            try:
                async with asyncio.timeout_at(deadline):
                    await self._wake.wait()
            except TimeoutError:
                break
        return []

    async def done(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge what this channel delivered; anything older comes again and is ignored."""
        consumer = self._open
        if consumer is None:
            return
        tags = {d.token.tag for d in deliveries if consumer.owns(d)}
        if not tags:
            return
        try:
            with lost_link_is_unavailable("acknowledging"):
                async with asyncio.timeout(_TIMEOUT):
                    await consumer.ack(tags)
        except BusUnavailable as error:
            # On a new channel they come again; on this one they would fill the prefetch for ever.
            log.warning("bus.ack_lost", queue=self.queue, error=str(error))
            consumer.ended.set()

    async def retry_later(self, delivery: Delivery, *, delay_step: int) -> None:
        """Publish it to the delay queue and only then acknowledge it."""
        if self._open is None or not self._open.owns(delivery):
            raise BusUnavailable("the channel was lost meanwhile; the message comes again")
        outcome = await self._publisher.publish_one(
            Wanted(
                exchange=retry_exchange(self._delay_steps[delay_step]),
                routing_key=self.queue,
                event_id=delivery.event_id,
                event_type=delivery.routing_key,
                body=delivery.body,
                attempt=delivery.attempt + 1,
            )
        )
        if outcome is not PublishOutcome.CONFIRMED:
            raise BusUnavailable(f"the delay queue did not take the message: {outcome}")
        await self.done([delivery])

    async def close(self) -> None:
        """Cancel the consumer and give the rest back, within seconds."""
        if self._closed:
            return
        self._closed = True
        self._wake.set()
        if self._open is not None:
            with suppress(BusUnavailable), lost_link_is_unavailable("closing"):
                async with asyncio.timeout(_TIMEOUT):
                    await self._give_back(self._open)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._on_close(self)

    async def _give_back(self, consumer: OpenConsumer) -> None:
        wire = await consumer.channel.get_underlay_channel()
        await wire.basic_cancel(self._tag, timeout=_TIMEOUT)
        await consumer.reject_all()

    async def _run(self) -> None:
        before: AbstractConnection | None = None
        while True:
            connection = await self._link.connection()
            try:
                # A new connection comes with everything declared; on the same one as before it
                # was the queue that went away.
                await self._consume(connection, redeclare=connection is before)
                log.warning("bus.consumer_lost", queue=self.queue)
            except BusUnavailable as error:
                self.failures += 1
                log.warning("bus.consumer_failed", queue=self.queue, error=str(error))
            before = connection
            await asyncio.sleep(random.uniform(0.1, 0.5))  # noqa: S311 - jitter

    async def _consume(self, connection: AbstractConnection, *, redeclare: bool) -> None:
        """Returns when the consumer ended without our asking."""
        consumer: OpenConsumer | None = None
        try:
            with lost_link_is_unavailable("consuming"):
                if redeclare:
                    await self._redeclare(connection)
                async with asyncio.timeout(_TIMEOUT):
                    consumer = await self._open_consumer(connection)
                self.failures = 0
                await consumer.ended.wait()
        finally:
            self._open = None
            if consumer is not None:
                consumer.forget()
                with suppress(BusUnavailable), lost_link_is_unavailable("closing"):
                    async with asyncio.timeout(_TIMEOUT):
                        await consumer.channel.close()

    async def _open_consumer(self, connection: AbstractConnection) -> OpenConsumer:
        channel = await connection.channel(on_return_raises=True)
        await channel.set_qos(prefetch_count=self._prefetch)
        wire = await channel.get_underlay_channel()
        consumer = OpenConsumer(channel, self.queue, self._wake)
        wire.on_consumer_cancel_callbacks.add(lambda _: consumer.ended.set())
        wire.closing.add_done_callback(lambda _: consumer.ended.set())
        self._open = consumer
        await wire.basic_consume(self.queue, consumer.keep, consumer_tag=self._tag)
        return consumer
