"""What became of mails that we asked to be sent."""

from collections.abc import Sequence
from typing import Any

from patchbay_contracts import (
    Channel,
    EmailFailed,
    EmailSent,
    Envelope,
    Reason,
    ReasonCode,
)
from patchbay_kit.db import UnitOfWork
from ticket_svc.mail.lookup import MAX_MESSAGE_ID
from ticket_svc.tickets.changing import TicketNote, add_notes, lock_tickets
from ticket_svc.tickets.messages import add_decisions, claim_message_ids
from ticket_svc.tickets.records import NewEntry, decision_row


async def note_sent(uow: UnitOfWork, events: Sequence[Envelope[EmailSent]]) -> None:
    """Keep the Message-IDs, by which answers find the ticket, and say in `explain` what
    went out.
    """
    ours = sorted(
        (event for event in events if event.data.ticket_id),
        key=lambda event: event.data.message_id,
    )
    messages = {
        event.data.message_id: event.data.ticket_id or ""
        for event in ours
        if len(event.data.message_id) <= MAX_MESSAGE_ID
    }
    await claim_message_ids(uow, messages)
    await add_decisions(uow, [_sent_row(uow, event) for event in ours])


def _sent_row(uow: UnitOfWork, event: Envelope[EmailSent]) -> dict[str, Any]:
    data = event.data
    reasons = data.reasons or [
        Reason(
            code=ReasonCode.SEND_CAUGHT if data.caught else ReasonCode.SEND_SENT,
            params={"purpose": str(data.purpose), "recipients": data.recipients},
        )
    ]
    return decision_row(
        data.ticket_id or "",
        event.type,
        reasons,
        actor=event.actor or "system:email-gateway",
        event_id=event.id,
        now=uow.now,
    )


async def note_trouble(uow: UnitOfWork, events: Sequence[Envelope[Any]]) -> None:
    """A mail that was refused or came back goes into the history and the Inbox:

    somebody has to act.
    """
    ours = [event for event in events if event.data.ticket_id]
    known = await lock_tickets(uow.session, [event.data.ticket_id or "" for event in ours])
    await add_notes(uow, [_note(event) for event in ours if event.data.ticket_id in known])


def _note(event: Envelope[Any]) -> TicketNote:
    data = event.data
    if isinstance(data, EmailFailed):
        text = f"A mail to {', '.join(data.recipients)} was not delivered: {data.error}"
        fallback = Reason(code=ReasonCode.SEND_REFUSED, params={"error": data.error})
        reasons = data.reasons or [fallback]
    else:
        who = ", ".join(data.bounce.failed_recipients) or "a recipient"
        text = f"A mail to {who} came back ({data.bounce.kind}, {data.bounce.status or 'no code'})."
        reasons = [Reason(code=ReasonCode.MAIL_BOUNCE)]
    return TicketNote(
        ticket_id=data.ticket_id,
        entry=NewEntry("audit", text, event.time, data={"mail_id": data.mail_id}),
        actor=event.actor or "system:email-gateway",
        channel=Channel.EMAIL,
        reasons=reasons,
        about=event.type,
        inbox=True,
        cause=event,
    )
