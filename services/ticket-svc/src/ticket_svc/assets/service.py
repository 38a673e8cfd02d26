"""Assets of accounts."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import AssetCreated, AssetUpdated
from patchbay_kit.db import UnitOfWork
from patchbay_kit.ids import new_id
from ticket_svc.accounts.belonging import active_account, belonging, refuse_archived
from ticket_svc.accounts.tables import Account
from ticket_svc.assets.schemas import NewAsset
from ticket_svc.assets.tables import Asset
from ticket_svc.custom_fields.service import check_custom_fields
from ticket_svc.departments.tables import Department
from ticket_svc.locations.tables import Location
from ticket_svc.records import apply, archive, differing, restore

RECORD = "asset"


async def create_asset(uow: UnitOfWork, wanted: NewAsset) -> Asset:
    """A new asset of an active account; AssetCreated."""
    return await add_asset(uow, await active_account(uow, wanted.account_id), wanted)


async def add_asset(uow: UnitOfWork, account: Account, wanted: NewAsset) -> Asset:
    """The same, for an account that the caller has locked; 422 where it is archived."""
    refuse_archived(account)
    values = wanted.model_dump()
    await _check(uow.session, wanted.account_id, values)
    values["custom_fields"] = await check_custom_fields(
        uow.session, RECORD, {}, wanted.custom_fields
    )
    asset = Asset(id=new_id(), **values, created_at=uow.now)
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


async def change_asset(uow: UnitOfWork, asset: Asset, changes: Mapping[str, Any]) -> list[str]:
    """Write what differs; AssetUpdated. The names of what changed."""
    wanted = dict(changes)
    if "custom_fields" in wanted:
        wanted["custom_fields"] = await check_custom_fields(
            uow.session, RECORD, asset.custom_fields, wanted["custom_fields"]
        )
    wanted = differing(asset, wanted)
    await _check(uow.session, asset.account_id, wanted)
    changed = await apply(uow, asset, wanted)
    _tell(uow, asset, changed)
    return changed


async def archive_asset(uow: UnitOfWork, asset: Asset) -> None:
    """Archive it: tickets keep it, and it is not offered any more."""
    _tell(uow, asset, await archive(uow, asset))


async def restore_asset(uow: UnitOfWork, asset: Asset) -> None:
    """It is offered again."""
    _tell(uow, asset, await restore(uow, asset))


async def _check(session: AsyncSession, account_id: str, values: Mapping[str, Any]) -> None:
    """What is newly chosen must be offered by the asset's account (S3-46, S3-50)."""
    if values.get("location_id") is not None:
        await belonging(session, Location, values["location_id"], account_id, "location")
    if values.get("department_id") is not None:
        await belonging(session, Department, values["department_id"], account_id, "department")


def _tell(uow: UnitOfWork, asset: Asset, changed: list[str]) -> None:
    if not changed:
        return
    updated = AssetUpdated(
        asset_id=asset.id,
        account_id=asset.account_id,
        name=asset.name,
        serial_number=asset.serial_number,
        manufacturer=asset.manufacturer,
        archived=asset.archived_at is not None,
        changed=changed,
    )
    uow.publish(updated, subject=asset.id, version=asset.version)
