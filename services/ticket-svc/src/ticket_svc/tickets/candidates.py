"""The menus from which recipients of a ticket are chosen (S2-126 .. S2-128)."""

from typing import Any

from sqlalchemy import Row, Table, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ticket_svc.accounts.tables import Account, Contact
from ticket_svc.employees.tables import Employee
from ticket_svc.tickets.people import ACCOUNT_MANAGER, TICKET_MANAGER
from ticket_svc.tickets.recipient_schemas import Candidate, Candidates
from ticket_svc.tickets.repository import recipients_of

_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]  # set by SQLModel
_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]
_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]

# A menu; whoever is not in it is found by searching contacts or employees.
MOST = 200


async def candidates_of(session: AsyncSession, ticket: Row[Any]) -> Candidates:
    """Those of the ticket's account with an address, and all active employees."""
    rows = await recipients_of(session, ticket.id)
    outside = [row for row in rows if row.list_name == "external"]
    addresses = {row.email for row in outside} | {row.contact_id for row in outside}
    people = {row.employee_id or row.role for row in rows if row.list_name == "employee"}
    account, contacts = await _account(session, ticket.account_id), []
    for row in await session.execute(_contacts(ticket.account_id)):
        contacts.append(_candidate("contact", row.id, row.name, row.email, addresses))
    own = []
    if account.email is not None:
        own.append(_candidate("account", account.id, account.name, account.email, addresses))
    employees = (await session.execute(_employees())).all()
    holders = {TICKET_MANAGER: ticket.manager_id, ACCOUNT_MANAGER: account.manager_id}
    by_id = {row.id: row for row in employees}
    return Candidates(
        external=[*contacts, *own],
        employees=[
            *(_role(role, by_id.get(holder), people) for role, holder in holders.items()),
            *(
                Candidate(
                    kind="employee",
                    id=row.id,
                    name=row.name,
                    email=row.email,
                    is_recipient=row.id in people,
                )
                for row in employees
            ),
        ],
    )


async def _account(session: AsyncSession, account_id: str) -> Row[Any]:
    email = func.coalesce(_ACCOUNT.c.email1, _ACCOUNT.c.email2).label("email")
    statement = select(_ACCOUNT.c.id, _ACCOUNT.c.name, _ACCOUNT.c.manager_id, email)
    return (await session.execute(statement.where(_ACCOUNT.c.id == account_id))).one()


def _contacts(account_id: str) -> Any:
    """The main contact first."""
    email = func.coalesce(_CONTACT.c.email1, _CONTACT.c.email2)
    return (
        select(_CONTACT.c.id, _CONTACT.c.name, email.label("email"))
        .where(
            _CONTACT.c.account_id == account_id,
            _CONTACT.c.archived_at.is_(None),
            email.is_not(None),
        )
        .order_by(_CONTACT.c.is_main.desc(), _CONTACT.c.name, _CONTACT.c.id)
        .limit(MOST)
    )


def _employees() -> Any:
    email = func.coalesce(_EMPLOYEE.c.email1, _EMPLOYEE.c.email2).label("email")
    statement = select(_EMPLOYEE.c.id, _EMPLOYEE.c.name, email).where(_EMPLOYEE.c.active)
    return statement.order_by(_EMPLOYEE.c.name, _EMPLOYEE.c.id).limit(MOST)


def _candidate(
    kind: Any, record_id: str, name: str, email: str, addresses: set[str | None]
) -> Candidate:
    here = email.lower() in addresses or record_id in addresses
    return Candidate(kind=kind, id=record_id, name=name, email=email, is_recipient=here)


def _role(role: str, holder: Row[Any] | None, people: set[str | None]) -> Candidate:
    return Candidate(
        kind="role",
        id=role,
        name=role.replace("_", " ").capitalize(),
        email=holder.email if holder is not None else None,
        is_recipient=role in people,
    )
