"""Why a ticket is as it is: its own decisions, and those of what was merged into it.

Decisions stay with the ticket about which they were made, so that undoing a merge takes nothing
back here. Those of tickets that the viewer may not see are left out, and so are such tickets'
numbers.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, Table, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import ReasonCode
from ticket_svc.explaining import explained
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.families import family_of
from ticket_svc.tickets.reading import resolve, resolve_many
from ticket_svc.tickets.schemas import ExplainedDecision, TicketExplanation
from ticket_svc.tickets.tables import Decision, Ticket

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel
_DECISION: Table = Decision.__table__  # type: ignore[attr-defined]

# Which member of a reason is the number of another ticket.
_NAMING = {ReasonCode.TICKET_MERGED: "into", ReasonCode.TICKET_UNMERGED: "from"}


async def explain_ticket(session: AsyncSession, key: str, viewer: Viewer) -> TicketExplanation:
    """The chain of decisions behind the ticket; 404 `ticket_not_found`."""
    ticket_id, number = await resolve(session, key, viewer)
    family = await family_of(session, ticket_id)
    told = _decisions(ticket_id, family, viewer).add_columns(_DECISION, _TICKET.c.number)
    rows = (await session.execute(told.order_by(_DECISION.c.id))).all()
    named = {other for row in rows for reason in row.reasons if (other := _other(reason))}
    seen = named if viewer.sees_all else await resolve_many(session, named, viewer)
    decisions = [
        ExplainedDecision(
            ticket_id=row.ticket_id,
            number=row.number,
            about=row.about,
            event_id=row.event_id,
            actor=row.actor,
            at=row.decided_at,
            reasons=explained(_without(each, seen) for each in row.reasons),
        )
        for row in rows
    ]
    return TicketExplanation(ticket_id=ticket_id, number=number, decisions=decisions)


async def count_decisions(
    session: AsyncSession, ticket_id: str, family: Iterable[str], viewer: Viewer
) -> int:
    """How many `explain_ticket` shows of a ticket that the viewer sees."""
    counted = _decisions(ticket_id, family, viewer).add_columns(func.count())
    return int((await session.execute(counted)).scalar_one())


def _decisions(ticket_id: str, family: Iterable[str], viewer: Viewer) -> Select[Any]:
    joined = select().select_from(_DECISION).join(_TICKET, _TICKET.c.id == _DECISION.c.ticket_id)
    seen = or_(_TICKET.c.id == ticket_id, and_(true(), *viewer.conditions()))
    return joined.where(_DECISION.c.ticket_id.in_(sorted(family)), seen)


def _other(reason: dict[str, Any]) -> str | None:
    """The number of the other ticket that a reason is about."""
    member = _NAMING.get(reason["code"])
    return reason.get("params", {}).get(member) if member is not None else None


def _without(reason: dict[str, Any], seen: Any) -> dict[str, Any]:
    other = _other(reason)
    if other is None or other in seen:
        return reason
    return {"code": reason["code"], "params": {}}
