"""Events of the ticket, published by ticket-svc, the owner of the canonical state."""

from typing import Literal

from pydantic import AwareDatetime, Field

from patchbay_contracts.base import EventData, Part
from patchbay_contracts.refs import Channel, PersonRef, Reason, RemoteRef

StatusClass = Literal["open", "closed"]


class TicketFacts(Part):
    """The ticket as others need to see it."""

    ticket_id: str
    number: str = Field(pattern=r"^\d{4}-\d{4}$")
    subject: str
    status: str = Field(description="status code, e.g. new, completed, canceled")
    status_class: StatusClass
    priority: str = "normal"
    account_id: str
    account_name: str
    asset_id: str | None = None
    manager: PersonRef | None = None
    remote: RemoteRef | None = None


class TicketCreated(TicketFacts, EventData, event="ticket.created.v1", publisher="ticket-svc"):
    """A ticket exists now. Exactly one per ticket."""

    channel: Channel
    description: str = ""
    created_at: AwareDatetime
    occurred_at: AwareDatetime
    in_inbox: bool
    reasons: list[Reason] = Field(default_factory=list)


class TicketUpdated(TicketFacts, EventData, event="ticket.updated.v1", publisher="ticket-svc"):
    """Fields of a ticket changed.

    Status changes into or out of the closed class come as TicketClosed and TicketReopened as well.
    """

    changed: list[str]
    channel: Channel


class TicketClosed(TicketFacts, EventData, event="ticket.closed.v1", publisher="ticket-svc"):
    """The status entered the class closed (S1-02, S1-83)."""

    closed_at: AwareDatetime
    channel: Channel


class TicketReopened(TicketFacts, EventData, event="ticket.reopened.v1", publisher="ticket-svc"):
    """The status left the class closed; the remote twin stays closed (ruling S1-84)."""

    reopened_at: AwareDatetime
    channel: Channel


class TicketNoteAdded(EventData, event="ticket.note_added.v1", publisher="ticket-svc"):
    """A history note or mail was filed on the ticket."""

    ticket_id: str
    number: str
    entry_id: str
    kind: str
    public: bool
    channel: Channel
    mail_id: str | None = None
