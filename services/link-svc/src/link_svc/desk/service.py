"""Keeps the read models of accounts and assets; the newest version wins."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Subquery, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from link_svc.desk.tables import ACCOUNT, ASSET
from link_svc.merging import merge_newer
from patchbay_contracts import AccountCreated, AccountRenamed, AssetCreated, Envelope
from patchbay_kit.db import UnitOfWork


async def keep_accounts(
    uow: UnitOfWork, events: Sequence[Envelope[AccountCreated] | Envelope[AccountRenamed]]
) -> None:
    """Take over names of accounts."""
    rows = [
        {
            "account_id": event.data.account_id,
            "name": event.data.name,
            "auto_created": event.data.auto_created,
            "version": event.aggregateversion,
        }
        for event in events
    ]
    await merge_newer(uow.session, ACCOUNT, rows, rank=["version"])


async def keep_assets(uow: UnitOfWork, events: Sequence[Envelope[AssetCreated]]) -> None:
    """Take over names of assets."""
    rows = [
        {
            "asset_id": event.data.asset_id,
            "account_id": event.data.account_id,
            "name": event.data.name,
            "serial_number": event.data.serial_number,
            "version": event.aggregateversion,
        }
        for event in events
    ]
    await merge_newer(uow.session, ASSET, rows, rank=["version"])


async def account_exists(session: AsyncSession, account_id: str) -> bool:
    """Whether ticket-svc has told about this account."""
    found: Any = await session.scalar(select(exists().where(ACCOUNT.c.account_id == account_id)))
    return bool(found)


async def asset_exists(session: AsyncSession, asset_id: str) -> bool:
    """Whether ticket-svc has told about this asset."""
    found: Any = await session.scalar(select(exists().where(ASSET.c.asset_id == asset_id)))
    return bool(found)


def accounts() -> Subquery:
    """Accounts as a relation to join: account_id, name, auto_created."""
    return select(ACCOUNT.c.account_id, ACCOUNT.c.name, ACCOUNT.c.auto_created).subquery("account")


def assets() -> Subquery:
    """Assets as a relation to join: asset_id, account_id, name."""
    return select(ASSET.c.asset_id, ASSET.c.account_id, ASSET.c.name).subquery("asset")
