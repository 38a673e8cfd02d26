"""Events of the remote systems, as batches."""

from collections.abc import Sequence
from typing import Any

from patchbay_contracts import (
    Envelope,
    RemoteCommandFailed,
    RemoteCommandSucceeded,
    RemoteTicketReceived,
)
from patchbay_kit.db import UnitOfWork
from ticket_svc.remote.echoes import apply_echoes, command_note
from ticket_svc.remote.intake import take_in
from ticket_svc.remote.pending import take_pending
from ticket_svc.tickets.changing import add_notes, lock_tickets


async def on_remote_tickets(
    uow: UnitOfWork, events: Sequence[Envelope[RemoteTicketReceived]]
) -> None:
    """New tickets, and whatever about them arrived earlier than they did."""
    awaited = await take_in(uow, events)
    await apply_echoes(uow, await take_pending(uow, awaited))


async def on_remote_echoes(uow: UnitOfWork, events: Sequence[Envelope[Any]]) -> None:
    """Closed remotely, handed back, or noted upon (S1-11, S1-72 .. S1-78)."""
    await apply_echoes(uow, events)


async def on_command_results(
    uow: UnitOfWork, events: Sequence[Envelope[RemoteCommandSucceeded | RemoteCommandFailed]]
) -> None:
    """What became of a command shows on the ticket (S1-02, S1-84)."""
    known = await lock_tickets(uow.session, [event.data.ticket_id for event in events])
    await add_notes(uow, [command_note(event) for event in events if event.data.ticket_id in known])
