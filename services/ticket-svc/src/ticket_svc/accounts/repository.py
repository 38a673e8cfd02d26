"""Reading accounts, contacts and domains."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patchbay_kit.http import PageRequest, keyset
from ticket_svc.accounts.tables import Account, AccountDomain, Contact
from ticket_svc.employees.tables import Employee
from ticket_svc.params import contains


async def page_of_accounts(
    session: AsyncSession, q: str | None, auto_created: bool | None, page: PageRequest
) -> list[Account]:
    """Newest first, one more than the page holds; `q` is a part of name or address."""
    statement = select(Account)
    if auto_created is not None:
        statement = statement.where(col(Account.auto_created).is_(auto_created))
    if q:
        pattern = contains(q)
        columns = (col(Account.name), col(Account.email1), col(Account.email2))
        statement = statement.where(or_(*(each.ilike(pattern, escape="\\") for each in columns)))
    statement = keyset(statement, [col(Account.id)], page)
    return list((await session.execute(statement)).scalars())


async def page_of_contacts(
    session: AsyncSession, account_id: str | None, q: str | None, page: PageRequest
) -> list[Contact]:
    """Newest first, one more than the page holds."""
    statement = select(Contact)
    if account_id is not None:
        statement = statement.where(col(Contact.account_id) == account_id)
    if q:
        pattern = contains(q)
        columns = (col(Contact.name), col(Contact.email1), col(Contact.email2))
        statement = statement.where(or_(*(each.ilike(pattern, escape="\\") for each in columns)))
    statement = keyset(statement, [col(Contact.id)], page)
    return list((await session.execute(statement)).scalars())


async def domains_of(session: AsyncSession, account_id: str) -> list[str]:
    """The account's mail domains, in order."""
    statement = select(col(AccountDomain.domain)).where(col(AccountDomain.account_id) == account_id)
    return list((await session.execute(statement.order_by(col(AccountDomain.domain)))).scalars())


async def active_employee(session: AsyncSession, employee_id: str) -> bool:
    """Whether such an employee is there and active."""
    statement = select(col(Employee.id)).where(
        col(Employee.id) == employee_id, col(Employee.active)
    )
    return await session.scalar(statement) is not None


async def main_contacts(session: AsyncSession, account_id: str) -> list[Contact]:
    """The account's main contact, in a list."""
    statement = select(Contact).where(col(Contact.account_id) == account_id, col(Contact.is_main))
    return list((await session.execute(statement.with_for_update())).scalars())
