"""Opening tickets: every channel ends here, one ticket or a hundred, in a handful of statements.

Promise: the tickets, their history, recipients, decision and TicketCreated are written together
or not at all. A remote ticket that exists already is skipped by its unique key, however many
workers try.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from patchbay_contracts import Channel, Envelope, PersonRef, Reason, RemoteRef, TicketCreated
from patchbay_kit.db import Children, Claims, UnitOfWork, insert_claimed_family, insert_family
from patchbay_kit.ids import new_id
from patchbay_kit.tracing import Trace
from ticket_svc.desk.statuses import Status, class_of
from ticket_svc.tickets.numbers import take_numbers
from ticket_svc.tickets.people import NewRecipient
from ticket_svc.tickets.records import NewEntry, decision_row, history_row
from ticket_svc.tickets.tables import Decision, HistoryEntry, Recipient, Ticket, TicketMessage

_TICKET = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel
_HISTORY = HistoryEntry.__table__  # type: ignore[attr-defined]
_RECIPIENT = Recipient.__table__  # type: ignore[attr-defined]
_DECISION = Decision.__table__  # type: ignore[attr-defined]
_MESSAGE = TicketMessage.__table__  # type: ignore[attr-defined]


@dataclass(slots=True)
class NewTicket:
    """Everything decided about a ticket before it is written.

    `number`, and `id` where it is empty, are given when it is opened. `in_inbox`: it comes from
    outside, so that it is unread as well (S2-34, S2-56). `trace`: of the request that asks for it,
    where that is not the one that runs.
    """

    subject: str
    description: str
    account_id: str
    account_name: str
    channel: Channel
    occurred_at: datetime
    actor: str
    reasons: list[Reason]
    manager: PersonRef | None = None
    asset_id: str | None = None
    contact_id: str | None = None
    priority: str = "normal"
    status: str = Status.NEW
    type: str = ""
    due_at: datetime | None = None
    contract_id: str | None = None
    awaits_dispatch: bool = False
    custom_fields: dict[str, Any] = field(default_factory=dict)
    remote: RemoteRef | None = None
    remote_origin: str | None = None
    in_inbox: bool = True
    entries: list[NewEntry] = field(default_factory=list)
    recipients: list[NewRecipient] = field(default_factory=list)
    message_ids: list[str] = field(default_factory=list)
    cause: Envelope[Any] | None = None
    trace: Trace | None = None
    id: str = ""
    number: str = ""


@dataclass(slots=True)
class Prepared:
    """Tickets with the rows that they become, in order."""

    tickets: Sequence[NewTicket]
    rows: list[dict[str, Any]]
    recipients: list[dict[str, Any]]
    parts: list[Children]


async def open_tickets(
    uow: UnitOfWork, tickets: Sequence[NewTicket], *, numbers: Sequence[str] = ()
) -> list[NewTicket]:
    """Write the tickets; returns those that are new, with id and number.

    `numbers`: as many as there are tickets or more, where the caller has taken them.
    """
    if not tickets:
        return []
    numbers = numbers or await take_numbers(uow.session, len(tickets))
    return await write_tickets(uow, prepare_tickets(uow, tickets, numbers))


def prepare_tickets(
    uow: UnitOfWork, tickets: Sequence[NewTicket], numbers: Sequence[str]
) -> Prepared:
    """What `write_tickets` is to write."""
    for ticket, number in zip(tickets, numbers, strict=False):
        ticket.id, ticket.number = ticket.id or new_id(), number
    for ticket in tickets:
        uow.publish(
            _created(ticket, uow.now),
            subject=ticket.id,
            version=1,
            cause=ticket.cause,
            actor=ticket.actor,
            trace=ticket.trace,
        )
    recipients = [recipient_row(t.id, r) for t in tickets for r in t.recipients]
    parts = [*_parts(tickets, uow.now), Children(_RECIPIENT, "ticket_id", recipients)]
    parts.append(uow.events_of({ticket.id for ticket in tickets}))
    return Prepared(tickets, [_ticket_row(t, uow.now) for t in tickets], recipients, parts)


async def write_tickets(uow: UnitOfWork, prepared: Prepared) -> list[NewTicket]:
    """Write them; returns those that are new."""
    ids = await insert_family(uow.session, _TICKET, prepared.rows, prepared.parts)
    return [ticket for ticket in prepared.tickets if ticket.id in ids]


async def write_claimed(uow: UnitOfWork, prepared: Prepared, claims: Claims) -> set[str]:
    """Write those whose claims, if they make any, are theirs; returns the ids. PostgreSQL only."""
    return await insert_claimed_family(uow.session, _TICKET, prepared.rows, prepared.parts, claims)


def _parts(tickets: Sequence[NewTicket], now: datetime) -> list[Children]:
    history = [
        history_row(t.id, entry, actor=t.actor, channel=t.channel, now=now)
        for t in tickets
        for entry in t.entries
    ]
    decisions = [_decision_row(t, now) for t in tickets]
    messages = [{"message_id": m, "ticket_id": t.id} for t in tickets for m in t.message_ids]
    found = (_HISTORY, history), (_DECISION, decisions), (_MESSAGE, messages)
    return [Children(table, "ticket_id", rows) for table, rows in found]


def _ticket_row(ticket: NewTicket, now: datetime) -> dict[str, Any]:
    remote = ticket.remote
    return {
        "id": ticket.id,
        "number": ticket.number,
        "subject": ticket.subject[:500],
        "description": ticket.description,
        "status": str(ticket.status),
        "status_class": class_of(ticket.status),
        "priority": ticket.priority,
        "account_id": ticket.account_id,
        "asset_id": ticket.asset_id,
        "manager_id": ticket.manager.id if ticket.manager else None,
        "contact_id": ticket.contact_id,
        "contract_id": ticket.contract_id,
        "type": ticket.type,
        "due_at": ticket.due_at,
        "awaits_dispatch": ticket.awaits_dispatch,
        "custom_fields": ticket.custom_fields,
        "channel": str(ticket.channel),
        "connection_id": remote.connection_id if remote else None,
        "provider": remote.provider if remote else None,
        "remote_ticket_id": remote.remote_ticket_id if remote else None,
        "remote_number": remote.number if remote else None,
        "remote_url": remote.url if remote else None,
        "remote_origin": ticket.remote_origin,
        "in_inbox": ticket.in_inbox,
        "inbox_since": now if ticket.in_inbox else None,
        "external_update_at": now if ticket.in_inbox else None,
        "unread": ticket.in_inbox,
        "closed_at": now if class_of(ticket.status) == "closed" else None,
        "occurred_at": ticket.occurred_at,
        "created_at": now,
        "updated_at": now,
        "version": 1,
    }


def recipient_row(ticket_id: str, recipient: NewRecipient) -> dict[str, Any]:
    """The recipient as a row."""
    return {
        "id": new_id(),
        "ticket_id": ticket_id,
        "list_name": recipient.list_name,
        "dedupe_key": recipient.dedupe_key,
        "role": recipient.role,
        "employee_id": recipient.employee_id,
        "contact_id": recipient.contact_id,
        "name": recipient.name,
        "email": recipient.email,
        "place": recipient.place,
    }


def _decision_row(ticket: NewTicket, now: datetime) -> dict[str, Any]:
    event_id = ticket.cause.id if ticket.cause else None
    return decision_row(
        ticket.id, "ticket.created", ticket.reasons, actor=ticket.actor, event_id=event_id, now=now
    )


def _created(ticket: NewTicket, now: datetime) -> TicketCreated:
    return TicketCreated(
        ticket_id=ticket.id,
        number=ticket.number,
        subject=ticket.subject[:500],
        status=str(ticket.status),
        status_class=class_of(ticket.status),
        priority=ticket.priority,
        account_id=ticket.account_id,
        account_name=ticket.account_name,
        asset_id=ticket.asset_id,
        manager=ticket.manager,
        remote=ticket.remote,
        channel=ticket.channel,
        description=ticket.description[:8000],
        created_at=now,
        occurred_at=ticket.occurred_at,
        in_inbox=ticket.in_inbox,
        reasons=ticket.reasons,
    )
