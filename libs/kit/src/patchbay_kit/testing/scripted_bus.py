"""A bus in memory that keeps the port's promises and has exactly the trouble a test writes down."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from contextlib import suppress

from patchbay_kit.bus import (
    BusHealth,
    BusSubscription,
    BusUnavailable,
    Delivery,
    OutgoingMessage,
    PublishOutcome,
    QueueDepth,
)


class ScriptedBus:
    """`trouble["publish"]` and so on are raised in turn, one a call, after the call took effect for
    `publish` (as a connection that breaks before the answer) and before it for all others.

    `outcomes` are answered in turn, one a message; then everything is CONFIRMED.
    """

    def __init__(self) -> None:
        self.waiting: dict[str, deque[Delivery]] = defaultdict(deque)
        self.trouble: dict[str, deque[BaseException]] = defaultdict(deque)
        self.outcomes: deque[PublishOutcome] = deque()
        self.published: list[OutgoingMessage] = []
        self.settled: list[Delivery] = []
        self.delayed: list[tuple[Delivery, int]] = []
        self.subscriptions: list[ScriptedSubscription] = []
        self.arrived = asyncio.Event()

    def put(self, queue: str, deliveries: Iterable[Delivery]) -> None:
        """Messages for whoever subscribes."""
        self.waiting[queue].extend(deliveries)
        self.arrived.set()

    def raise_trouble(self, call: str) -> None:
        """The next thing that goes wrong there, if any."""
        if self.trouble[call]:
            raise self.trouble[call].popleft()

    async def start(self) -> None:
        self.raise_trouble("start")

    async def publish(self, messages: Sequence[OutgoingMessage]) -> list[PublishOutcome]:
        self.published.extend(messages)
        await asyncio.sleep(0)
        self.raise_trouble("publish")
        confirmed = PublishOutcome.CONFIRMED
        return [self.outcomes.popleft() if self.outcomes else confirmed for _ in messages]

    async def subscribe(self, queue: str, *, prefetch: int) -> BusSubscription:
        self.raise_trouble("subscribe")
        subscription = ScriptedSubscription(self, queue, prefetch)
        self.subscriptions.append(subscription)
        return subscription

    async def depth(self, queue: str) -> QueueDepth:
        return QueueDepth(queue, len(self.waiting[queue]), 0, 0)

    def health(self) -> BusHealth:
        return BusHealth(connected=True)

    async def stop(self) -> None:
        self.raise_trouble("stop")


class ScriptedSubscription:
    """See BusSubscription."""

    def __init__(self, bus: ScriptedBus, queue: str, prefetch: int) -> None:
        self._bus = bus
        self._queue = queue
        self._prefetch = prefetch
        self._held: list[Delivery] = []
        self.closed = False

    async def receive(self, max_messages: int, timeout: float) -> Sequence[Delivery]:
        self._bus.raise_trouble("receive")
        waiting = self._bus.waiting[self._queue]
        if not waiting:
            self._bus.arrived.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._bus.arrived.wait()
        room = min(max_messages, self._prefetch - len(self._held), len(waiting))
        taken = [waiting.popleft() for _ in range(room)]
        self._held += taken
        return taken

    async def done(self, deliveries: Sequence[Delivery]) -> None:
        self._bus.raise_trouble("done")
        self._forget(deliveries)
        self._bus.settled.extend(deliveries)

    async def retry_later(self, delivery: Delivery, *, delay_step: int) -> None:
        self._bus.raise_trouble("retry_later")
        self._forget([delivery])
        self._bus.delayed.append((delivery, delay_step))

    async def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._bus.waiting[self._queue].extendleft(reversed(self._held))
            self._held = []

    def _forget(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            if self.closed or delivery not in self._held:
                raise BusUnavailable("handed back meanwhile")
            self._held.remove(delivery)
