"""Events of ticket-svc that alerts take facts from."""

from collections.abc import Sequence

from notifier.desk.service import keep_assets, keep_tickets
from patchbay_contracts import AssetCreated, Envelope, TicketUpdated
from patchbay_kit.db import UnitOfWork


async def on_ticket_updated(uow: UnitOfWork, events: Sequence[Envelope[TicketUpdated]]) -> None:
    """Later alerts go to the present manager."""
    await keep_tickets(uow, events)


async def on_asset_created(uow: UnitOfWork, events: Sequence[Envelope[AssetCreated]]) -> None:
    """Later alerts name the asset."""
    await keep_assets(uow, events)
