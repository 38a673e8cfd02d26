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
from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import EventKind, consumers_of, registered
from patchbay_kit.bus import Bus, OutgoingMessage, PublishOutcome
from patchbay_kit.db import Database, insert_many, key_in
from patchbay_kit.db.driver import run_sql
from patchbay_kit.db.tables import outbox
from patchbay_kit.workers.lifecycle import pause, setting

log = structlog.get_logger(__name__)

CLAIM = 500
# Rows are claimed up to this size, the last one being over it: memory holds them several times.
CLAIM_BYTES = 8 * 1024 * 1024
MAX_DELAY = 60.0
AWAY_PAUSE = 0.5
MAX_AWAY_PAUSE = 5.0


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
        async with setting(self.wake, when=stop):
            self.wake.set()
            in_vain = 0
            while not stop.is_set():
                if not await self._turn() or stop.is_set():
                    continue
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
                in_vain = in_vain + 1 if failed and not sent else 0
                if in_vain:
                    # Longer and longer: with the bus away for hours each claim is work for nothing.
                    await pause(min(MAX_AWAY_PAUSE, AWAY_PAUSE * 2 ** min(in_vain - 1, 10)), stop)
                if failed:
                    self.wake.set()

    async def _turn(self) -> bool:
        """Wait for the wake-up or the next poll. False where another relay took the wake-up: what
        was committed before it is in one claim.
        """
        try:
            async with asyncio.timeout(self.poll_interval):
                await self.wake.wait()
        except TimeoutError:
            return True
        return self.wake.is_set()

    async def relay_once(self) -> tuple[int, int]:
        """Publish one claim of rows; returns how many were confirmed and how many were not."""
        if self.db.is_postgres:
            return await self._relay_locked()
        async with self._lock:
            async with self.db.read() as session:
                rows = await _due(session, self.db)
            if not rows:
                return 0, 0
            outcomes = await self._publish(rows)
            async with self.db.unit_of_work() as uow:
                return await _settle(uow.session, rows, outcomes, self.db)

    async def _relay_locked(self) -> tuple[int, int]:
        """The rows are deleted first, in a transaction that commits after the confirms: whoever
        dies in between has deleted nothing, and nobody else sees the rows meanwhile.
        """
        try:
            async with self.db.unit_of_work() as uow:
                rows = (await run_sql(uow.session, _TAKE, self.db.clock())).all()
                if not rows:
                    return 0, 0
                rows = sorted(rows, key=lambda row: row.seq)
                outcomes = await self._publish(rows)
                if all(outcome is PublishOutcome.UNKNOWN for outcome in outcomes):
                    raise _BusAwayError(len(rows))
                return await _put_back(uow.session, rows, outcomes, self.db)
        except _BusAwayError as away:
            return 0, away.rows

    async def _publish(self, rows: Sequence[Row[Any]]) -> list[PublishOutcome]:
        messages = [_message(row) for row in rows]
        if len(rows) >= CLAIM or sum(len(each.body) for each in messages) >= CLAIM_BYTES:
            # There may be more, which need not wait for the confirms of these.
            self.wake.set()
        return await self.bus.publish(messages)


class _BusAwayError(Exception):
    """Nothing was confirmed: the rows are left as they were."""

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self.rows = rows


# Where a crash of the server takes the deletion back the rows are published again, as after any
# crash: so the commit need not wait for the disk.
_TAKE = f"""SELECT seq, id, type, aggregateid, payload, queue, attempts, created_at, next_attempt_at
FROM outbox_claim($1, {CLAIM}, {CLAIM_BYTES}),
    (SELECT set_config('synchronous_commit', 'off', true)) AS quick"""  # noqa: S608  # the limits are ours


async def _due(session: AsyncSession, db: Database) -> Sequence[Row[Any]]:
    first = (
        select(outbox.c.seq, func.length(outbox.c.payload).label("size"))
        .where(outbox.c.next_attempt_at <= db.clock())
        .order_by(outbox.c.seq)
        .limit(CLAIM)
        .subquery()
    )
    before = func.sum(first.c.size).over(order_by=first.c.seq) - first.c.size
    counted = select(first.c.seq, before.label("before")).subquery()
    claimed = select(counted.c.seq).where(counted.c.before < CLAIM_BYTES)
    statement = select(outbox).where(outbox.c.seq.in_(claimed)).order_by(outbox.c.seq)
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
    """Delete what was confirmed and put the rest off."""
    confirmed, failed = _sorted_out(rows, outcomes)
    if confirmed:
        keys = [row.seq for row in confirmed]
        await session.execute(delete(outbox).where(key_in(session, [outbox.c.seq], keys)))
    for row, outcome in failed:
        if values := _put_off(row, outcome, db):
            await session.execute(update(outbox).where(outbox.c.seq == row.seq).values(values))
    return len(confirmed), len(failed)


async def _put_back(
    session: AsyncSession,
    rows: Sequence[Row[Any]],
    outcomes: Sequence[PublishOutcome],
    db: Database,
) -> tuple[int, int]:
    """Insert again, in their place, what was taken and not confirmed."""
    confirmed, failed = _sorted_out(rows, outcomes)
    again = [{**row._mapping, **_put_off(row, outcome, db)} for row, outcome in failed]
    await insert_many(session, outbox, again)
    return len(confirmed), len(failed)


def _sorted_out(
    rows: Sequence[Row[Any]], outcomes: Sequence[PublishOutcome]
) -> tuple[list[Row[Any]], list[tuple[Row[Any], PublishOutcome]]]:
    """The rows that were confirmed, and the others with what became of them."""
    pairs = list(zip(rows, outcomes, strict=True))
    confirmed = [row for row, outcome in pairs if outcome is PublishOutcome.CONFIRMED]
    return confirmed, [pair for pair in pairs if pair[1] is not PublishOutcome.CONFIRMED]


def _put_off(row: Row[Any], outcome: PublishOutcome, db: Database) -> dict[str, Any]:
    """The columns that change. Where the bus is away it is no fault of the row, which keeps its
    turn.
    """
    if outcome is PublishOutcome.UNKNOWN:
        return {}
    delay = min(MAX_DELAY, 0.5 * 2 ** min(row.attempts, 10))
    log.warning(
        "relay.not_taken",
        event_id=row.id,
        type=row.type,
        outcome=outcome,
        attempts=row.attempts + 1,
    )
    return {
        "attempts": row.attempts + 1,
        "next_attempt_at": db.clock() + timedelta(seconds=delay),
    }
