"""What exports hold: the API's own lists, with the columns of the imports first."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.http import PageRequest
from ticket_svc.accounts.lists import (
    AccountFilter,
    ContactFilter,
    page_of_accounts,
    page_of_contacts,
)
from ticket_svc.accounts.tables import Account, Contact
from ticket_svc.assets.reading import AssetFilter, page_of_assets
from ticket_svc.transfer import accounts, assets, contacts
from ticket_svc.transfer.exporting import Cells, Listing

_ACCOUNT = ("account_id", "account_name")
_MADE = ("archived_at", "created_at")


def account_listing(wanted: AccountFilter) -> Listing:
    """Accounts, as they can be imported."""
    columns = ("id", *accounts.FIELDS, "auto_created", *_MADE)

    async def read(session: AsyncSession, page: PageRequest) -> list[Account]:
        return await page_of_accounts(session, wanted, page)

    return Listing(columns, read, Account.model_dump, record="account")


def contact_listing(wanted: ContactFilter) -> Listing:
    """Contacts, as they can be imported."""
    columns = ("id", *_ACCOUNT, *contacts.FIELDS, *_MADE)

    async def read(session: AsyncSession, page: PageRequest) -> list[Contact]:
        return await page_of_contacts(session, wanted, page)

    return Listing(columns, read, Contact.model_dump, record="contact")


def asset_listing(wanted: AssetFilter) -> Listing:
    """Assets, as they can be imported: `location` is empty where it is the account's main one."""
    columns = ("id", *_ACCOUNT, *assets.FIELDS, "location", "department", *_MADE)

    async def read(session: AsyncSession, page: PageRequest) -> Sequence[Row[Any]]:
        return await page_of_assets(session, wanted, page)

    def cells(row: Row[Any]) -> Cells:
        own = row.location_id is not None
        location = row.place_name if own else None
        return {**row._mapping, "location": location, "department": row.department_name}

    return Listing(columns, read, cells, record="asset")
