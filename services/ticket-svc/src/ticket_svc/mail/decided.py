"""A mail between its decision and what follows from it."""

from dataclasses import dataclass

from patchbay_contracts import EmailDecided, EmailReceived, Envelope, Reason
from patchbay_kit.db import UnitOfWork
from ticket_svc.mail.rules import MailVerdict, Sender

Event = Envelope[EmailReceived]


@dataclass(slots=True, eq=False)
class DecidedMail:
    """A mail on its way through: the verdict, and the ticket once there is one.

    Further reasons are added on the way.
    """

    event: Event
    sender: Sender
    verdict: MailVerdict
    ticket_id: str | None = None
    number: str | None = None

    @property
    def mail(self) -> EmailReceived:
        return self.event.data

    @property
    def reasons(self) -> list[Reason]:
        return self.verdict.reasons


def announce(uow: UnitOfWork, decided: DecidedMail, *, version: int) -> None:
    """Publish EmailDecided: version 1 is the rules' decision, 2 a person's."""
    mail_id = decided.mail.mail.mail_id
    event = EmailDecided(
        mail_id=mail_id,
        outcome=decided.verdict.outcome,
        ticket_id=decided.ticket_id,
        ticket_number=decided.number,
        reasons=decided.reasons,
    )
    uow.publish(event, subject=mail_id, version=version, cause=decided.event, actor=uow.actor)
