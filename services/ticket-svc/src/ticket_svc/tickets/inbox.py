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
    change = _move("Moved to the Inbox.", {"in_inbox": True, "inbox_since": uow.now}, uow)
    change.told = lambda facts: TicketMovedToInbox(**facts, channel=who.channel)
    await write_change(uow, row, change, who)


async def remove_from_inbox(uow: UnitOfWork, row: Row[Any], who: By) -> None:
    """Out of the Inbox, for everybody (S2-37, S2-51); nothing where it is not in it."""
    if not row.in_inbox:
        return
    change = _move(_REMOVED, OUT, uow)
    change.told = lambda facts: TicketRemovedFromInbox(**facts, channel=who.channel)
    await write_change(uow, row, change, who)


def removal_entry(uow: UnitOfWork) -> NewEntry:
    """The history's line about a removal that comes with another change (S2-52)."""
    return _move(_REMOVED, OUT, uow).entries[0]


def _move(text: str, values: dict[str, Any], uow: UnitOfWork) -> Change:
    data = {"field": "in_inbox", "old": not values["in_inbox"], "new": values["in_inbox"]}
    entry = NewEntry("audit", text, uow.now, data=data)
    return Change(["in_inbox"], [entry], values, from_outside=False)
