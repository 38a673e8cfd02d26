"""HTTP of the catalogue: what there is to link, live, with its freshness (S1-88, S1-100)."""

from fastapi import APIRouter, Depends

from link_svc.browse import service
from link_svc.browse.repository import CatalogueFilter
from link_svc.browse.schemas import Device, Freshness, Site
from link_svc.params import QueryText
from patchbay_kit.http import Page, PageParams, Reader, TransactionalRoute, require

router = APIRouter(
    prefix="/v1/catalogue",
    tags=["catalogue"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.get("/sites")
async def list_catalogue_sites(
    session: Reader,
    params: PageParams,
    connection_id: QueryText = None,
    linked: bool | None = None,
    gone: bool = False,
    q: QueryText = None,
) -> Page[Site]:
    """Sites by name; `q` are words of the name, all of which must occur."""
    wanted = CatalogueFilter(connection_id, None, linked, gone, q)
    return await service.list_sites(session, wanted, params)


@router.get("/devices")
async def list_catalogue_devices(
    session: Reader,
    params: PageParams,
    connection_id: QueryText = None,
    remote_site_id: QueryText = None,
    linked: bool | None = None,
    gone: bool = False,
    q: QueryText = None,
) -> Page[Device]:
    """Devices by name; `q` are words of the name, all of which must occur."""
    wanted = CatalogueFilter(connection_id, remote_site_id, linked, gone, q)
    return await service.list_devices(session, wanted, params)


@router.get("/freshness")
async def list_catalogue_freshness(
    session: Reader, connection_id: QueryText = None
) -> Page[Freshness]:
    """When each inventory was last seen complete."""
    return await service.list_freshness(session, connection_id)
