"""Messages as their readers see them.

One about a ticket is for everybody at the desk who sees the ticket, and for nobody else; one about
nothing is between sender and recipients.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, Table, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.errors import not_found
from patchbay_kit.http import PageRequest, keyset
from patchbay_kit.http.ids import checked_id
from ticket_svc.employees.tables import Employee
from ticket_svc.messages.schemas import MessageView, ReceiptView
from ticket_svc.messages.tables import Message, MessageReceipt
from ticket_svc.params import matching
from ticket_svc.parts import with_visible_ticket
from ticket_svc.rights.viewer import Viewer

_MESSAGE: Table = Message.__table__  # type: ignore[attr-defined]  # set by SQLModel
_RECEIPT: Table = MessageReceipt.__table__  # type: ignore[attr-defined]
_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]
_ON_A_PAGE = 100

_LISTED = select(_MESSAGE, func.coalesce(_EMPLOYEE.c.name, "").label("sender_name")).outerjoin(
    _EMPLOYEE, _EMPLOYEE.c.id == _MESSAGE.c.sender_id
)


async def page_of_received(
    session: AsyncSession,
    viewer: Viewer,
    page: PageRequest,
    *,
    unread: bool,
    q: str | None = None,
) -> list[Row[Any]]:
    """Those for the caller, newest first; one more than the page holds. `q` is a part of subject or
    text.
    """
    statement = _LISTED.join(_RECEIPT, _RECEIPT.c.message_id == _MESSAGE.c.id).where(
        _RECEIPT.c.employee_id == viewer.principal.id
    )
    if unread:
        statement = statement.where(_RECEIPT.c.read_at.is_(None))
    return await _page(session, viewer, _with(statement, q), page)


async def page_of_sent(
    session: AsyncSession, viewer: Viewer, page: PageRequest, *, q: str | None = None
) -> list[Row[Any]]:
    """Those of the caller, likewise."""
    statement = _with(_LISTED.where(_MESSAGE.c.sender_id == viewer.principal.id), q)
    return await _page(session, viewer, statement, page)


async def page_of_ticket(
    session: AsyncSession, viewer: Viewer, ticket_id: str, page: PageRequest
) -> list[Row[Any]]:
    """Those about a ticket that the caller sees, newest first."""
    statement = _LISTED.where(_MESSAGE.c.ticket_id == ticket_id)
    return await _page(session, viewer, statement, page)


async def count_unread(session: AsyncSession, viewer: Viewer) -> int:
    """How many messages wait for the caller."""
    statement = (
        select(func.count())
        .select_from(_RECEIPT)
        .join(_MESSAGE, _MESSAGE.c.id == _RECEIPT.c.message_id)
        .where(_RECEIPT.c.employee_id == viewer.principal.id, _RECEIPT.c.read_at.is_(None))
    )
    statement = with_visible_ticket(statement, _MESSAGE.c.ticket_id, viewer)
    return int(await session.scalar(statement) or 0)


async def read_message(session: AsyncSession, viewer: Viewer, message_id: str) -> MessageView:
    """The message; 404 `message_not_found` where it is not there for the caller."""
    me = viewer.principal.id
    mine = exists().where(_RECEIPT.c.message_id == _MESSAGE.c.id, _RECEIPT.c.employee_id == me)
    statement = _LISTED.where(
        _MESSAGE.c.id == checked_id(message_id, "message"),
        or_(_MESSAGE.c.ticket_id.is_not(None), _MESSAGE.c.sender_id == me, mine),
    )
    statement = with_visible_ticket(statement, _MESSAGE.c.ticket_id, viewer)
    row = (await session.execute(statement)).one_or_none()
    if row is None or viewer.public_only:
        raise not_found("message", message_id)
    return (await message_views(session, viewer, [row]))[0]


async def message_views(
    session: AsyncSession, viewer: Viewer | None, rows: Sequence[Row[Any]]
) -> list[MessageView]:
    """With whom they are for, and whether the viewer still has to read them."""
    ids = sorted({row.id for row in rows})
    statement = (
        select(_RECEIPT, func.coalesce(_EMPLOYEE.c.name, "").label("name"))
        .outerjoin(_EMPLOYEE, _EMPLOYEE.c.id == _RECEIPT.c.employee_id)
        .where(_RECEIPT.c.message_id.in_(ids))
        .order_by(_EMPLOYEE.c.name, _RECEIPT.c.employee_id)
    )
    to: dict[str, list[ReceiptView]] = {}
    for receipt in await session.execute(statement) if ids else ():
        view = ReceiptView.model_validate(receipt)
        to.setdefault(receipt.message_id, []).append(view)
    me = viewer.principal.id if viewer is not None else None
    return [_view(row, to.get(row.id, []), me) for row in rows]


async def ticket_parts(session: AsyncSession, ticket_id: str) -> dict[str, Any]:
    """`messages`: the last ones about the ticket, newest first. For employees only (S2-14)."""
    statement = _LISTED.where(_MESSAGE.c.ticket_id == ticket_id)
    rows = await session.execute(statement.order_by(_MESSAGE.c.id.desc()).limit(_ON_A_PAGE))
    return {"messages": await message_views(session, None, rows.all())}


def _with(statement: Select[Any], q: str | None) -> Select[Any]:
    return statement.where(matching([_MESSAGE.c.subject, _MESSAGE.c.text], q)) if q else statement


async def _page(
    session: AsyncSession, viewer: Viewer, statement: Select[Any], page: PageRequest
) -> list[Row[Any]]:
    statement = with_visible_ticket(statement, _MESSAGE.c.ticket_id, viewer)
    return list((await session.execute(keyset(statement, [_MESSAGE.c.id], page))).all())


def _view(row: Row[Any], to: list[ReceiptView], me: str | None) -> MessageView:
    return MessageView(
        id=row.id,
        ticket_id=row.ticket_id,
        sender_id=row.sender_id,
        sender_name=row.sender_name,
        subject=row.subject,
        text=row.text,
        to=to,
        unread=any(each.employee_id == me and each.read_at is None for each in to),
        created_at=row.created_at,
    )
