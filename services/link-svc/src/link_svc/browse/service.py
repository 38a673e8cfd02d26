"""Lists of the catalogue."""

from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from link_svc.browse import repository
from link_svc.browse.repository import CatalogueFilter, Listing
from link_svc.browse.schemas import Device, DeviceLinkRef, Freshness, Site, SiteLinkRef
from patchbay_kit.http import Page, PageRequest, keyset


async def list_sites(
    session: AsyncSession, wanted: CatalogueFilter, params: PageRequest
) -> Page[Site]:
    """Sites by name."""
    listing = repository.list_sites(wanted)
    statement = keyset(listing.statement, listing.order, params, descending=False)
    rows = (await session.execute(statement)).all()
    return params.page(rows, key=Listing.key, item=_site)


async def list_devices(
    session: AsyncSession, wanted: CatalogueFilter, params: PageRequest
) -> Page[Device]:
    """Devices by name."""
    listing = repository.list_devices(wanted)
    statement = keyset(listing.statement, listing.order, params, descending=False)
    rows = (await session.execute(statement)).all()
    return params.page(rows, key=Listing.key, item=_device)


async def list_freshness(session: AsyncSession, connection_id: str | None) -> Page[Freshness]:
    """Every inventory: two per connection, so there is one page."""
    rows = (await session.execute(repository.list_freshness(connection_id))).all()
    return Page(items=[Freshness.model_validate(row) for row in rows])


def _site(row: Row[Any]) -> Site:
    link = None
    if row.link_id is not None:
        link = SiteLinkRef(
            id=row.link_id,
            account_id=row.target_id,
            account_name=row.target_name,
            auto_created=row.auto_created,
        )
    return Site.model_validate({**row._mapping, "link": link})


def _device(row: Row[Any]) -> Device:
    link = None
    if row.link_id is not None:
        link = DeviceLinkRef(id=row.link_id, asset_id=row.target_id, asset_name=row.target_name)
    return Device.model_validate({**row._mapping, "link": link})
