"""Filing mails on their tickets:

history, Message-ID, Inbox for what customers write (S2-74, S2-94, S4-09).
"""

from collections.abc import Sequence

from patchbay_contracts import AutomationClass, Channel, Reason, ReasonCode
from patchbay_kit.db import UnitOfWork
from ticket_svc.mail.decided import DecidedMail
from ticket_svc.mail.lookup import MAX_MESSAGE_ID
from ticket_svc.mail.opening import mail_data
from ticket_svc.mail.visibility import public_among
from ticket_svc.tickets.changing import TicketNote, add_notes, lock_final
from ticket_svc.tickets.messages import claim_message_ids
from ticket_svc.tickets.records import NewEntry


async def file_mails(uow: UnitOfWork, mails: Sequence[DecidedMail]) -> None:
    """Write each mail on the ticket of its verdict, or on the one into which that was merged while
    the mail was on its way.

    Automatic mail is filed without an Inbox entry; a status never changes.
    """
    if not mails:
        return
    rows = await lock_final(uow.session, [m.verdict.ticket_id or "" for m in mails])
    for decided in mails:
        ticket = rows[decided.verdict.ticket_id or ""]
        decided.ticket_id, decided.number = ticket.id, ticket.number
        if _to_inbox(decided):
            decided.reasons.append(Reason(code=ReasonCode.INBOX_EXTERNAL_UPDATE))
    locked = {row.id: row for row in rows.values()}
    public = await public_among(uow, mails)
    notes = [_note(decided, public=decided in public) for decided in mails]
    await add_notes(uow, notes, locked)
    messages = {
        m.mail.mail.message_id: m.ticket_id or ""
        for m in sorted(mails, key=lambda each: each.mail.mail.message_id)
        if len(m.mail.mail.message_id) <= MAX_MESSAGE_ID
    }
    await claim_message_ids(uow, messages)


def _to_inbox(decided: DecidedMail) -> bool:
    """What customers write; delivery failures too, since somebody has to act (S2-47, S2-49)."""
    if decided.verdict.from_employee:
        return False
    return decided.mail.automation not in (AutomationClass.AUTO_REPLY, AutomationClass.LIST)


def _note(decided: DecidedMail, *, public: bool) -> TicketNote:
    mail = decided.mail
    if decided.verdict.from_employee:
        actor = f"employee:{decided.sender.employee_id}"
    else:
        actor = f"address:{mail.sender.email}" if mail.sender else "address:unknown"
    entry = NewEntry(
        "email",
        mail.new_text or mail.text,
        mail.mail.received_at,
        public=public,
        data=mail_data(decided),
        mail_id=mail.mail.mail_id,
    )
    return TicketNote(
        ticket_id=decided.ticket_id or "",
        entry=entry,
        actor=actor,
        channel=Channel.EMAIL,
        reasons=decided.reasons,
        about=decided.event.type,
        inbox=_to_inbox(decided),
        cause=decided.event,
    )
