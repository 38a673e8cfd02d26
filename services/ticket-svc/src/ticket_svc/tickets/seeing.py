"""Which tickets a viewer sees, in one statement."""

from sqlalchemy import Table, select
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
    """Whether there is such a ticket, and the viewer sees it."""
    statement = select(_TICKET.c.id).where(_TICKET.c.id == ticket_id, *viewer.conditions())
    return await session.scalar(statement) is not None
