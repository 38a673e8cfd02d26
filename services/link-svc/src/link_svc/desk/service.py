"""Keeps the read models of accounts and assets; the newest version wins."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Subquery, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from link_svc.desk.tables import ACCOUNT, ACCOUNT_MERGE, ASSET
from patchbay_contracts import (
    AccountCreated,
    AccountMerged,
    AccountRenamed,
    AccountUnmerged,
    AssetCreated,
    AssetUpdated,
    Envelope,
)
from patchbay_kit.db import UnitOfWork
from patchbay_kit.db.merge import merge_newer

_LONGEST_CHAIN = 20


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


async def keep_merges(
    uow: UnitOfWork, events: Sequence[Envelope[AccountMerged] | Envelope[AccountUnmerged]]
) -> None:
    """Take over which account went into which."""
    rows = [
        {
            "account_id": event.data.account_id,
            "into_id": getattr(event.data, "into_account_id", None),
            "version": event.aggregateversion,
        }
        for event in events
    ]
    await merge_newer(uow.session, ACCOUNT_MERGE, rows, rank=["version"])


async def standing_accounts(session: AsyncSession, ids: Iterable[str]) -> dict[str, str]:
    """For each account the one that stands for it after all merges: mostly itself."""
    stands = {account_id: account_id for account_id in ids}
    open_ids = set(stands.values())
    # Each round follows one merge; a ring cannot arise, but must not hang us either.
    for _ in range(_LONGEST_CHAIN if open_ids else 0):
        statement = select(ACCOUNT_MERGE.c.account_id, ACCOUNT_MERGE.c.into_id).where(
            ACCOUNT_MERGE.c.account_id.in_(sorted(open_ids)), ACCOUNT_MERGE.c.into_id.is_not(None)
        )
        went = {row.account_id: row.into_id for row in await session.execute(statement)}
        if not went:
            break
        stands = {first: went.get(last, last) for first, last in stands.items()}
        open_ids = set(went.values())
    return stands


async def accounts_behind(session: AsyncSession, ids: Iterable[str]) -> set[str]:
    """These accounts and all that went into them."""
    behind = newest = set(ids)
    for _ in range(_LONGEST_CHAIN if newest else 0):
        statement = select(ACCOUNT_MERGE.c.account_id).where(
            ACCOUNT_MERGE.c.into_id.in_(sorted(newest))
        )
        newest = set((await session.execute(statement)).scalars()) - behind
        if not newest:
            break
        behind = behind | newest
    return behind


async def keep_assets(
    uow: UnitOfWork, events: Sequence[Envelope[AssetCreated] | Envelope[AssetUpdated]]
) -> None:
    """Take over names of assets, and whose they are."""
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
