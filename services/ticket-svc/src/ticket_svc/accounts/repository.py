"""Reading what belongs to an account."""

from typing import Any

from sqlalchemy import Boolean, Row, String, Table, column, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import IdType
from ticket_svc.accounts.tables import AccountDomain, Contact
from ticket_svc.employees.tables import Employee

_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]  # set by SQLModel
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
    return (await session.execute(statement.with_for_update(key_share=True))).scalar_one_or_none()
