"""Which tickets a viewer sees, in one statement."""

from sqlalchemy import Table, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.tables import Ticket

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def visible_ids(session: AsyncSession, viewer: Viewer, ids: set[str]) -> set[str]:
    """Those of the tickets that the viewer sees."""
    conditions = viewer.conditions()
    if not ids or not conditions:
        return ids
    statement = select(_TICKET.c.id).where(_TICKET.c.id.in_(sorted(ids)), *conditions)
    return set((await session.execute(statement)).scalars())


async def sees_ticket(session: AsyncSession, viewer: Viewer, ticket_id: str) -> bool:
    """Whether there is such a ticket, and the viewer sees it, or the one where all that is about it
    hangs now because it was merged. Customers are asked about the ticket itself.
    """
    onward = (
        select(_TICKET.c.id, _TICKET.c.merged_into_id)
        .where(_TICKET.c.id == ticket_id)
        .cte("onward", recursive=True)
    )
    went = select(_TICKET.c.id, _TICKET.c.merged_into_id)
    onward = onward.union(went.join(onward, onward.c.merged_into_id == _TICKET.c.id))
    last = false() if viewer.public_only else _TICKET.c.merged_into_id.is_(None)
    statement = select(_TICKET.c.id).join(onward, onward.c.id == _TICKET.c.id)
    statement = statement.where(or_(_TICKET.c.id == ticket_id, last), *viewer.conditions())
    return await session.scalar(statement.limit(1)) is not None
