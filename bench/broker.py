"""The benchmark's own ends of the broker: filling a queue, and timing what comes out."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

PUBLISH_WINDOW = 500


async def fill(channel: AbstractChannel, exchange: str, key: str, bodies: Sequence[bytes]) -> None:
    """Publish all, persistent and confirmed."""
    target = await channel.get_exchange(exchange, ensure=False)
    for start in range(0, len(bodies), PUBLISH_WINDOW):
        await asyncio.gather(
            *(
                target.publish(
                    aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT),
                    routing_key=key,
                    timeout=30,
                )
                for body in bodies[start : start + PUBLISH_WINDOW]
            )
        )


@dataclass
class Arrivals:
    """Counts what arrives in a queue of its own, with the time of each arrival."""

    expected: int
    times: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    keep_bodies: bool = False
    first: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, message: AbstractIncomingMessage) -> None:
        self.times.append(time.perf_counter())
        self.first.set()
        if self.keep_bodies:
            self.bodies.append(message.body)
        if len(self.times) >= self.expected:
            self.done.set()

    @property
    def rate(self) -> float:
        """Events per second between the first and the last arrival."""
        return (len(self.times) - 1) / (self.times[-1] - self.times[0])


async def listen(channel: AbstractChannel, exchange: str, key: str, arrivals: Arrivals) -> None:
    """Bind a queue of our own and let `arrivals` take from it."""
    queue = await channel.declare_queue(exclusive=True)
    await queue.bind(exchange, key)
    await channel.set_qos(2000)

    async def take(message: AbstractIncomingMessage) -> None:
        arrivals.take(message)

    await queue.consume(take, no_ack=True)
