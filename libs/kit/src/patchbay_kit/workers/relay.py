"""The relay: from the outbox to the bus.

Promise: a row leaves the outbox only after the bus confirmed it; a crash between the two publishes
it again (consumers dedupe). Several relays may run: on PostgreSQL each claims its own rows; SQLite
has one process by nature.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import EventKind, consumers_of, registered
from patchbay_kit.bus import Bus, OutgoingMessage, PublishOutcome
from patchbay_kit.db import Database, key_in
from patchbay_kit.db.tables import outbox
from patchbay_kit.workers.lifecycle import pause

log = structlog.get_logger(__name__)

CLAIM = 500
MAX_DELAY = 60.0
BUS_AWAY_PAUSE = 0.5


@dataclass
class RelayLoop:
    """Sends until the outbox is empty, then waits for `wake` or `poll_interval` seconds."""

    db: Database
    bus: Bus
    wake: asyncio.Event
    name: str = "relay"
    poll_interval: float = 1.0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self.wake.clear()
            try:
                sent, failed = await self.relay_once()
            except asyncio.CancelledError:
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise
                sent, failed = 0, 1
            except Exception as error:  # noqa: BLE001  # the relay outlives any failure; the rows are still there
                log.warning("relay.failed", error=str(error), kind=type(error).__name__)
                sent, failed = 0, 1
            if failed and not sent:
                await pause(BUS_AWAY_PAUSE, stop)
            elif not sent:
                await pause(self.poll_interval, stop, self.wake)

    async def relay_once(self) -> tuple[int, int]:
        """Publish one claim of rows; returns how many were confirmed and how many were not."""
        if self.db.is_postgres:
            async with self.db.unit_of_work() as uow:
                rows = await _due(uow.session, self.db, lock=True)
                return await self._publish(uow.session, rows) if rows else (0, 0)
        async with self._lock:
            async with self.db.read() as session:
                rows = await _due(session, self.db, lock=False)
            if not rows:
                return 0, 0
            outcomes = await self.bus.publish([_message(row) for row in rows])
            async with self.db.unit_of_work() as uow:
                return await _settle(uow.session, rows, outcomes, self.db)

    async def _publish(self, session: AsyncSession, rows: Sequence[Row[Any]]) -> tuple[int, int]:
        outcomes = await self.bus.publish([_message(row) for row in rows])
        return await _settle(session, rows, outcomes, self.db)


async def _due(session: AsyncSession, db: Database, *, lock: bool) -> Sequence[Row[Any]]:
    statement = (
        select(
            outbox.c.seq,
            outbox.c.id,
            outbox.c.type,
            outbox.c.payload,
            outbox.c.queue,
            outbox.c.attempts,
        )
        .where(outbox.c.next_attempt_at <= db.clock())
        .order_by(outbox.c.seq)
        .limit(CLAIM)
    )
    if lock:
        statement = statement.with_for_update(skip_locked=True)
    return (await session.execute(statement)).all()


def _message(row: Row[Any]) -> OutgoingMessage:
    event = registered().get(row.type)
    wanted = bool(consumers_of(row.type)) or (
        event is not None and event.event_kind is EventKind.REQUEST
    )
    return OutgoingMessage(
        row.id,
        row.type,
        row.payload.encode(),
        queue=row.queue,
        mandatory=row.queue is not None or wanted,
    )


async def _settle(
    session: AsyncSession,
    rows: Sequence[Row[Any]],
    outcomes: Sequence[PublishOutcome],
    db: Database,
) -> tuple[int, int]:
    confirmed = [
        row.seq
        for row, outcome in zip(rows, outcomes, strict=True)
        if outcome is PublishOutcome.CONFIRMED
    ]
    if confirmed:
        await session.execute(delete(outbox).where(key_in(session, [outbox.c.seq], confirmed)))
    failed = [
        (row, outcome)
        for row, outcome in zip(rows, outcomes, strict=True)
        if outcome is not PublishOutcome.CONFIRMED
    ]
    for row, outcome in failed:
        if outcome is PublishOutcome.UNKNOWN:
            continue  # The bus is away: no fault of the row, so it keeps its turn.
        delay = min(MAX_DELAY, 0.5 * 2 ** min(row.attempts, 10))
        log.warning(
            "relay.not_taken",
            event_id=row.id,
            type=row.type,
            outcome=outcome,
            attempts=row.attempts + 1,
        )
        values = {
            "attempts": row.attempts + 1,
            "next_attempt_at": db.clock() + timedelta(seconds=delay),
        }
        await session.execute(update(outbox).where(outbox.c.seq == row.seq).values(values))
    return len(confirmed), len(failed)
