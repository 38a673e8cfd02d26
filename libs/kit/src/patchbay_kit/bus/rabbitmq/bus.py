"""The RabbitMQ adapter of the bus port: two connections, confirms, quorum queues.

At least once: CONFIRMED means that a majority of the queue's replicas has the message on disk.
Runs the same on RabbitMQ 3.10 and 4.3.
"""

import asyncio
from collections.abc import Sequence

from patchbay_contracts.topology import EXCHANGE
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
from patchbay_kit.bus.rabbitmq.guard import lost_link_is_unavailable
from patchbay_kit.bus.rabbitmq.link import Link
from patchbay_kit.bus.rabbitmq.publisher import Publisher
from patchbay_kit.bus.rabbitmq.subscription import RabbitSubscription
from patchbay_kit.bus.rabbitmq.topology import BrokerTopology
from patchbay_kit.bus.routing import Router

_DEPTH_TIMEOUT = 5.0


class RabbitBus:
    """`service` names the connections. Times in seconds.

    Publishing and consuming have a connection each: an alarm of the broker blocks the whole
    connection that publishes, and consuming is what makes room again.
    """

    def __init__(
        self,
        url: str,
        topology: Topology,
        *,
        service: str,
        exchange: str = EXCHANGE,
        delay_steps: Sequence[float] = DELAY_STEPS,
        delivery_limit: int = DELIVERY_LIMIT,
        publish_timeout: float = 5.0,
        connect_timeout: float = 15.0,
    ) -> None:
        self._url = url
        self._service = service
        self._exchange = exchange
        self._router = Router(topology)
        self._topology = BrokerTopology(topology, exchange, tuple(delay_steps), delivery_limit)
        self._publish_timeout = publish_timeout
        self._connect_timeout = connect_timeout
        self._publisher: Publisher | None = None
        self._link: Link | None = None
        self._subscriptions: set[RabbitSubscription] = set()

    async def start(self) -> None:
        """Connect both ways and declare the topology; BusUnavailable after `connect_timeout`."""
        if self._publisher is not None:
            return
        declare = self._topology.declare
        self._publisher = publisher = Publisher(
            self._url,
            f"{self._service}:publish",
            self._exchange,
            declare,
            publish_timeout=self._publish_timeout,
            connect_timeout=self._connect_timeout,
        )
        self._link = link = Link(
            self._url, f"{self._service}:consume", declare, connect_timeout=self._connect_timeout
        )
        try:
            async with asyncio.timeout(self._connect_timeout):
                publisher.link.start()
                await publisher.link.connection()
                link.start()
                await link.connection()
        except TimeoutError:
            detail = publisher.link.detail or link.detail
            await self.stop()
            raise BusUnavailable(f"the broker cannot be used: {detail}") from None
        except BaseException:
            await self.stop()
            raise

    async def publish(self, messages: Sequence[OutgoingMessage]) -> list[PublishOutcome]:
        """Publish all, confirms in flight together; UNKNOWN while there is no connection."""
        if self._publisher is None:
            return [PublishOutcome.UNKNOWN] * len(messages)
        return await self._publisher.publish(messages)

    async def subscribe(self, queue: str, *, prefetch: int) -> BusSubscription:
        """Consume one queue from now on, also over reconnects; ValueError if nobody declared it."""
        self._router.require(queue)
        if self._link is None or self._publisher is None:
            raise BusUnavailable("the bus is not started")
        subscription = RabbitSubscription(
            queue,
            prefetch,
            link=self._link,
            publisher=self._publisher,
            redeclare=self._topology.declare,
            delay_steps=self._topology.delay_steps,
            on_close=self._subscriptions.discard,
        )
        self._subscriptions.add(subscription)
        return subscription

    async def depth(self, queue: str) -> QueueDepth:
        """Counts of now. The broker tells AMQP clients no `unacked`: it is that of this process."""
        self._router.require(queue)
        if self._link is None or not self._link.is_up:
            raise BusUnavailable("the bus is not connected")
        with lost_link_is_unavailable("counting"):
            async with asyncio.timeout(_DEPTH_TIMEOUT):
                connection = await self._link.connection()
                async with connection.channel(on_return_raises=True) as channel:
                    wire = await channel.get_underlay_channel()
                    # On a plain channel this asks the broker; a robust one answers from memory.
                    held = await wire.queue_declare(queue, passive=True)
                    dead = await wire.queue_declare(dead_letter_queue(queue), passive=True)
        unacked = sum(s.unacked for s in self._subscriptions if s.queue == queue)
        return QueueDepth(
            queue, ready=held.message_count or 0, unacked=unacked, dead=dead.message_count or 0
        )

    def health(self) -> BusHealth:
        """`blocked` during an alarm of the broker, and after a publish nobody confirmed in time.

        `detail` also names the queues whose consumers cannot start although there is a connection.
        """
        if self._publisher is None or self._link is None:
            return BusHealth(connected=False, detail="the bus is not started")
        links = (self._publisher.link, self._link)
        if not all(link.is_up for link in links):
            return BusHealth(connected=False, detail="; ".join(k.detail for k in links if k.detail))
        if self._publisher.link.is_blocked:
            return BusHealth(connected=True, blocked=True, detail="the broker has an alarm")
        if self._publisher.stalled:
            return BusHealth(connected=True, blocked=True, detail="the broker does not confirm")
        silent = sorted({s.queue for s in self._subscriptions if s.failures > 1})
        return BusHealth(connected=True, detail=f"cannot consume {silent}" if silent else "")

    async def stop(self) -> None:
        """Give back what is not settled and disconnect, within seconds."""
        await asyncio.gather(*(s.close() for s in list(self._subscriptions)))
        publisher, self._publisher = self._publisher, None
        link, self._link = self._link, None
        await asyncio.gather(*(k.stop() for k in (link, publisher and publisher.link) if k))
