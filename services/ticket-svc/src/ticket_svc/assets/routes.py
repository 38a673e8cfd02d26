"""HTTP of assets."""

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.http import Page, PageParams, Reader, TransactionalRoute, Uow, require
from ticket_svc import records
from ticket_svc.accounts.belonging import locked_in_account
from ticket_svc.assets import reading, service
from ticket_svc.assets.reading import AssetFilter
from ticket_svc.assets.schemas import AssetChange, AssetView, NewAsset
from ticket_svc.assets.tables import Asset
from ticket_svc.params import QueryId, QueryText
from ticket_svc.records import ArchivedQuery

router = APIRouter(
    prefix="/v1/assets",
    tags=["assets"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.get("", summary="Assets, newest first")
async def list_assets(
    session: Reader,
    page: PageParams,
    account_id: QueryId = None,
    location_id: QueryId = None,
    department_id: QueryId = None,
    q: QueryText = None,
    archived: ArchivedQuery = False,
) -> Page[AssetView]:
    """`q` is a part of the name or serial number. An asset without a location of its own is at the
    account's main one (S3-39).
    """
    wanted = AssetFilter(account_id, location_id, department_id, q, archived)
    assets = await reading.page_of_assets(session, wanted, page)
    return page.page(assets, key=lambda row: (row.id,), item=reading.asset_view)


@router.post("", status_code=201, summary="Add an asset")
async def create_asset(body: NewAsset, uow: Uow, response: Response) -> AssetView:
    """A device of an account; remote devices can be linked to it from now on."""
    asset = await service.create_asset(uow, body)
    return await _view(uow.session, asset.id, response, location=f"/v1/assets/{asset.id}")


@router.get("/{asset_id}", summary="One asset")
async def read_asset(asset_id: str, session: Reader, response: Response) -> AssetView:
    """With where it stands and its department (S3-49). The ETag is the version."""
    return await _view(session, asset_id, response)


@router.patch("/{asset_id}", summary="Change an asset")
async def patch_asset(
    asset_id: str, body: AssetChange, request: Request, uow: Uow, response: Response
) -> AssetView:
    """Only what is sent changes; an asset stays with its account."""
    asset = await locked_in_account(uow, Asset, asset_id, "asset", request)
    await service.change_asset(uow, asset, body.model_dump(exclude_unset=True))
    return await _view(uow.session, asset.id, response)


@router.post("/{asset_id}/archive", summary="Archive an asset")
async def archive_asset(asset_id: str, request: Request, uow: Uow, response: Response) -> AssetView:
    """Tickets keep it; it is not offered any more."""
    asset = await locked_in_account(uow, Asset, asset_id, "asset", request)
    await service.archive_asset(uow, asset)
    return await _view(uow.session, asset.id, response)


@router.post("/{asset_id}/restore", summary="Restore an asset")
async def restore_asset(asset_id: str, request: Request, uow: Uow, response: Response) -> AssetView:
    """It is offered again."""
    asset = await locked_in_account(uow, Asset, asset_id, "asset", request)
    await service.restore_asset(uow, asset)
    return await _view(uow.session, asset.id, response)


async def _view(
    session: AsyncSession, asset_id: str, response: Response, *, location: str | None = None
) -> AssetView:
    view = await reading.read_asset(session, asset_id)
    return records.answer(view, response, view.version, location=location)
