"""Bulk actions on accounts, contacts and assets, by the functions that the single calls use.

Promise: accounts are locked in the order of their ids, before any record of them, so that two bulks
wait for each other and never both.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select

from patchbay_kit.db import UnitOfWork
from ticket_svc import records
from ticket_svc.accounts import contacts
from ticket_svc.accounts import service as accounts
from ticket_svc.accounts.belonging import locked_in_account
from ticket_svc.accounts.tables import Account, Contact
from ticket_svc.assets import service as assets
from ticket_svc.assets.tables import Asset
from ticket_svc.bulk.runner import run_bulk
from ticket_svc.bulk.schemas import AccountBulk, AssetBulk, ContactBulk, RecordResult

_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]  # set by SQLModel
_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]
_ASSET: Table = Asset.__table__  # type: ignore[attr-defined]

Act = Callable[[UnitOfWork, Any], Awaitable[object]]
_ACCOUNT_ACTS: Mapping[str, Act] = {
    "archive": accounts.archive_account,
    "restore": accounts.restore_account,
}
_CONTACT_ACTS: Mapping[str, Act] = {
    "archive": contacts.archive_contact,
    "restore": contacts.restore_contact,
}
_ASSET_ACTS: Mapping[str, Act] = {
    "archive": assets.archive_asset,
    "restore": assets.restore_asset,
}


async def bulk_accounts(uow: UnitOfWork, wanted: AccountBulk) -> list[RecordResult]:
    """Do the action on each account; see `run_bulk`."""
    await _lock_accounts(uow, _ids(wanted.ids))
    action = wanted.action

    async def load(key: str) -> Account:
        return await records.locked(uow, Account, key, "account")

    async def act(account: Account) -> None:
        if action.kind == "change":
            sent = action.fields.model_dump(exclude_unset=True)
            await accounts.change_account(uow, account, sent)
        else:
            await _ACCOUNT_ACTS[action.kind](uow, account)

    return await run_bulk(uow, _ACCOUNT, wanted, load, act)


async def bulk_contacts(uow: UnitOfWork, wanted: ContactBulk) -> list[RecordResult]:
    """Do the action on each contact; see `run_bulk`."""
    await _lock_owners(uow, _CONTACT, wanted.ids)
    action = wanted.action

    async def load(key: str) -> Contact:
        return await locked_in_account(uow, Contact, key, "contact")

    async def act(contact: Contact) -> None:
        if action.kind == "change":
            sent = action.fields.model_dump(exclude_unset=True)
            await contacts.change_contact(uow, contact, sent)
        else:
            await _CONTACT_ACTS[action.kind](uow, contact)

    return await run_bulk(uow, _CONTACT, wanted, load, act)


async def bulk_assets(uow: UnitOfWork, wanted: AssetBulk) -> list[RecordResult]:
    """Do the action on each asset; see `run_bulk`."""
    await _lock_owners(uow, _ASSET, wanted.ids)
    action = wanted.action

    async def load(key: str) -> Asset:
        return await locked_in_account(uow, Asset, key, "asset")

    async def act(asset: Asset) -> None:
        if action.kind == "change":
            sent = action.fields.model_dump(exclude_unset=True)
            await assets.change_asset(uow, asset, sent)
        else:
            await _ASSET_ACTS[action.kind](uow, asset)

    return await run_bulk(uow, _ASSET, wanted, load, act)


async def _lock_owners(uow: UnitOfWork, table: Table, keys: Sequence[str]) -> None:
    """Lock the accounts of the records. One that is merged away meanwhile is locked out of turn:
    the database ends a deadlock then, and the caller repeats.
    """
    owners = select(table.c.account_id).where(table.c.id.in_(_ids(keys))).distinct()
    await _lock_accounts(uow, list(await uow.session.scalars(owners)))


async def _lock_accounts(uow: UnitOfWork, ids: Sequence[str]) -> None:
    rows = select(_ACCOUNT.c.id).where(_ACCOUNT.c.id.in_(ids)).order_by(_ACCOUNT.c.id)
    await uow.session.execute(rows.with_for_update(key_share=True))


def _ids(keys: Sequence[str]) -> list[str]:
    """Those that can be ids at all, as the tables hold them."""
    found = []
    for key in keys:
        try:
            found.append(str(UUID(key)))
        except ValueError:
            continue
    return found
