"""Housekeeping: old inbox rows and idempotency keys go after their time, in small steps."""

from datetime import timedelta
from typing import Any

from sqlalchemy import CursorResult, Table, delete, select, tuple_

from patchbay_kit.db import Database, UnitOfWork
from patchbay_kit.db.tables import idempotency_key, inbox
from patchbay_kit.workers.lifecycle import PeriodicLoop

INBOX_DAYS = 30
IDEMPOTENCY_HOURS = 48
# Rows a step: after months without a worker there are millions, and others want to write too.
STEP = 2000


def prune_loop(db: Database) -> PeriodicLoop:
    """Once an hour. The bus keeps no message as long as the inbox keeps its id."""

    async def step() -> bool:
        async with db.unit_of_work() as uow:
            received = inbox.c.received_at < uow.now - timedelta(days=INBOX_DAYS)
            used = idempotency_key.c.created_at < uow.now - timedelta(hours=IDEMPOTENCY_HOURS)
            gone = [await _delete(uow, inbox, received), await _delete(uow, idempotency_key, used)]
        return max(gone) == STEP

    return PeriodicLoop("prune", step, interval=3600.0)


async def _delete(uow: UnitOfWork, table: Table, condition: Any) -> int:
    key = tuple_(*table.primary_key.columns)
    old = select(*table.primary_key.columns).where(condition).limit(STEP)
    result: CursorResult[Any] = await uow.session.execute(delete(table).where(key.in_(old)))  # type: ignore[assignment]
    return result.rowcount
