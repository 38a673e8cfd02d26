"""Events that somebody is told about, and what became of the mails."""

from collections.abc import Sequence

from notifier.alerts import service
from notifier.alerts.rules import AlertState, failed_command_text, new_ticket_text
from notifier.alerts.service import Occasion, Outcome
from notifier.desk.service import as_known, as_told, keep_tickets
from patchbay_contracts import (
    EmailFailed,
    EmailSent,
    Envelope,
    MailPurpose,
    RemoteCommandFailed,
    TicketCreated,
)
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import TransientError


async def on_ticket_created(uow: UnitOfWork, events: Sequence[Envelope[TicketCreated]]) -> None:
    """The ticket manager is told about a new ticket (S1-16, X-08)."""
    await keep_tickets(uow, events)
    url = await service.public_url(uow)
    tickets = await as_told(uow, [event.data for event in events])
    occasions = []
    for event, ticket in zip(events, tickets, strict=True):
        text = new_ticket_text(
            ticket,
            channel=event.data.channel.value,
            occurred_at=event.data.occurred_at,
            description=event.data.description,
            public_url=url,
        )
        occasions.append(Occasion(event, ticket, text))
    await service.alert_managers(uow, occasions)


async def on_remote_command_failed(
    uow: UnitOfWork, events: Sequence[Envelope[RemoteCommandFailed]]
) -> None:
    """The ticket manager is told that a person has to act at the remote system.

    TransientError where the ticket is not known yet: the events may come in any order.
    """
    url = await service.public_url(uow)
    tickets = await as_known(uow, [event.data.ticket_id for event in events])
    occasions = []
    for event in events:
        ticket = tickets.get(event.data.ticket_id)
        if ticket is None:
            raise TransientError("ticket_unknown", f"no ticket {event.data.ticket_id} so far")
        text = failed_command_text(
            ticket,
            command=event.data.kind,
            remote_number=event.data.remote.number or event.data.remote.remote_ticket_id,
            error=event.data.error,
            attempts=event.data.attempts,
            public_url=url,
        )
        occasions.append(Occasion(event, ticket, text))
    await service.alert_managers(uow, occasions)


async def on_email_sent(uow: UnitOfWork, events: Sequence[Envelope[EmailSent]]) -> None:
    """The ledger shows that the alert went out."""
    outcomes = []
    for event in events:
        if event.data.purpose is MailPurpose.ALERT:
            state = AlertState.CAUGHT if event.data.caught else AlertState.SENT
            data = event.data
            outcomes.append(Outcome(data.request_id, state, data.mail_id, None, data.reasons))
    await service.settle(uow, outcomes)


async def on_email_failed(uow: UnitOfWork, events: Sequence[Envelope[EmailFailed]]) -> None:
    """The ledger shows that the alert reached nobody, and why."""
    outcomes = []
    for event in events:
        if event.data.purpose is MailPurpose.ALERT:
            data = event.data
            state = AlertState.FAILED
            outcomes.append(Outcome(data.request_id, state, data.mail_id, data.error, data.reasons))
    await service.settle(uow, outcomes)
