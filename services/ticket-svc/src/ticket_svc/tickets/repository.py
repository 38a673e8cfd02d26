"""Reading tickets: Core selects only, one statement a question."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.http import PageRequest, keyset
from ticket_svc.accounts.tables import Account, Contact
from ticket_svc.assets.tables import Asset
from ticket_svc.contracts.tables import Contract
from ticket_svc.employees.tables import Employee
from ticket_svc.params import contains
from ticket_svc.tickets.muting import MUTED, not_muted
from ticket_svc.tickets.people import ACCOUNT_MANAGER, TICKET_MANAGER
from ticket_svc.tickets.tables import HistoryEntry, Recipient, Ticket

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel
_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]
_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]
_CONTRACT: Table = Contract.__table__  # type: ignore[attr-defined]
_ASSET: Table = Asset.__table__  # type: ignore[attr-defined]
_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]
_HISTORY: Table = HistoryEntry.__table__  # type: ignore[attr-defined]
_RECIPIENT: Table = Recipient.__table__  # type: ignore[attr-defined]

_NEIGHBOURS = (
    _ACCOUNT.c.name.label("account_name"),
    _ASSET.c.name.label("asset_name"),
    _EMPLOYEE.c.name.label("manager_name"),
    func.coalesce(_EMPLOYEE.c.email1, _EMPLOYEE.c.email2).label("manager_email"),
)


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """What a history is narrowed to; None means any. `since` and `until` are about when things
    happened, `until` itself is not in it.
    """

    kinds: tuple[str, ...] = ()
    public: bool | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None
    newest_first: bool = False


async def find_ticket(session: AsyncSession, *conditions: ColumnElement[bool]) -> Row[Any] | None:
    """A ticket with its neighbours' names, its contact and its contract."""
    more = (
        _CONTACT.c.name.label("contact_name"),
        func.coalesce(_CONTACT.c.email1, _CONTACT.c.email2).label("contact_email"),
        _CONTRACT.c.name.label("contract_name"),
    )
    statement = (
        _with_neighbours(select(_TICKET, *_NEIGHBOURS, *more))
        .outerjoin(_CONTACT, _CONTACT.c.id == _TICKET.c.contact_id)
        .outerjoin(_CONTRACT, _CONTRACT.c.id == _TICKET.c.contract_id)
    )
    return (await session.execute(statement.where(*conditions))).one_or_none()


async def ticket_key(session: AsyncSession, *conditions: ColumnElement[bool]) -> Row[Any] | None:
    """Id and number."""
    statement = select(_TICKET.c.id, _TICKET.c.number).where(*conditions)
    return (await session.execute(statement)).one_or_none()


async def ticket_keys(
    session: AsyncSession, ids: set[str], numbers: set[str], *conditions: ColumnElement[bool]
) -> list[Row[Any]]:
    """Ids and numbers of the tickets that have one of the ids or numbers."""
    named = or_(_TICKET.c.id.in_(sorted(ids)), _TICKET.c.number.in_(sorted(numbers)))
    statement = select(_TICKET.c.id, _TICKET.c.number).where(named, *conditions)
    return list((await session.execute(statement)).all())


def by_id(ticket_id: str) -> ColumnElement[bool]:
    """The ticket with this id."""
    return _TICKET.c.id == ticket_id


def by_number(number: str) -> ColumnElement[bool]:
    """The ticket with this number."""
    return _TICKET.c.number == number


async def page_of_history(
    session: AsyncSession,
    ticket_id: str,
    wanted: HistoryFilter,
    page: PageRequest,
    *,
    public_only: bool = False,
) -> list[Row[Any]]:
    """In the order of writing, one row more than the page holds."""
    statement = select(_HISTORY).where(_HISTORY.c.ticket_id == ticket_id, *_entries(wanted))
    if public_only:
        statement = statement.where(_HISTORY.c.public)
    statement = keyset(statement, [_HISTORY.c.id], page, descending=wanted.newest_first)
    return list((await session.execute(statement)).all())


def _entries(wanted: HistoryFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.kinds:
        conditions.append(_HISTORY.c.kind.in_(wanted.kinds))
    if wanted.public is not None:
        conditions.append(_HISTORY.c.public.is_(wanted.public))
    if wanted.actor is not None:
        conditions.append(_HISTORY.c.actor == wanted.actor)
    if wanted.since is not None:
        conditions.append(_HISTORY.c.occurred_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(_HISTORY.c.occurred_at < wanted.until)
    if wanted.q:
        conditions.append(_HISTORY.c.text.ilike(contains(wanted.q), escape="\\"))
    return conditions


async def recipients_of(session: AsyncSession, ticket_id: str) -> list[Row[Any]]:
    """The rows of both lists, with the employee behind each as of now (S2-126); nobody is behind a
    role whose holder wants no mail of the ticket.
    """
    behind = or_(
        _EMPLOYEE.c.id == _RECIPIENT.c.employee_id,
        and_(_RECIPIENT.c.role == TICKET_MANAGER, _EMPLOYEE.c.id == _TICKET.c.manager_id),
        and_(_RECIPIENT.c.role == ACCOUNT_MANAGER, _EMPLOYEE.c.id == _ACCOUNT.c.manager_id),
    )
    statement = (
        select(
            _RECIPIENT,
            _EMPLOYEE.c.id.label("person_id"),
            _EMPLOYEE.c.name.label("person_name"),
            func.coalesce(_EMPLOYEE.c.email1, _EMPLOYEE.c.email2).label("person_email"),
        )
        .join(_TICKET, _TICKET.c.id == _RECIPIENT.c.ticket_id)
        .join(_ACCOUNT, _ACCOUNT.c.id == _TICKET.c.account_id)
        .outerjoin(_EMPLOYEE, and_(behind, _EMPLOYEE.c.active, not_muted()))
        .where(_RECIPIENT.c.ticket_id == ticket_id, _RECIPIENT.c.list_name != MUTED)
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
