"""A mail between its decision and what follows from it."""

from dataclasses import dataclass

from patchbay_contracts import EmailReceived, Envelope, Reason
from ticket_svc.mail.rules import MailVerdict, Sender

Event = Envelope[EmailReceived]


@dataclass(slots=True)
class DecidedMail:
    """A mail on its way through:

    the verdict, and the ticket once there is one. Further reasons are added on the way.
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
