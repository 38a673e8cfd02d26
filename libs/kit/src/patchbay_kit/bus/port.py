"""The bus port. Two adapters keep it: `rabbitmq` and `embedded`; one conformance suite proves both.

Promise: at least once. A message whose publication is CONFIRMED is in every queue that wants it and
survives a restart. UNKNOWN means that it may or may not be there: publish it again; consumers
dedupe by event id. Order is not promised.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from patchbay_contracts import QueueSpec

# Seconds until the next attempt, by number of attempts made; the steps are shared by all queues.
DELAY_STEPS: tuple[int, ...] = (5, 30, 120, 600, 3600)
# Deliveries that ended in a crash or a lost connection before the bus itself moves the message to
# the dead-letter queue.
DELIVERY_LIMIT = 20


class PublishOutcome(StrEnum):
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNROUTABLE = "unroutable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """`queue` sends to that one queue instead of everyone who wants `routing_key`.

    `mandatory`: no taker is an error (UNROUTABLE).
    """

    event_id: str
    routing_key: str
    body: bytes
    queue: str | None = None
    mandatory: bool = True


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message handed to a consumer.

    `attempt` counts from 1 and is ours; redelivery after a crash does not raise it.
    """

    event_id: str
    routing_key: str
    body: bytes
    attempt: int
    queue: str
    redelivered: bool = False
    token: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class BusHealth:
    """`connected` and not `blocked` (resource alarm of the broker) means that publishing works."""

    connected: bool
    blocked: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class QueueDepth:
    queue: str
    ready: int
    unacked: int
    dead: int


class BusSubscription(Protocol):
    """One consumer of one queue."""

    async def receive(self, max_messages: int, timeout: float) -> Sequence[Delivery]:
        """What is waiting, at most `max_messages`:

        returns as soon as there is one, never lingers for more, empty after `timeout` seconds.
        """
        ...

    async def done(self, deliveries: Sequence[Delivery]) -> None:
        """Settle for good.

        A delivery whose connection was lost meanwhile is ignored here: it comes again.
        """
        ...

    async def retry_later(self, delivery: Delivery, *, delay_step: int) -> None:
        """Come back to the same queue after DELAY_STEPS[delay_step] seconds with `attempt` + 1.

        Raises BusUnavailable if that cannot be promised.
        """
        ...

    async def close(self) -> None:
        """Stop receiving; everything not settled goes back to the queue."""
        ...


class Bus(Protocol):
    """Started once per process.

    Dead-lettered messages of a queue wait in the queue `<name>.dlq`, which can be subscribed to as
    well.
    """

    async def start(self) -> None:
        """Connect and declare `topology`; raises BusUnavailable after a bounded wait, and may be
        called again.
        """
        ...

    async def publish(self, messages: Sequence[OutgoingMessage]) -> list[PublishOutcome]:
        """Publish all, confirms in flight together; one outcome per message, never raises for a
        lost broker (UNKNOWN).
        """
        ...

    async def subscribe(self, queue: str, *, prefetch: int) -> BusSubscription: ...

    async def depth(self, queue: str) -> QueueDepth: ...

    def health(self) -> BusHealth: ...

    async def stop(self) -> None: ...


class BusUnavailable(Exception):  # noqa: N818  # a state of the world, not a mistake
    """The bus cannot be reached now."""


def dead_letter_queue(queue: str) -> str:
    """The name of the queue's dead-letter queue."""
    return f"{queue}.dlq"


Topology = Sequence[QueueSpec]
