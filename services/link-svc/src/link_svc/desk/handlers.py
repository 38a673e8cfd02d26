"""Events of ticket-svc that carry names."""

from collections.abc import Sequence

from link_svc.desk.service import keep_accounts, keep_assets
from patchbay_contracts import AccountRenamed, AssetCreated, AssetUpdated, Envelope
from patchbay_kit.db import UnitOfWork


async def on_account_renamed(uow: UnitOfWork, events: Sequence[Envelope[AccountRenamed]]) -> None:
    """Lists show the new name."""
    await keep_accounts(uow, events)


async def on_asset_created(uow: UnitOfWork, events: Sequence[Envelope[AssetCreated]]) -> None:
    """Devices can be linked to it from now on."""
    await keep_assets(uow, events)


async def on_asset_updated(uow: UnitOfWork, events: Sequence[Envelope[AssetUpdated]]) -> None:
    """Lists show the new name and account."""
    await keep_assets(uow, events)
