"""Reading tickets: Core selects only, one statement a question."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.http import PageRequest, keyset
from ticket_svc.accounts.tables import Account, Contact
from ticket_svc.assets.tables import Asset
from ticket_svc.employees.tables import Employee
from ticket_svc.params import contains
from ticket_svc.tickets.people import ACCOUNT_MANAGER, TICKET_MANAGER
from ticket_svc.tickets.tables import Decision, HistoryEntry, Recipient, Ticket

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel
_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]
_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]
_ASSET: Table = Asset.__table__  # type: ignore[attr-defined]
_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]
_HISTORY: Table = HistoryEntry.__table__  # type: ignore[attr-defined]
_DECISION: Table = Decision.__table__  # type: ignore[attr-defined]
_RECIPIENT: Table = Recipient.__table__  # type: ignore[attr-defined]

_LIST_COLUMNS = [column for column in _TICKET.c if column.name != "description"]
_NEIGHBOURS = (
    _ACCOUNT.c.name.label("account_name"),
    _ASSET.c.name.label("asset_name"),
    _EMPLOYEE.c.name.label("manager_name"),
    func.coalesce(_EMPLOYEE.c.email1, _EMPLOYEE.c.email2).label("manager_email"),
)


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What a list is narrowed to; None means any.

    `view`: inbox, all, open or closed (S2-25, S2-26).
    """

    view: str = "all"
    status: str | None = None
    account_id: str | None = None
    manager_id: str | None = None
    number: str | None = None
    connection_id: str | None = None
    remote_ticket_id: str | None = None
    q: str | None = None


async def page_of_tickets(
    session: AsyncSession, wanted: TicketFilter, page: PageRequest
) -> list[Row[Any]]:
    """Newest first, one row more than the page holds."""
    statement = _with_neighbours(select(*_LIST_COLUMNS, *_NEIGHBOURS)).where(*_where(wanted))
    return list((await session.execute(keyset(statement, [_TICKET.c.id], page))).all())


async def find_ticket(session: AsyncSession, condition: ColumnElement[bool]) -> Row[Any] | None:
    """A ticket with its neighbours' names and its contact."""
    contact = (
        _CONTACT.c.name.label("contact_name"),
        func.coalesce(_CONTACT.c.email1, _CONTACT.c.email2).label("contact_email"),
    )
    statement = _with_neighbours(select(_TICKET, *_NEIGHBOURS, *contact)).outerjoin(
        _CONTACT, _CONTACT.c.id == _TICKET.c.contact_id
    )
    return (await session.execute(statement.where(condition))).one_or_none()


async def ticket_key(session: AsyncSession, condition: ColumnElement[bool]) -> Row[Any] | None:
    """Id and number."""
    statement = select(_TICKET.c.id, _TICKET.c.number).where(condition)
    return (await session.execute(statement)).one_or_none()


def by_id(ticket_id: str) -> ColumnElement[bool]:
    """The ticket with this id."""
    return _TICKET.c.id == ticket_id


def by_number(number: str) -> ColumnElement[bool]:
    """The ticket with this number."""
    return _TICKET.c.number == number


async def page_of_history(
    session: AsyncSession, ticket_id: str, kind: str | None, page: PageRequest
) -> list[Row[Any]]:
    """Oldest first, in the order of writing."""
    statement = select(_HISTORY).where(_HISTORY.c.ticket_id == ticket_id)
    if kind is not None:
        statement = statement.where(_HISTORY.c.kind == kind)
    statement = keyset(statement, [_HISTORY.c.id], page, descending=False)
    return list((await session.execute(statement)).all())


async def decisions_of(session: AsyncSession, ticket_id: str) -> list[Row[Any]]:
    """Every decision about the ticket, oldest first."""
    statement = select(_DECISION).where(_DECISION.c.ticket_id == ticket_id)
    return list((await session.execute(statement.order_by(_DECISION.c.id))).all())


async def recipients_of(session: AsyncSession, ticket_id: str) -> list[Row[Any]]:
    """The rows of both lists, with the employee behind each as of now (S2-126)."""
    behind = or_(
        _EMPLOYEE.c.id == _RECIPIENT.c.employee_id,
        and_(_RECIPIENT.c.role == TICKET_MANAGER, _EMPLOYEE.c.id == _TICKET.c.manager_id),
        and_(_RECIPIENT.c.role == ACCOUNT_MANAGER, _EMPLOYEE.c.id == _ACCOUNT.c.manager_id),
    )
    statement = (
        select(
            _RECIPIENT,
            _EMPLOYEE.c.name.label("person_name"),
            func.coalesce(_EMPLOYEE.c.email1, _EMPLOYEE.c.email2).label("person_email"),
        )
        .join(_TICKET, _TICKET.c.id == _RECIPIENT.c.ticket_id)
        .join(_ACCOUNT, _ACCOUNT.c.id == _TICKET.c.account_id)
        .outerjoin(_EMPLOYEE, and_(behind, _EMPLOYEE.c.active))
        .where(_RECIPIENT.c.ticket_id == ticket_id)
        .order_by(_RECIPIENT.c.id)
    )
    return list((await session.execute(statement)).all())


def _with_neighbours(statement: Select[Any]) -> Select[Any]:
    return (
        statement.select_from(_TICKET)
        .join(_ACCOUNT, _ACCOUNT.c.id == _TICKET.c.account_id)
        .outerjoin(_ASSET, _ASSET.c.id == _TICKET.c.asset_id)
        .outerjoin(_EMPLOYEE, _EMPLOYEE.c.id == _TICKET.c.manager_id)
    )


def _where(wanted: TicketFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.view == "inbox":
        conditions.append(_TICKET.c.in_inbox)
    elif wanted.view != "all":
        conditions.append(_TICKET.c.status_class == wanted.view)
    same = ("status", "account_id", "manager_id", "number", "connection_id", "remote_ticket_id")
    for name in same:
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(_TICKET.c[name] == value)
    if wanted.q:
        pattern = contains(wanted.q)
        conditions.append(
            or_(
                _TICKET.c.subject.ilike(pattern, escape="\\"),
                _TICKET.c.number.like(pattern, escape="\\"),
            )
        )
    return conditions
