"""A consumer whose effect can be counted: a row for each handled event, and plans for trouble."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from sqlalchemy import Column, Integer, MetaData, Row, String, Table, select

from patchbay_contracts import AccountRenamed, Envelope, QueueSpec
from patchbay_kit.bus import Delivery
from patchbay_kit.db import BigIntType, Database, UnitOfWork
from patchbay_kit.db.tables import dead_letter, inbox
from patchbay_kit.db.tables import metadata as kit_metadata
from patchbay_kit.messaging import Subscription, Subscriptions, each
from patchbay_kit.testing.harness import make_envelope
from patchbay_kit.workers.processing import BatchProcessor

TYPE = AccountRenamed.event_type
QUEUE = "desk-svc.names"
TOPOLOGY = (QueueSpec(QUEUE, "desk-svc", (TYPE,)),)

# Without a unique key on the event, so that an effect that happens twice is seen.
EFFECT = Table(
    "effect",
    MetaData(),
    Column("seq", BigIntType, primary_key=True, autoincrement=True),
    Column("event_id", String(64), nullable=False),
    Column("name", String(20), nullable=False),
    Column("rank", Integer, nullable=False),
)

Plan = Callable[[UnitOfWork, Envelope[AccountRenamed]], Awaitable[None]]


def renamed(name: str, *, event_id: str | None = None, **members: Any) -> Envelope[AccountRenamed]:
    """An event of the consumer's type."""
    data = AccountRenamed(account_id="a", name=name, auto_created=False)
    return make_envelope(data, subject="a", event_id=event_id, **members)


def body_of(event: Envelope[Any]) -> bytes:
    """The event as it travels."""
    return orjson.dumps(event.model_dump(mode="json", exclude_none=True))


def delivery(event: Envelope[Any] | str, *, attempt: int = 1) -> Delivery:
    """The event, or a fresh one of that name, as a bus hands it over."""
    event = renamed(event) if isinstance(event, str) else event
    return Delivery(event.id, event.type, body_of(event), attempt, QUEUE)


class CountingConsumer:
    """Handles `TYPE`: writes the effect first, then does what `plans` has for the event's name.

    `calls` are the names in the order of handling, rolled back or not.
    """

    def __init__(self, db: Database) -> None:
        self.db = db
        self.plans: dict[str, Plan] = {}
        self.calls: list[str] = []
        rows = (Subscription(AccountRenamed, each(self._handle), "names"),)
        self.subscriptions = Subscriptions("desk-svc", rows)
        self.processor = BatchProcessor(db, QUEUE, self.subscriptions.handlers(QUEUE))

    async def create_tables(self) -> None:
        """In an empty database."""
        async with self.db.unit_of_work() as uow:
            connection = await uow.session.connection()
            await connection.run_sync(kit_metadata.create_all)
            await connection.run_sync(EFFECT.metadata.create_all)

    def fail(self, name: str, error: Exception) -> None:
        """Let every handling of that name end with `error`, after its effect was written."""

        async def plan(_uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
            raise error

        self.plans[name] = plan

    async def names(self) -> list[str]:
        """Names of the effects, oldest first."""
        return [row.name for row in await self._all(select(EFFECT).order_by(EFFECT.c.seq))]

    async def effects(self) -> list[str]:
        """Event ids of the effects, oldest first."""
        return [row.event_id for row in await self._all(select(EFFECT).order_by(EFFECT.c.seq))]

    async def letters(self) -> Sequence[Row[Any]]:
        """The dead letters, oldest first."""
        return await self._all(select(dead_letter).order_by(dead_letter.c.id))

    async def inbox(self) -> set[str]:
        """Ids that the inbox knows."""
        return {row.event_id for row in await self._all(select(inbox))}

    async def _handle(self, uow: UnitOfWork, event: Envelope[AccountRenamed]) -> None:
        self.calls.append(event.data.name)
        row = {"event_id": event.id, "name": event.data.name[:20], "rank": 0}
        await uow.session.execute(EFFECT.insert(), row)
        if plan := self.plans.get(event.data.name):
            await plan(uow, event)

    async def _all(self, statement: Any) -> Sequence[Row[Any]]:
        async with self.db.read() as session:
            return (await session.execute(statement)).all()
