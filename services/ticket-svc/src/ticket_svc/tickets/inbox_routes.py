"""HTTP of the Inbox and of what has been read; neither depends on the other (S2-65)."""

from fastapi import APIRouter, Depends, Request, Response

from patchbay_kit.http import Caller, TransactionalRoute, Uow, require
from ticket_svc.rights.dependencies import ViewerDep
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.inbox import move_to_inbox, remove_from_inbox
from ticket_svc.tickets.locking import answer_ticket
from ticket_svc.tickets.marking import mark_read, mark_unread
from ticket_svc.tickets.named import lock_visible
from ticket_svc.tickets.schemas import TicketView

router = APIRouter(
    prefix="/v1/tickets",
    tags=["tickets"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.post("/{ticket}/inbox", summary="Move a ticket to the Inbox")
async def put_into_inbox(
    ticket: str, request: Request, caller: Caller, viewer: ViewerDep, uow: Uow, response: Response
) -> TicketView:
    """For everybody (S2-37, S2-50). Repeating it changes nothing."""
    row = await lock_visible(uow, viewer, ticket, request)
    await move_to_inbox(uow, row, by(caller))
    return await answer_ticket(uow, row.id, viewer, response)


@router.delete("/{ticket}/inbox", status_code=204, summary="Remove a ticket from the Inbox")
async def take_from_inbox(
    ticket: str, request: Request, caller: Caller, viewer: ViewerDep, uow: Uow
) -> Response:
    """For everybody (S2-37, S2-51). Repeating it changes nothing (S2-53)."""
    row = await lock_visible(uow, viewer, ticket, request)
    await remove_from_inbox(uow, row, by(caller))
    return Response(status_code=204)


@router.post("/{ticket}/read", summary="Mark a ticket as read")
async def put_read(
    ticket: str, request: Request, caller: Caller, viewer: ViewerDep, uow: Uow, response: Response
) -> TicketView:
    """The manager has seen the last external update: at once, or after looking at the ticket for
    the desk's `read_dwell_seconds` (S2-62, S2-63). Others need `tickets.mark_read` (S2-64).
    """
    row = await lock_visible(uow, viewer, ticket, request)
    await mark_read(uow, row, caller)
    return await answer_ticket(uow, row.id, viewer, response)


@router.post("/{ticket}/unread", summary="Mark a ticket as unread")
async def put_unread(
    ticket: str, request: Request, caller: Caller, viewer: ViewerDep, uow: Uow, response: Response
) -> TicketView:
    """The envelope closes again (S2-57). 409 `never_external` where nobody outside ever created or
    updated the ticket: it has no envelope (S2-56).
    """
    row = await lock_visible(uow, viewer, ticket, request)
    await mark_unread(uow, row, caller)
    return await answer_ticket(uow, row.id, viewer, response)
