"""What rmm-gateway does about tickets that were closed or reopened here."""

from collections.abc import Sequence

from patchbay_contracts import Envelope, TicketClosed, TicketReopened
from patchbay_kit.db import UnitOfWork
from rmm_gateway.outbound import service


async def on_ticket_closed(uow: UnitOfWork, events: Sequence[Envelope[TicketClosed]]) -> None:
    """Close the remote twins (S1-02, S1-81)."""
    await service.close_remotely(uow, events)


async def on_ticket_reopened(uow: UnitOfWork, event: Envelope[TicketReopened]) -> None:
    """Note that the remote stays closed (S1-84)."""
    await service.note_reopened(uow, event)
