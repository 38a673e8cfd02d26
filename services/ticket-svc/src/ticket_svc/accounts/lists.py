"""Lists of accounts and contacts, for the API and for exports: newest first, one more than the page
holds.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.http import PageRequest, keyset
from ticket_svc.accounts.tables import Account, AccountDomain, Contact
from ticket_svc.params import contains
from ticket_svc.records import is_archived

_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]  # set by SQLModel
_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]
_DOMAIN: Table = AccountDomain.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """None means any. `q` is a part of name, address or mail domain."""

    q: str | None = None
    auto_created: bool | None = None
    manager_id: str | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """None means any. `q` is a part of name or address."""

    account_id: str | None = None
    q: str | None = None
    archived: bool = False


async def page_of_accounts(
    session: AsyncSession, wanted: AccountFilter, page: PageRequest
) -> list[Account]:
    """Accounts that were merged into others are left out."""
    statement = select(Account).where(
        is_archived(_ACCOUNT.c.archived_at, wanted.archived), _ACCOUNT.c.merged_into_id.is_(None)
    )
    if wanted.auto_created is not None:
        statement = statement.where(_ACCOUNT.c.auto_created.is_(wanted.auto_created))
    if wanted.manager_id is not None:
        statement = statement.where(_ACCOUNT.c.manager_id == wanted.manager_id)
    if wanted.q:
        domain = _like([_DOMAIN.c.domain], wanted.q)
        of_domain = _ACCOUNT.c.id.in_(select(_DOMAIN.c.account_id).where(domain))
        columns = [_ACCOUNT.c.name, _ACCOUNT.c.email1, _ACCOUNT.c.email2]
        statement = statement.where(or_(_like(columns, wanted.q), of_domain))
    return list((await session.execute(keyset(statement, [_ACCOUNT.c.id], page))).scalars())


async def page_of_contacts(
    session: AsyncSession, wanted: ContactFilter, page: PageRequest
) -> list[Contact]:
    """Contacts of all accounts, or of one."""
    statement = select(Contact).where(is_archived(_CONTACT.c.archived_at, wanted.archived))
    if wanted.account_id is not None:
        statement = statement.where(_CONTACT.c.account_id == wanted.account_id)
    if wanted.q:
        columns = [_CONTACT.c.name, _CONTACT.c.email1, _CONTACT.c.email2]
        statement = statement.where(_like(columns, wanted.q))
    return list((await session.execute(keyset(statement, [_CONTACT.c.id], page))).scalars())


def _like(columns: list[Column[Any]], q: str) -> ColumnElement[bool]:
    return or_(*(each.ilike(contains(q), escape="\\") for each in columns))
