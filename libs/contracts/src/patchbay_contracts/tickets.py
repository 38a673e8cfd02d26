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


class TicketAssigned(TicketFacts, EventData, event="ticket.assigned.v1", publisher="ticket-svc"):
    """The ticket got another manager, or none. TicketUpdated tells the same change as well."""

    previous_manager_id: str | None = None
    channel: Channel


class TicketMovedToInbox(
    TicketFacts, EventData, event="ticket.moved_to_inbox.v1", publisher="ticket-svc"
):
    """Somebody put the ticket into the shared Inbox (S2-50).

    What a customer or a program did puts it there as well; TicketCreated, TicketNoteAdded or
    TicketUpdated tell that.
    """

    channel: Channel


class TicketRemovedFromInbox(
    TicketFacts, EventData, event="ticket.removed_from_inbox.v1", publisher="ticket-svc"
):
    """Somebody took the ticket out of the Inbox, for everybody (S2-37, S2-51)."""

    channel: Channel


class TicketMarkedRead(EventData, event="ticket.marked_read.v1", publisher="ticket-svc"):
    """The customer's last update counts as seen by the ticket manager (S2-58, S2-64)."""

    ticket_id: str
    number: str
    manager_id: str | None = None
    read_through: AwareDatetime


class TicketMarkedUnread(EventData, event="ticket.marked_unread.v1", publisher="ticket-svc"):
    """Somebody marked the customer's last update as not seen (S2-57)."""

    ticket_id: str
    number: str
    manager_id: str | None = None


class TicketDispatched(
    TicketFacts, EventData, event="ticket.dispatched.v1", publisher="ticket-svc"
):
    """A technician was appointed into a time slot, and the ticket left the dispatcher (X-17)."""

    appointment_id: str
    technician: PersonRef
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class TicketMerged(EventData, event="ticket.merged.v1", publisher="ticket-svc"):
    """The ticket went into another one; what hung on it hangs there now."""

    ticket_id: str
    number: str
    into_ticket_id: str
    into_number: str
    merge_id: str


class TicketUnmerged(EventData, event="ticket.unmerged.v1", publisher="ticket-svc"):
    """A merge of tickets was undone."""

    ticket_id: str
    number: str
    from_ticket_id: str
    from_number: str
    merge_id: str


class TicketRelated(EventData, event="ticket.related.v1", publisher="ticket-svc"):
    """Two tickets have to do with each other now, or no more (`removed`)."""

    ticket_id: str
    other_ticket_id: str
    kind: str = Field(description="related, parent or duplicate")
    removed: bool = False
