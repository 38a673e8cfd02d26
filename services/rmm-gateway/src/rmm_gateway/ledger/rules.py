"""What becomes of an update, decided without a database.

A ticket is held while ticket processing is off (S1-23), published once however often it is
delivered (S1-61), and its later updates share its fate.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from patchbay_contracts import (
    Reason,
    ReasonCode,
    RemoteTicketClosed,
    RemoteTicketNoteReceived,
    RemoteTicketReceived,
    RemoteTicketReturned,
)
from rmm_gateway.providers.base import RemoteEvent, RemoteUpdate, UpdateKind


class TicketState(StrEnum):
    """Where a remote ticket is. `too_old` and `discarded` can still be imported by hand (C-13)."""

    HELD = "held"
    PUBLISHED = "published"
    TOO_OLD = "too_old"
    DISCARDED = "discarded"


class UpdateState(StrEnum):
    """Where one update is; `duplicate` is a second creation of a known ticket."""

    HELD = "held"
    PUBLISHED = "published"
    TOO_OLD = "too_old"
    DISCARDED = "discarded"
    DUPLICATE = "duplicate"


EVENTS: dict[str, type[RemoteEvent]] = {
    UpdateKind.CREATED.value: RemoteTicketReceived,
    UpdateKind.CLOSED.value: RemoteTicketClosed,
    UpdateKind.RETURNED.value: RemoteTicketReturned,
    UpdateKind.NOTE.value: RemoteTicketNoteReceived,
}


@dataclass(slots=True)
class LedgerTicket:
    """A ledger row in memory; `is_new` and `changed` say how to store it.

    A new one has no state until its first update is decided.
    """

    id: str
    connection_id: str
    remote_ticket_id: str
    state: str
    seen: bool
    occurred_at: datetime
    first_seen_at: datetime
    last_seen_at: datetime
    last_seq: int
    number: str | None = None
    url: str | None = None
    origin: str | None = None
    remote_site_id: str | None = None
    site_name: str | None = None
    summary: str = ""
    assignee_group: str | None = None
    duplicates: int = 0
    version: int = 0
    closed_at: datetime | None = None
    reasons: list[dict[str, Any]] = field(default_factory=list)
    is_new: bool = False
    changed: bool = False

    @property
    def subject(self) -> str:
        """The subject of its events."""
        return f"{self.connection_id}/{self.remote_ticket_id}"

    @property
    def steps(self) -> list[Reason]:
        """The chain so far, as events carry it."""
        return [Reason(code=step["code"], params=step["params"]) for step in self.reasons]

    def next_version(self) -> int:
        """The version of one more event."""
        self.version += 1
        self.changed = True
        return self.version

    def remember(self, code: ReasonCode, at: datetime, **params: Any) -> Reason:
        """Add a step to the chain that `explain` answers."""
        reason = Reason(code=code, params=params)
        self.reasons = [*self.reasons, {**reason.model_dump(mode="json"), "at": at.isoformat()}]
        self.changed = True
        return reason


def decide(ticket: LedgerTicket, kind: UpdateKind, *, enabled: bool) -> UpdateState:
    """What becomes of an update of `ticket`; moves the ticket's own state along."""
    arrival = TicketState.PUBLISHED if enabled else TicketState.HELD
    if kind is UpdateKind.CREATED:
        if ticket.seen:
            return UpdateState.DUPLICATE
        ticket.state = arrival.value
        return UpdateState(arrival.value)
    if not ticket.state:
        ticket.state = arrival.value
    if ticket.state == TicketState.PUBLISHED:
        return UpdateState(arrival.value)
    return UpdateState(ticket.state)


def learn(ticket: LedgerTicket, update: RemoteUpdate, now: datetime) -> None:
    """Copy what an update tells about its ticket."""
    ticket.changed = True
    ticket.last_seen_at = now
    ticket.last_seq = max(ticket.last_seq, update.seq)
    ticket.number = update.data.remote.number or ticket.number
    ticket.url = update.data.remote.url or ticket.url
    data = update.data
    if isinstance(data, RemoteTicketReceived):
        ticket.seen = True
        ticket.origin = data.origin.value
        ticket.remote_site_id = data.remote_site_id
        ticket.site_name = data.site_name
        ticket.summary = data.summary
        ticket.assignee_group = data.assignee_group
        ticket.occurred_at = data.occurred_at
    elif isinstance(data, RemoteTicketClosed):
        ticket.closed_at = data.occurred_at


def with_reasons(data: RemoteEvent, reasons: list[Reason]) -> RemoteEvent:
    """The event with its reasons, where it has a place for them."""
    if isinstance(data, RemoteTicketReceived):
        return data.model_copy(update={"reasons": reasons})
    return data
