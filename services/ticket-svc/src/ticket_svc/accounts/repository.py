"""Reading accounts, contacts and domains."""

from typing import Any

from sqlalchemy import Boolean, Column, Row, String, Table, column, or_, select, table
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patchbay_kit.db import IdType
from patchbay_kit.http import PageRequest, keyset
from ticket_svc.accounts.tables import Account, AccountDomain, Contact
from ticket_svc.employees.tables import Employee
from ticket_svc.params import contains
from ticket_svc.records import is_archived

_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]  # set by SQLModel
_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]
_DOMAIN: Table = AccountDomain.__table__  # type: ignore[attr-defined]
_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]
# Named, not imported: locations stand on accounts, and not the other way round.
_LOCATION_TEXTS = ("name", "street", "city", "region", "postal_code", "country", "phone")
_LOCATION = table(
    "location",
    column("id", IdType),
    column("account_id", IdType),
    column("is_main", Boolean),
    *(column(name, String) for name in _LOCATION_TEXTS),
)
SHOWN_CONTACTS = 100


async def page_of_accounts(
    session: AsyncSession,
    page: PageRequest,
    *,
    q: str | None,
    auto_created: bool | None,
    manager_id: str | None,
    archived: bool,
) -> list[Account]:
    """Newest first, one more than the page holds; `q` is a part of name, address or mail domain.

    Accounts that were merged into others are left out.
    """
    statement = select(Account).where(
        is_archived(_ACCOUNT.c.archived_at, archived), _ACCOUNT.c.merged_into_id.is_(None)
    )
    if auto_created is not None:
        statement = statement.where(col(Account.auto_created).is_(auto_created))
    if manager_id is not None:
        statement = statement.where(col(Account.manager_id) == manager_id)
    if q:
        pattern = contains(q)
        columns = (_ACCOUNT.c.name, _ACCOUNT.c.email1, _ACCOUNT.c.email2)
        domains = select(_DOMAIN.c.account_id).where(_DOMAIN.c.domain.ilike(pattern, escape="\\"))
        statement = statement.where(or_(_like(columns, q), _ACCOUNT.c.id.in_(domains)))
    statement = keyset(statement, [col(Account.id)], page)
    return list((await session.execute(statement)).scalars())


async def page_of_contacts(
    session: AsyncSession, account_id: str | None, q: str | None, archived: bool, page: PageRequest
) -> list[Contact]:
    """Newest first, one more than the page holds; `q` is a part of name or address."""
    statement = select(Contact).where(is_archived(_CONTACT.c.archived_at, archived))
    if account_id is not None:
        statement = statement.where(col(Contact.account_id) == account_id)
    if q:
        columns = (_CONTACT.c.name, _CONTACT.c.email1, _CONTACT.c.email2)
        statement = statement.where(_like(columns, q))
    statement = keyset(statement, [col(Contact.id)], page)
    return list((await session.execute(statement)).scalars())


async def domains_of(session: AsyncSession, account_id: str) -> list[str]:
    """The account's mail domains, in order."""
    statement = select(_DOMAIN.c.domain).where(_DOMAIN.c.account_id == account_id)
    return list((await session.execute(statement.order_by(_DOMAIN.c.domain))).scalars())


async def contacts_of(session: AsyncSession, account_id: str) -> list[Contact]:
    """The account's contacts that are not archived: the main one first, then as they came."""
    statement = select(Contact).where(
        _CONTACT.c.account_id == account_id, _CONTACT.c.archived_at.is_(None)
    )
    statement = statement.order_by(_CONTACT.c.is_main.desc(), _CONTACT.c.id)
    return list((await session.execute(statement.limit(SHOWN_CONTACTS + 1))).scalars())


async def main_location_of(session: AsyncSession, account_id: str) -> Row[Any] | None:
    """The account's main location."""
    statement = select(_LOCATION).where(_LOCATION.c.account_id == account_id, _LOCATION.c.is_main)
    return (await session.execute(statement)).one_or_none()


async def employee_named(session: AsyncSession, employee_id: str | None) -> Row[Any] | None:
    """An employee's id, name and whether they are active."""
    if employee_id is None:
        return None
    statement = select(_EMPLOYEE.c.id, _EMPLOYEE.c.name, _EMPLOYEE.c.active)
    return (await session.execute(statement.where(_EMPLOYEE.c.id == employee_id))).one_or_none()


async def main_contact(session: AsyncSession, account_id: str) -> Contact | None:
    """The account's main contact, locked."""
    statement = select(Contact).where(_CONTACT.c.account_id == account_id, _CONTACT.c.is_main)
    return (await session.execute(statement.with_for_update())).scalar_one_or_none()


def _like(columns: tuple[Column[Any], ...], q: str) -> Any:
    return or_(*(each.ilike(contains(q), escape="\\") for each in columns))
