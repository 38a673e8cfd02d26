"""Events of rmm-gateway about inventories."""

from collections.abc import Sequence

from link_svc.catalogue.service import take_parts
from patchbay_contracts import CatalogueRefreshed, Envelope
from patchbay_kit.db import UnitOfWork


async def on_catalogue_refreshed(
    uow: UnitOfWork, events: Sequence[Envelope[CatalogueRefreshed]]
) -> None:
    """Parts of snapshots update the catalogue."""
    await take_parts(uow, [event.data for event in events])
