"""Notes that people write on tickets."""

from typing import Any

from sqlalchemy import Row

from patchbay_contracts import Reason, ReasonCode
from patchbay_kit.db import UnitOfWork
from ticket_svc.tickets.actor_names import history_item
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.changing import TicketNote, add_notes
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.schemas import HistoryItem, NewNote


async def add_note(uow: UnitOfWork, row: Row[Any], note: NewNote, who: By) -> HistoryItem:
    """Append the note to the locked ticket; only those of outsiders put it into the Inbox
    (S2-49).
    """
    written = TicketNote(
        ticket_id=row.id,
        entry=NewEntry("note", note.text, uow.now, public=note.public),
        actor=who.actor,
        channel=who.channel,
        reasons=[Reason(code=ReasonCode.INBOX_EXTERNAL_UPDATE)] if who.external else [],
        about="ticket.note_added",
        inbox=who.external,
    )
    (entry,) = await add_notes(uow, [written], {row.id: row})
    return await history_item(uow.session, entry)
