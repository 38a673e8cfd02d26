"""HTTP of messages between employees. Customers have no part in it (S2-14)."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.http import (
    Caller,
    Page,
    PageParams,
    Reader,
    TransactionalRoute,
    Uow,
    require,
)
from ticket_svc.messages import reading, service
from ticket_svc.messages.schemas import MessageView, NewMessage, NewTicketMessage, Unread
from ticket_svc.params import QueryText
from ticket_svc.parts import lock_referred
from ticket_svc.rights.dependencies import ViewerDep
from ticket_svc.tickets.named import lock_visible, visible_ticket

router = APIRouter(
    prefix="/v1/messages",
    tags=["messages"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)
tickets_router = APIRouter(
    prefix="/v1/tickets/{ticket}/messages",
    tags=["messages"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@tickets_router.get("", summary="Messages about a ticket, newest first")
async def list_ticket_messages(
    ticket: str, viewer: ViewerDep, session: Reader, page: PageParams
) -> Page[MessageView]:
    """All that employees told each other about it (S2-14)."""
    row = await visible_ticket(session, viewer, ticket)
    return await _page(
        session, viewer, page, await reading.page_of_ticket(session, viewer, row.id, page)
    )


@tickets_router.post("", status_code=201, summary="Send a message about a ticket")
async def create_ticket_message(
    ticket: str,
    body: NewTicketMessage,
    viewer: ViewerDep,
    caller: Caller,
    uow: Uow,
    response: Response,
) -> MessageView:
    """To employees who see the ticket, by name or role; it stands in the history (S2-72)."""
    row = await lock_visible(uow, viewer, ticket)
    return await _sent(uow, viewer, await service.send(uow, body, caller, row), response)


@router.get("", summary="Messages of the caller, newest first")
async def list_messages(
    viewer: ViewerDep,
    session: Reader,
    page: PageParams,
    box: Annotated[Literal["received", "sent"], Query()] = "received",
    unread: Annotated[bool, Query(description="of the received ones those not read")] = False,
    q: QueryText = None,
) -> Page[MessageView]:
    """Received or sent. Those about tickets that the caller does not see are not in it; `q` is a
    part of subject or text.
    """
    if box == "sent":
        rows = await reading.page_of_sent(session, viewer, page, q=q)
    else:
        rows = await reading.page_of_received(session, viewer, page, unread=unread, q=q)
    return await _page(session, viewer, page, rows)


@router.get("/unread-count", summary="How many messages wait for the caller")
async def read_unread_count(viewer: ViewerDep, session: Reader) -> Unread:
    """Of those that the caller may still read."""
    return Unread(count=await reading.count_unread(session, viewer))


@router.post("", status_code=201, summary="Send a message")
async def create_message(
    body: NewMessage, viewer: ViewerDep, caller: Caller, uow: Uow, response: Response
) -> MessageView:
    """To employees; about a ticket, or about nothing that we keep."""
    row = None
    if body.ticket_id is not None:
        row = await lock_referred(uow, viewer, body.ticket_id)
    return await _sent(uow, viewer, await service.send(uow, body, caller, row), response)


@router.get("/{message_id}", summary="One message")
async def read_message(message_id: str, viewer: ViewerDep, session: Reader) -> MessageView:
    """For those it is between, and for those who see its ticket. Looking does not mark it read."""
    return await reading.read_message(session, viewer, message_id)


@router.post("/{message_id}/read", summary="Mark a message read")
async def mark_read(message_id: str, viewer: ViewerDep, uow: Uow) -> MessageView:
    """By the caller. Repeating it changes nothing; 404 where it is not for the caller."""
    return await _marked(uow, viewer, message_id, read=True)


@router.delete("/{message_id}/read", summary="Mark a message unread")
async def mark_unread(message_id: str, viewer: ViewerDep, uow: Uow) -> MessageView:
    """For the caller. Repeating it changes nothing; 404 where it is not for the caller."""
    return await _marked(uow, viewer, message_id, read=False)


async def _marked(uow: Uow, viewer: ViewerDep, message_id: str, *, read: bool) -> MessageView:
    message = await reading.read_message(uow.session, viewer, message_id)
    await service.mark(uow, message.id, viewer.principal.id, read=read)
    return await reading.read_message(uow.session, viewer, message_id)


async def _sent(uow: Uow, viewer: ViewerDep, message_id: str, response: Response) -> MessageView:
    response.headers["Location"] = f"/v1/messages/{message_id}"
    return await reading.read_message(uow.session, viewer, message_id)


async def _page(
    session: AsyncSession, viewer: ViewerDep, page: PageParams, rows: list[Row[Any]]
) -> Page[MessageView]:
    views = await reading.message_views(session, viewer, rows)
    return page.page(views, key=lambda each: (each.id,), item=lambda each: each)
