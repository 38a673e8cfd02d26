"""Tickets that went into others: nothing is written on them any more, it goes where they went."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import Database
from patchbay_kit.errors import conflict
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.seeing import visible_ids
from ticket_svc.tickets.tables import Ticket

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def refuse_merged(session: AsyncSession, row: Any, viewer: Viewer) -> None:
    """409 `ticket_merged`, with the id of the ticket that it went into for those who see it."""
    if row.merged_into_id is None:
        return
    into = await seen_target(session, row, viewer)
    hint = "Change that ticket, or undo the merge first."
    raise conflict(
        "ticket_merged",
        "The ticket was merged into another one",
        detail=f"What hung on it hangs on {into or 'that one'} now.",
        hint="Write on that one, or open a new ticket." if viewer.public_only else hint,
    )


async def seen_target(session: AsyncSession, row: Any, viewer: Viewer) -> str | None:
    """The id of the ticket into which this one went, for those who may see it."""
    if row.merged_into_id is None:
        return None
    seen = await visible_ids(session, viewer, {row.merged_into_id})
    return row.merged_into_id if row.merged_into_id in seen else None


async def without_hidden_targets(
    db: Database, viewer: Viewer, shown: Iterable[dict[str, Any]]
) -> None:
    """Empty `merged_into_id` of the tickets that went where the viewer may not look."""
    merged = [each for each in shown if each["merged_into_id"] is not None]
    if not merged or viewer.sees_all:
        return
    async with db.read() as session:
        seen = await visible_ids(session, viewer, {each["merged_into_id"] for each in merged})
    for each in merged:
        if each["merged_into_id"] not in seen:
            each["merged_into_id"] = None


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
