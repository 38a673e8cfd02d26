"""Moving tickets to the shared Inbox and out of it by hand (S2-50 .. S2-53).

Promise: one list for everybody (S2-37), independent of who has read what (S2-65). Repeating a move
changes nothing.
"""

from typing import Any

from sqlalchemy import Row

from patchbay_contracts import TicketMovedToInbox, TicketRemovedFromInbox
from patchbay_kit.db import UnitOfWork
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.writing import Change, write_change

OUT: dict[str, Any] = {"in_inbox": False, "inbox_since": None, "inbox_awaiting": None}
_REMOVED = "Removed from the Inbox."


async def move_to_inbox(uow: UnitOfWork, row: Row[Any], who: By) -> None:
    """Into the shared Inbox (S2-50); nothing where it is in it already."""
    if row.in_inbox:
        return
    values = {"in_inbox": True, "inbox_since": uow.now}
    await _move(uow, row, "Moved to the Inbox.", values, TicketMovedToInbox, who)


async def remove_from_inbox(uow: UnitOfWork, row: Row[Any], who: By) -> None:
    """Out of the Inbox, for everybody (S2-37, S2-51); nothing where it is not in it."""
    if not row.in_inbox:
        return
    await _move(uow, row, _REMOVED, OUT, TicketRemovedFromInbox, who)


def removal_entry(uow: UnitOfWork) -> NewEntry:
    """The history's line about a removal that comes with another change (S2-52)."""
    data = {"field": "in_inbox", "old": True, "new": False}
    return NewEntry("audit", _REMOVED, uow.now, data=data)


async def _move(
    uow: UnitOfWork,
    row: Row[Any],
    text: str,
    values: dict[str, Any],
    event: type[TicketMovedToInbox | TicketRemovedFromInbox],
    who: By,
) -> None:
    data = {"field": "in_inbox", "old": row.in_inbox, "new": values["in_inbox"]}
    entry = NewEntry("audit", text, uow.now, data=data)
    change = Change(
        ["in_inbox"],
        [entry],
        values,
        told=lambda facts: event(**facts, channel=who.channel),
        from_outside=False,
    )
    await write_change(uow, row, change, who)
