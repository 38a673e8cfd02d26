"""What a new ticket needs to know of its account, for many accounts in one query."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import PersonRef
from patchbay_kit.db import key_in
from ticket_svc.accounts.tables import Account, Contact
from ticket_svc.contracts.tables import Contract
from ticket_svc.employees.tables import Employee

_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]  # set by SQLModel
_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]
_CONTRACT: Table = Contract.__table__  # type: ignore[attr-defined]
_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """An account with its manager, the address of its main contact, and the contract that its new
    tickets get (X-21), where it has them.
    """

    id: str
    name: str
    manager: PersonRef | None
    main_contact: PersonRef | None
    contract_id: str | None = None


async def account_facts(session: AsyncSession, ids: Iterable[str]) -> dict[str, AccountFacts]:
    """Facts by account id. Without a main contact the account's own address stands in (S2-129)."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    statement = (
        select(
            _ACCOUNT.c.id,
            _ACCOUNT.c.name,
            func.coalesce(_ACCOUNT.c.email1, _ACCOUNT.c.email2).label("email"),
            _EMPLOYEE.c.id.label("manager_id"),
            _EMPLOYEE.c.name.label("manager_name"),
            func.coalesce(_EMPLOYEE.c.email1, _EMPLOYEE.c.email2).label("manager_email"),
            _CONTACT.c.id.label("contact_id"),
            _CONTACT.c.name.label("contact_name"),
            func.coalesce(_CONTACT.c.email1, _CONTACT.c.email2).label("contact_email"),
            _CONTRACT.c.id.label("contract_id"),
        )
        .outerjoin(_EMPLOYEE, and_(_EMPLOYEE.c.id == _ACCOUNT.c.manager_id, _EMPLOYEE.c.active))
        .outerjoin(_CONTACT, and_(_CONTACT.c.account_id == _ACCOUNT.c.id, _CONTACT.c.is_main))
        .outerjoin(
            _CONTRACT,
            and_(
                _CONTRACT.c.account_id == _ACCOUNT.c.id,
                _CONTRACT.c.is_default,
                _CONTRACT.c.closed_at.is_(None),
                _CONTRACT.c.archived_at.is_(None),
            ),
        )
        .where(key_in(session, [_ACCOUNT.c.id], wanted))
    )
    return {row.id: facts_of(row) for row in await session.execute(statement)}


def facts_of(row: Any) -> AccountFacts:
    """The facts in a row with `account_facts`' names."""
    contact = manager = None
    if row.contact_email:
        contact = PersonRef(
            id=row.contact_id, kind="contact", name=row.contact_name, email=row.contact_email
        )
    elif row.email:
        contact = PersonRef(id=row.id, kind="account", name=row.name, email=row.email)
    if row.manager_id:
        manager = PersonRef(
            id=row.manager_id,
            kind="employee",
            name=row.manager_name,
            email=row.manager_email or "",
        )
    return AccountFacts(row.id, row.name, manager, contact, row.contract_id)


async def employee_ref(session: AsyncSession, employee_id: str | None) -> PersonRef | None:
    """An active employee as mail sees them."""
    if employee_id is None:
        return None
    row = (
        await session.execute(
            select(_EMPLOYEE.c.id, _EMPLOYEE.c.name, _EMPLOYEE.c.email1, _EMPLOYEE.c.email2).where(
                _EMPLOYEE.c.id == employee_id, _EMPLOYEE.c.active
            )
        )
    ).one_or_none()
    if row is None:
        return None
    email = row.email1 or row.email2 or ""
    return PersonRef(id=row.id, kind="employee", name=row.name, email=email)


async def all_mail_employees(session: AsyncSession) -> list[str]:
    """Employees who chose to receive all e-mail communication (S2-136)."""
    statement = select(_EMPLOYEE.c.id).where(_EMPLOYEE.c.receives_all_mail, _EMPLOYEE.c.active)
    return list((await session.execute(statement.order_by(_EMPLOYEE.c.id))).scalars())
