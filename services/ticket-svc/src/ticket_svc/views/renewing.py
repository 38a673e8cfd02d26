"""Words of tickets that were written in batches, or whose account or asset got another name: made
behind the change, at a pace that leaves the machine to others.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import UnitOfWork
from patchbay_kit.db.driver import is_postgres
from ticket_svc.migrations import listing_sql

RENEWED_AT_ONCE = 500

_RENEW_POSTGRES = f"""WITH taken AS (
    DELETE FROM ticket_text_stale WHERE seq IN (
        SELECT seq FROM ticket_text_stale ORDER BY seq LIMIT {RENEWED_AT_ONCE}
        FOR UPDATE SKIP LOCKED)
    RETURNING ticket_id)
SELECT count(coalesce(ticket_text_renew(ticket_id)::text, ''))
FROM (SELECT DISTINCT ticket_id FROM taken ORDER BY 1) t"""  # noqa: S608  # constants
_TAKE_SQLITE = f"""DELETE FROM ticket_text_stale WHERE seq IN (
    SELECT seq FROM ticket_text_stale ORDER BY seq LIMIT {RENEWED_AT_ONCE})
RETURNING ticket_id"""  # noqa: S608  # constants


async def renew_texts(uow: UnitOfWork) -> int:
    """Renew the words of the tickets that have waited longest; how many there were."""
    if is_postgres(uow.session):
        return int(await uow.session.scalar(text(_RENEW_POSTGRES)) or 0)
    taken = await uow.session.execute(text(_TAKE_SQLITE))
    tickets = {row.ticket_id for row in taken}
    for ticket_id in sorted(tickets):
        await _renew_sqlite(uow.session, ticket_id)
    return len(tickets)


async def _renew_sqlite(session: AsyncSession, ticket_id: str) -> None:
    for statement in listing_sql.renew(":id").split(";"):
        if statement:
            await session.execute(text(statement), {"id": ticket_id})
