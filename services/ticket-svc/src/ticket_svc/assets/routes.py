"""HTTP of assets."""

from fastapi import APIRouter, Depends, Request, Response

from patchbay_kit.errors import not_found
from patchbay_kit.http import (
    Page,
    PageParams,
    Reader,
    TransactionalRoute,
    Uow,
    check_if_match,
    etag,
    require,
)
from patchbay_kit.http.ids import checked_id
from ticket_svc.assets import service
from ticket_svc.assets.schemas import AssetChange, AssetView, NewAsset
from ticket_svc.assets.tables import Asset
from ticket_svc.params import QueryId, QueryText

router = APIRouter(
    prefix="/v1/assets",
    tags=["assets"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.get("", summary="Assets, newest first")
async def list_assets(
    session: Reader, page: PageParams, account_id: QueryId = None, q: QueryText = None
) -> Page[AssetView]:
    """`q` is a part of the name or serial number."""
    assets = await service.page_of_assets(session, account_id, q, page)
    return page.page(assets, key=lambda row: (row.id,), item=AssetView.model_validate)


@router.post("", status_code=201, summary="Add an asset")
async def create_asset(body: NewAsset, uow: Uow, response: Response) -> AssetView:
    """A device of an account; remote devices can be linked to it from now on."""
    asset = await service.create(uow, body)
    response.headers["Location"] = f"/v1/assets/{asset.id}"
    return _view(asset, response)


@router.get("/{asset_id}", summary="One asset")
async def read_asset(asset_id: str, session: Reader, response: Response) -> AssetView:
    """The ETag is the version."""
    asset = await session.get(Asset, checked_id(asset_id, "asset"))
    if asset is None:
        raise not_found("asset", asset_id)
    return _view(asset, response)


@router.patch("/{asset_id}", summary="Change an asset")
async def patch_asset(
    asset_id: str, body: AssetChange, request: Request, uow: Uow, response: Response
) -> AssetView:
    """Only what is sent changes; an asset stays with its account."""
    asset = await service.locked(uow, checked_id(asset_id, "asset"))
    check_if_match(request, asset.version)
    await service.change(uow, asset, body.model_dump(exclude_unset=True))
    return _view(asset, response)


def _view(asset: Asset, response: Response) -> AssetView:
    response.headers["ETag"] = etag(asset.version)
    return AssetView.model_validate(asset)
