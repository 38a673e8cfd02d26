"""Notes that people write on tickets."""

from patchbay_contracts import Reason, ReasonCode
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import not_found
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.changing import TicketNote, add_notes, lock_tickets
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.schemas import HistoryItem, NewNote


async def add_note(uow: UnitOfWork, ticket_id: str, note: NewNote, who: By) -> HistoryItem:
    """Append the note; only those of outsiders put the ticket into the Inbox (S2-49)."""
    if ticket_id not in await lock_tickets(uow.session, [ticket_id]):
        raise not_found("ticket", ticket_id)
    written = TicketNote(
        ticket_id=ticket_id,
        entry=NewEntry("note", note.text, uow.now, public=note.public),
        actor=who.actor,
        channel=who.channel,
        reasons=[Reason(code=ReasonCode.INBOX_EXTERNAL_UPDATE)] if who.external else [],
        about="ticket.note_added",
        inbox=who.external,
    )
    (row,) = await add_notes(uow, [written])
    return HistoryItem.model_validate(row)
