"""Events of mail, as batches."""

from collections.abc import Sequence

from patchbay_contracts import EmailBounced, EmailFailed, EmailReceived, EmailSent, Envelope
from patchbay_kit.db import UnitOfWork
from ticket_svc.invitations.mailing import note_invitation_mails
from ticket_svc.mail.results import note_sent, note_trouble
from ticket_svc.mail.service import take_in


async def on_email_received(uow: UnitOfWork, events: Sequence[Envelope[EmailReceived]]) -> None:
    """Decide what each mail becomes."""
    await take_in(uow, events)


async def on_email_sent(uow: UnitOfWork, events: Sequence[Envelope[EmailSent]]) -> None:
    """Remember the Message-IDs that answers will name."""
    await note_sent(uow, events)
    await note_invitation_mails(uow, events)


async def on_email_failed(uow: UnitOfWork, events: Sequence[Envelope[EmailFailed]]) -> None:
    """Tell the desk that a mail did not go out."""
    await note_trouble(uow, events)
    await note_invitation_mails(uow, events)


async def on_email_bounced(uow: UnitOfWork, events: Sequence[Envelope[EmailBounced]]) -> None:
    """Tell the desk that a mail came back."""
    await note_trouble(uow, events)
