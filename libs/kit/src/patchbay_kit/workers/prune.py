"""Housekeeping: old inbox rows and idempotency keys go after their time, in small steps."""

from datetime import timedelta

from sqlalchemy import delete

from patchbay_kit.db import Database
from patchbay_kit.db.tables import idempotency_key, inbox
from patchbay_kit.workers.lifecycle import PeriodicLoop

INBOX_DAYS = 30
IDEMPOTENCY_HOURS = 48


def prune_loop(db: Database) -> PeriodicLoop:
    """Once an hour. The bus keeps no message as long as the inbox keeps its id."""

    async def step() -> bool:
        async with db.unit_of_work() as uow:
            await uow.session.execute(
                delete(inbox).where(inbox.c.received_at < uow.now - timedelta(days=INBOX_DAYS))
            )
            await uow.session.execute(
                delete(idempotency_key).where(
                    idempotency_key.c.created_at < uow.now - timedelta(hours=IDEMPOTENCY_HOURS)
                )
            )
        return False

    return PeriodicLoop("prune", step, interval=3600.0)
