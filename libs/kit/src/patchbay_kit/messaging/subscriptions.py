"""One table per service lists everything it consumes; queues and topology follow from it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from patchbay_contracts import Envelope, EventData, QueueSpec
from patchbay_kit.db import UnitOfWork
from patchbay_kit.messaging.context import handling

# A handler gets the new events of one type of a batch. It only touches the database; it may be
# run again with a subset.
Handler = Callable[[UnitOfWork, Sequence[Envelope[Any]]], Awaitable[None]]
OneHandler = Callable[[UnitOfWork, Envelope[Any]], Awaitable[None]]


def each(handler: OneHandler) -> Handler:
    """A batch handler that calls `handler` for each event in turn, in one transaction.

    Log lines and events of `handler` belong to the chain of the event.
    """

    async def handle(uow: UnitOfWork, events: Sequence[Envelope[Any]]) -> None:
        for event in events:
            with handling(event):
                await handler(uow, event)

    return handle


@dataclass(frozen=True, slots=True)
class Subscription:
    """`role` names the queue:

    `<service>.<role>`. One role's events share a queue and scale together.
    """

    event: type[EventData]
    handler: Handler
    role: str


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Everything one service consumes."""

    service: str
    rows: tuple[Subscription, ...]

    def queues(self) -> tuple[QueueSpec, ...]:
        """The service's queues with their routing keys, in order of first mention."""
        keys: dict[str, list[str]] = {}
        for row in self.rows:
            keys.setdefault(row.role, []).append(row.event.event_type)
        return tuple(
            QueueSpec(f"{self.service}.{role}", self.service, tuple(types))
            for role, types in keys.items()
        )

    def handlers(self, queue: str) -> dict[str, Handler]:
        """Handler by event type for one queue."""
        return {
            row.event.event_type: row.handler
            for row in self.rows
            if f"{self.service}.{row.role}" == queue
        }
