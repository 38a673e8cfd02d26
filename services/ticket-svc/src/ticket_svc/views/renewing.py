"""Words of tickets that were written in batches, or whose account or asset got another name: made
behind the change, at a pace that leaves the machine to others.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import UnitOfWork
from patchbay_kit.db.driver import is_postgres
from ticket_svc.migrations import listing_sql

# Few, so that nobody waits long for a processor.
RENEWED_AT_ONCE = 20

# All of them in one plan: a function called for each takes a third longer, to be planned each time.
_RENEW_POSTGRES = f"""WITH taken AS (
    DELETE FROM ticket_text_stale WHERE seq IN (
        SELECT seq FROM ticket_text_stale ORDER BY seq LIMIT {RENEWED_AT_ONCE}
        FOR UPDATE SKIP LOCKED)
    RETURNING ticket_id),
them AS (SELECT DISTINCT ticket_id AS id FROM taken),
gone AS (DELETE FROM ticket_text WHERE ticket_id IN (SELECT id FROM them)),
headed AS MATERIALIZED (
    SELECT t.id, t.description,
        ticket_words(concat_ws(' ', t.number, t.subject, a.name, s.name)) AS heading
    FROM them JOIN ticket t ON t.id = them.id JOIN account a ON a.id = t.account_id
    LEFT JOIN asset s ON s.id = t.asset_id),
made AS (
    INSERT INTO ticket_text (ticket_id, entry_id, public, document)
    SELECT id, NULL, true, setweight(heading, 'A') || ticket_words(description) FROM headed
    UNION ALL
    SELECT t.id, h.id, h.public, setweight(t.heading, 'B') || ticket_words(h.text)
    FROM headed t JOIN history_entry h ON h.ticket_id = t.id
    WHERE h.kind IN {listing_sql.SEARCHED} AND h.text <> '')
SELECT count(*) FROM them"""  # noqa: S608  # constants
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
