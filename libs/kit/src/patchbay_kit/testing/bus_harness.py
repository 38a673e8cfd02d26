"""What tests of a bus share: a small topology, a maker of buses, and short words for traffic."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence

from patchbay_contracts import QueueSpec
from patchbay_kit.bus import (
    Bus,
    BusSubscription,
    Delivery,
    OutgoingMessage,
    PublishOutcome,
    QueueDepth,
)
from patchbay_kit.ids import new_id

OPENED, CLOSED = "ticket.opened", "ticket.closed"
BILLING, SEARCH, AUDIT = "billing.events", "search.events", "audit.events"
TOPOLOGY = (
    QueueSpec(BILLING, "billing", (OPENED, CLOSED)),
    QueueSpec(SEARCH, "search", (OPENED,)),
    QueueSpec(AUDIT, "audit", ("audit.#",)),
)
DELAY_STEPS = (0.4, 1.5)
DELIVERY_LIMIT = 2
CONFIRMED = PublishOutcome.CONFIRMED


class BusHarness(ABC):
    """Makes buses that share one broker or file; every bus is stopped at the end of the test."""

    def __init__(self) -> None:
        self._made: list[Bus] = []

    @abstractmethod
    def build(self) -> Bus:
        """A bus that is not started, with TOPOLOGY, DELAY_STEPS and DELIVERY_LIMIT."""

    @abstractmethod
    async def crash(self, bus: Bus) -> None:
        """End it as a crash of its process would: nothing is settled, nothing handed back."""

    async def start_bus(self) -> Bus:
        """A started bus."""
        bus = self.build()
        self._made.append(bus)
        await bus.start()
        return bus

    async def close(self) -> None:
        """Stop what was made."""
        for bus in self._made:
            await bus.stop()


def message(
    routing_key: str = OPENED,
    body: bytes = b"{}",
    *,
    queue: str | None = None,
    mandatory: bool = True,
    event_id: str | None = None,
) -> OutgoingMessage:
    """A message with an id of its own."""
    return OutgoingMessage(event_id or new_id(), routing_key, body, queue, mandatory)


async def send(bus: Bus, count: int, routing_key: str = CLOSED) -> list[str]:
    """Publish that many and return their ids; all have to be confirmed."""
    messages = [message(routing_key) for _ in range(count)]
    assert set(await bus.publish(messages)) == {CONFIRMED}
    return [m.event_id for m in messages]


async def take(subscription: BusSubscription, count: int, *, timeout: float = 15) -> list[Delivery]:
    """Exactly that many deliveries, unsettled."""
    taken: list[Delivery] = []
    deadline = time.monotonic() + timeout
    while len(taken) < count:
        assert time.monotonic() < deadline, f"only {len(taken)} of {count} messages came"
        taken += await subscription.receive(count - len(taken), 0.5)
    return taken


async def nothing_comes(subscription: BusSubscription, *, within: float = 0.3) -> bool:
    """True if the time passes without a delivery."""
    return list(await subscription.receive(10, within)) == []


async def depth_becomes(bus: Bus, wanted: QueueDepth) -> None:
    """Wait until the bus counts that."""
    deadline = time.monotonic() + 15
    while (depth := await bus.depth(wanted.queue)) != wanted:
        assert time.monotonic() < deadline, f"{depth} did not become {wanted}"
        await asyncio.sleep(0.02)


def ids(deliveries: Sequence[Delivery]) -> list[str]:
    """Event ids in the order of delivery."""
    return [d.event_id for d in deliveries]
