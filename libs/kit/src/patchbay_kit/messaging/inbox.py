"""The consumer's inbox:

(consumer, event id) is written in the transaction of the effect, so a redelivery has none.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import insert_many
from patchbay_kit.db.tables import inbox


async def claim_new(
    session: AsyncSession, consumer: str, event_ids: Sequence[str], now: datetime
) -> set[str]:
    """Write inbox rows; returns the ids that were not there before.

    Waits for a transaction that is claiming the same id.
    """
    # Sorted, so that two workers that got the same events lock them in the same order.
    rows = [
        {"consumer": consumer, "event_id": event_id, "received_at": now}
        for event_id in sorted(set(event_ids))
    ]
    new = await insert_many(
        session, inbox, rows, ignore_conflicts=True, returning=[inbox.c.event_id]
    )
    return {row.event_id for row in new}
