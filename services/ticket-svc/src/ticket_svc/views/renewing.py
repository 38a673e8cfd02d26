"""Words of tickets whose account or asset got another name, renewed behind the change: a large
account has tens of thousands of tickets, and nobody waits for them.
"""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import UnitOfWork
from patchbay_kit.db.driver import is_postgres
from ticket_svc.migrations import listing_sql

RENEWED_AT_ONCE = 200


async def renew_texts(uow: UnitOfWork) -> bool:
    """Renew the words of tickets whose account or asset was renamed; True where there are more."""
    taken = await uow.session.execute(text(_TAKE_STALE[is_postgres(uow.session)]))
    tickets = sorted({row.ticket_id for row in taken}, key=str)
    for ticket_id in tickets:
        await _renew(uow.session, ticket_id)
    return len(tickets) > 0


_TAKE = "SELECT seq FROM ticket_text_stale ORDER BY seq LIMIT"
_TAKE_STALE = {
    True: f"DELETE FROM ticket_text_stale WHERE seq IN ({_TAKE} {RENEWED_AT_ONCE}"  # noqa: S608  # constants
    " FOR UPDATE SKIP LOCKED) RETURNING ticket_id",
    False: f"DELETE FROM ticket_text_stale WHERE seq IN ({_TAKE} {RENEWED_AT_ONCE})"  # noqa: S608
    " RETURNING ticket_id",
}


async def _renew(session: AsyncSession, ticket_id: Any) -> None:
    if is_postgres(session):
        await session.execute(
            text("SELECT ticket_text_renew(CAST(:id AS uuid))"), {"id": ticket_id}
        )
        return
    for statement in listing_sql.renew(":id").split(";"):
        if statement:
            await session.execute(text(statement), {"id": ticket_id})
