"""Tickets that went into others: nothing is written on them any more, it goes where they went."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.errors import conflict
from ticket_svc.tickets.tables import Ticket

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel


def refuse_merged(row: Any) -> None:
    """409 `ticket_merged`, with the id of the ticket that it went into."""
    if row.merged_into_id is None:
        return
    raise conflict(
        "ticket_merged",
        "The ticket was merged into another one",
        detail=f"What hung on it hangs on {row.merged_into_id} now.",
        hint="Change that ticket, or undo the merge first.",
    )


async def final_tickets(session: AsyncSession, ids: Iterable[str]) -> dict[str, str]:
    """For each of the tickets the one in which what is written about it belongs: itself, or the
    last one of the chain of merges. Chains have no loops: nothing is merged into a merged ticket.
    """
    final = {each: each for each in ids}
    while final:
        here = select(_TICKET.c.id, _TICKET.c.merged_into_id).where(
            _TICKET.c.id.in_(sorted(set(final.values()))), _TICKET.c.merged_into_id.is_not(None)
        )
        steps: Mapping[str, str] = {
            row.id: row.merged_into_id for row in await session.execute(here)
        }
        if not steps:
            break
        final = {each: steps.get(last, last) for each, last in final.items()}
    return final
