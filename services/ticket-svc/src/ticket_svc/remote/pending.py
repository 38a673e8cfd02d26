"""Remote events that came before their ticket.

They are taken when the ticket is opened, and by a sweep: two transactions that run at once do not
see each other, so neither look alone would be enough.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, delete, select, tuple_

from patchbay_contracts import Envelope, decode
from patchbay_kit.db import UnitOfWork, insert_many
from ticket_svc.remote.tables import PendingRemoteEvent
from ticket_svc.tickets.tables import Ticket

_PENDING: Table = PendingRemoteEvent.__table__  # type: ignore[attr-defined]  # set by SQLModel
_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]

SWEEP = 200


async def keep_pending(uow: UnitOfWork, events: Sequence[Envelope[Any]]) -> None:
    """Keep the events until their ticket is there."""
    rows = [
        {
            "event_id": event.id,
            "event_type": event.type,
            "connection_id": event.data.remote.connection_id,
            "remote_ticket_id": event.data.remote.remote_ticket_id,
            "body": event.model_dump_json(exclude_none=True),
            "received_at": uow.now,
        }
        for event in events
    ]
    await insert_many(uow.session, _PENDING, rows, ignore_conflicts=True)


async def take_pending(uow: UnitOfWork, keys: Sequence[tuple[str, str]]) -> list[Envelope[Any]]:
    """Remove and return what waited for these remote tickets."""
    if not keys:
        return []
    remote = tuple_(_PENDING.c.connection_id, _PENDING.c.remote_ticket_id)
    taken = await uow.session.execute(
        delete(_PENDING).where(remote.in_(keys)).returning(_PENDING.c.event_type, _PENDING.c.body)
    )
    return [decode(row.event_type, row.body.encode()) for row in taken]


async def ready_keys(uow: UnitOfWork) -> list[tuple[str, str]]:
    """Remote tickets that have both a ticket and something waiting."""
    statement = (
        select(_PENDING.c.connection_id, _PENDING.c.remote_ticket_id)
        .join(
            _TICKET,
            (_TICKET.c.connection_id == _PENDING.c.connection_id)
            & (_TICKET.c.remote_ticket_id == _PENDING.c.remote_ticket_id),
        )
        .distinct()
        .limit(SWEEP)
    )
    return [(row[0], row[1]) for row in await uow.session.execute(statement)]
