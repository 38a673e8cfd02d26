"""The recipients of tickets as people: roles are resolved now, when mail is sent (ruling
S2-126).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Table, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import PersonRef
from ticket_svc.accounts.tables import Account
from ticket_svc.employees.tables import Employee
from ticket_svc.tickets.muting import not_muted
from ticket_svc.tickets.people import ACCOUNT_MANAGER, TICKET_MANAGER
from ticket_svc.tickets.placement import Subscriber
from ticket_svc.tickets.tables import Recipient, Ticket

_RECIPIENT: Table = Recipient.__table__  # type: ignore[attr-defined]  # set by SQLModel
_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]
_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]
_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]


async def subscribers_of(
    session: AsyncSession, ticket_ids: Iterable[str]
) -> dict[str, list[Subscriber]]:
    """Subscribers by ticket id, in the order in which they were added."""
    wanted = sorted(set(ticket_ids))
    if not wanted:
        return {}
    employee_id = _person_behind()
    statement = (
        select(
            _RECIPIENT,
            _TICKET.c.manager_id,
            _EMPLOYEE.c.id.label("person_id"),
            _EMPLOYEE.c.name.label("person_name"),
            func.coalesce(_EMPLOYEE.c.email1, _EMPLOYEE.c.email2).label("person_email"),
        )
        .join(_TICKET, _TICKET.c.id == _RECIPIENT.c.ticket_id)
        .join(_ACCOUNT, _ACCOUNT.c.id == _TICKET.c.account_id)
        .outerjoin(_EMPLOYEE, and_(employee_id, _EMPLOYEE.c.active, not_muted()))
        .where(_RECIPIENT.c.ticket_id.in_(wanted))
        .order_by(_RECIPIENT.c.ticket_id, _RECIPIENT.c.id)
    )
    rows = (await session.execute(statement)).all()
    externals = {row.email for row in rows if row.list_name == "external" and row.email}
    ours = await sole_employees(session, externals)
    found: dict[str, list[Subscriber]] = {}
    for row in rows:
        subscriber = _subscriber(row, ours)
        if subscriber is not None:
            found.setdefault(row.ticket_id, []).append(subscriber)
    return found


async def sole_employees(session: AsyncSession, addresses: Iterable[str]) -> dict[str, str]:
    """Ids of active employees by address; one that two of them have names neither (S2-107)."""
    wanted = sorted(set(addresses))
    if not wanted:
        return {}
    columns = (_EMPLOYEE.c.email1, _EMPLOYEE.c.email2)
    statement = select(_EMPLOYEE.c.id, *columns).where(
        _EMPLOYEE.c.active, or_(*(each.in_(wanted) for each in columns))
    )
    holders: dict[str, set[str]] = {}
    for row in await session.execute(statement):
        for address in {row.email1, row.email2} & set(wanted):
            holders.setdefault(address, set()).add(row.id)
    return {address: min(ids) for address, ids in holders.items() if len(ids) == 1}


def _person_behind() -> Any:
    """The employee of a row: named, or in the row's role."""
    return or_(
        _EMPLOYEE.c.id == _RECIPIENT.c.employee_id,
        and_(_RECIPIENT.c.role == TICKET_MANAGER, _EMPLOYEE.c.id == _TICKET.c.manager_id),
        and_(_RECIPIENT.c.role == ACCOUNT_MANAGER, _EMPLOYEE.c.id == _ACCOUNT.c.manager_id),
    )


def _subscriber(row: Any, ours: Mapping[str, str]) -> Subscriber | None:
    if row.list_name == "external":
        if not row.email:
            return None
        person = PersonRef(
            id=row.contact_id,
            kind="contact" if row.contact_id else "address",
            name=row.name,
            email=row.email,
        )
        return Subscriber(person, "external", row.place, employee_id=ours.get(row.email))
    if not row.person_email:
        return None
    person = PersonRef(
        id=row.person_id, kind="employee", name=row.person_name, email=row.person_email
    )
    return Subscriber(person, "employee", is_manager=row.person_id == row.manager_id)
