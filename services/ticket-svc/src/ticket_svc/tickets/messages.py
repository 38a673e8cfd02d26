"""Which ticket a Message-ID belongs to, and what is kept of our own mails about a ticket.

Promise: one ticket per Message-ID, however many workers claim it at once (its unique key).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, delete

from patchbay_kit.db import UnitOfWork, insert_many
from ticket_svc.tickets.tables import Decision, TicketMessage

_MESSAGE: Table = TicketMessage.__table__  # type: ignore[attr-defined]  # set by SQLModel
_DECISION: Table = Decision.__table__  # type: ignore[attr-defined]


async def claim_message_ids(uow: UnitOfWork, ticket_by_id: Mapping[str, str]) -> set[str]:
    """Give each Message-ID to its ticket; returns those that were free.

    The caller's order is kept: workers that claim in one order do not deadlock.
    """
    rows = [{"message_id": key, "ticket_id": ticket} for key, ticket in ticket_by_id.items()]
    written = await insert_many(
        uow.session, _MESSAGE, rows, ignore_conflicts=True, returning=[_MESSAGE.c.message_id]
    )
    return {row.message_id for row in written}


async def release_message_ids(uow: UnitOfWork, ticket_ids: Sequence[str]) -> None:
    """Free what was claimed for tickets that are not opened after all."""
    await uow.session.execute(delete(_MESSAGE).where(_MESSAGE.c.ticket_id.in_(ticket_ids)))


async def add_decisions(uow: UnitOfWork, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows of `records.decision_row`."""
    await insert_many(uow.session, _DECISION, rows)
