"""A ticket with all that went into it, and into those, down the chain of merges."""

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from ticket_svc.tickets.tables import Ticket

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def family_of(session: AsyncSession, *roots: str) -> dict[str, str]:
    """The ids of these tickets and of all that were merged into them, with the root of each.

    One statement for a ticket into which none was merged, and one more for each step of a chain: a
    recursive one would be planned for far more tickets than there ever are.
    """
    found = {each: each for each in roots}
    level = set(roots)
    while level:
        went = select(_TICKET.c.id, _TICKET.c.merged_into_id).where(
            _TICKET.c.merged_into_id.in_(sorted(level))
        )
        below = {
            row.id: found[row.merged_into_id]
            for row in await session.execute(went)
            if row.id not in found
        }
        found |= below
        level = set(below)
    return found
