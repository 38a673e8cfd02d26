"""Exchanges and queues as the broker has to know them; accepted alike by RabbitMQ 3.10 and 4.3.

Every queue is a quorum queue with an explicit delivery limit and dead letters that cannot be lost
on the way. Delays are queues with a time to live that return to the queue named by routing key.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelPreconditionFailed

from patchbay_kit.bus.port import Topology, dead_letter_queue
from patchbay_kit.bus.rabbitmq.guard import lost_link_is_unavailable

log = structlog.get_logger(__name__)

DEAD_LETTER_EXCHANGE = "patchbay.dlx"
_TIMEOUT = 15.0
_PARALLEL = 4
# RabbitMQ 4 drops a message after 20 failed deliveries where there is no limit and no dead-letter
# exchange; 3.10 knows no value for "unlimited".
_NO_LIMIT = 1_000_000_000
_SAFE = {
    "x-queue-type": "quorum",
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
}


def retry_exchange(seconds: float) -> str:
    """The fanout exchange, and the queue, of one delay step."""
    return f"patchbay.retry.{seconds:g}s"


@dataclass(frozen=True, slots=True)
class _Queue:
    name: str
    arguments: dict[str, Any]
    bindings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class BrokerTopology:
    """All that has to exist before the first publish."""

    topology: Topology
    exchange: str
    delay_steps: Sequence[float]
    delivery_limit: int

    async def declare(self, connection: AbstractConnection) -> None:
        """Declare everything, on channels of its own that end with it. Repeating it is harmless."""
        async with asyncio.timeout(_TIMEOUT):
            channel = await connection.channel(on_return_raises=True)
            await self._declare_exchanges(channel)
            await channel.close()
        queues = [*self._delays(), *self._dead_letters(), *self._consumed()]
        shares = [queues[i::_PARALLEL] for i in range(_PARALLEL)]
        # A queue is made in tens of milliseconds; one by one a first start would take seconds.
        # No TaskGroup: it takes a CancelledError of aio-pika for a task that ended well.
        await asyncio.gather(*(_declare_share(connection, share) for share in shares))

    async def _declare_exchanges(self, channel: AbstractChannel) -> None:
        await channel.declare_exchange(self.exchange, ExchangeType.TOPIC, durable=True)
        await channel.declare_exchange(DEAD_LETTER_EXCHANGE, ExchangeType.DIRECT, durable=True)
        for seconds in self.delay_steps:
            await channel.declare_exchange(
                retry_exchange(seconds), ExchangeType.FANOUT, durable=True
            )

    def _delays(self) -> list[_Queue]:
        return [
            _Queue(
                name=retry_exchange(seconds),
                arguments={
                    **_SAFE,
                    "x-message-ttl": int(seconds * 1000),
                    "x-dead-letter-exchange": "",
                },
                bindings=((retry_exchange(seconds), ""),),
            )
            for seconds in self.delay_steps
        ]

    def _dead_letters(self) -> list[_Queue]:
        return [
            _Queue(
                name=dead_letter_queue(queue.name),
                arguments={"x-queue-type": "quorum", "x-delivery-limit": _NO_LIMIT},
                bindings=((DEAD_LETTER_EXCHANGE, queue.name),),
            )
            for queue in self.topology
        ]

    def _consumed(self) -> list[_Queue]:
        return [
            _Queue(
                name=queue.name,
                arguments={
                    **_SAFE,
                    "x-delivery-limit": self.delivery_limit,
                    "x-dead-letter-exchange": DEAD_LETTER_EXCHANGE,
                    "x-dead-letter-routing-key": queue.name,
                },
                bindings=tuple((self.exchange, key) for key in queue.routing_keys),
            )
            for queue in self.topology
        ]


async def _declare_share(connection: AbstractConnection, queues: Sequence[_Queue]) -> None:
    with lost_link_is_unavailable("declaring queues"):
        channel: AbstractChannel | None = None
        for queue in queues:
            async with asyncio.timeout(_TIMEOUT):
                channel = channel or await connection.channel(on_return_raises=True)
                if not await _declare_queue(channel, queue):
                    channel = await connection.channel(on_return_raises=True)
                wire = await channel.get_underlay_channel()
                for exchange, key in queue.bindings:
                    await wire.queue_bind(queue.name, exchange, routing_key=key)
        if channel is not None:
            async with asyncio.timeout(_TIMEOUT):
                await channel.close()


async def _declare_queue(channel: AbstractChannel, queue: _Queue) -> bool:
    """False if it exists with other arguments: kept as it is, because it may hold messages."""
    try:
        await channel.declare_queue(queue.name, durable=True, arguments=queue.arguments)
    except ChannelPreconditionFailed as error:
        log.warning("bus.queue_differs", queue=queue.name, error=str(error))
        return False
    return True
