"""Assets of accounts."""

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patchbay_contracts import AssetCreated
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import invalid, not_found
from patchbay_kit.http import PageRequest, keyset
from patchbay_kit.ids import new_id
from ticket_svc.accounts.tables import Account
from ticket_svc.assets.schemas import NewAsset
from ticket_svc.assets.tables import Asset
from ticket_svc.params import contains


async def create(uow: UnitOfWork, wanted: NewAsset) -> Asset:
    """A new asset; AssetCreated."""
    if await uow.session.get(Account, wanted.account_id) is None:
        raise invalid("account_unknown", "No such account", field="/account_id")
    asset = Asset(id=new_id(), **wanted.model_dump(), created_at=uow.now)
    uow.session.add(asset)
    await uow.session.flush()
    created = AssetCreated(
        asset_id=asset.id,
        account_id=asset.account_id,
        name=asset.name,
        serial_number=asset.serial_number,
        manufacturer=asset.manufacturer,
    )
    uow.publish(created, subject=asset.id, version=asset.version)
    return asset


async def locked(uow: UnitOfWork, asset_id: str) -> Asset:
    """The asset's record, locked; 404 `asset_not_found`."""
    asset = await uow.session.get(Asset, asset_id, with_for_update=True)
    if asset is None:
        raise not_found("asset", asset_id)
    return asset


async def change(uow: UnitOfWork, asset: Asset, changes: dict[str, Any]) -> None:
    """Write what differs."""
    differing = {name: new for name, new in changes.items() if getattr(asset, name) != new}
    if not differing:
        return
    for name, value in differing.items():
        setattr(asset, name, value)
    asset.version += 1
    await uow.session.flush()


async def page_of_assets(
    session: AsyncSession, account_id: str | None, q: str | None, page: PageRequest
) -> list[Asset]:
    """Newest first, one more than the page holds; `q` is a part of name or serial number."""
    statement = select(Asset)
    if account_id is not None:
        statement = statement.where(col(Asset.account_id) == account_id)
    if q:
        pattern = contains(q)
        columns = (col(Asset.name), col(Asset.serial_number))
        statement = statement.where(or_(*(each.ilike(pattern, escape="\\") for each in columns)))
    statement = keyset(statement, [col(Asset.id)], page)
    return list((await session.execute(statement)).scalars())
