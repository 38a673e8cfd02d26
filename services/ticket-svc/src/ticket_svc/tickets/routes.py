"""HTTP of tickets. A ticket is named by its id or its number."""

from fastapi import APIRouter, Depends, Request, Response

from patchbay_kit.http import Caller, Uow, require
from patchbay_kit.http.direct import DirectRoute, answered_by
from ticket_svc.desk.statuses import Status
from ticket_svc.rights.dependencies import ViewerDep
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.creating import open_ticket
from ticket_svc.tickets.creating_directly import create_directly
from ticket_svc.tickets.editing import change_ticket, drag_to_status, reopen_ticket
from ticket_svc.tickets.locking import answer_ticket
from ticket_svc.tickets.named import lock_visible
from ticket_svc.tickets.schemas import (
    NewStatus,
    NewTicketRequest,
    TicketChange,
    TicketView,
)

router = APIRouter(
    prefix="/v1/tickets",
    tags=["tickets"],
    route_class=DirectRoute,
    dependencies=[Depends(require("desk"))],
)


@router.post("", status_code=201, summary="Open a ticket")
@answered_by(create_directly)
async def create_ticket(
    body: NewTicketRequest, caller: Caller, viewer: ViewerDep, uow: Uow, response: Response
) -> TicketView:
    """Tickets that employees open are not put into the Inbox (S2-49)."""
    ticket_id = await open_ticket(uow, body, by(caller))
    response.headers["Location"] = f"/v1/tickets/{ticket_id}"
    return await answer_ticket(uow, ticket_id, viewer, response)


@router.patch("/{ticket}", summary="Change fields of a ticket")
async def patch_ticket(
    ticket: str,
    body: TicketChange,
    request: Request,
    caller: Caller,
    viewer: ViewerDep,
    uow: Uow,
    response: Response,
) -> TicketView:
    """Only what is sent changes. If-Match guards against overwriting (412 `version_mismatch`).

    A status of the class closed closes the ticket, and with it its remote twin (S1-81). Nothing
    else of it is sent to the remote system (S1-50).
    """
    row = await lock_visible(uow, viewer, ticket, request)
    await change_ticket(uow, row, body.changes(), by(caller))
    return await answer_ticket(uow, row.id, viewer, response)


@router.post("/{ticket}/status", summary="Drag a ticket to a status")
async def put_status(
    ticket: str,
    body: NewStatus,
    request: Request,
    caller: Caller,
    viewer: ViewerDep,
    uow: Uow,
    response: Response,
) -> TicketView:
    """With `remove_from_inbox` the removal comes with the status, in one change (S2-52)."""
    row = await lock_visible(uow, viewer, ticket, request)
    await drag_to_status(uow, row, body, by(caller))
    return await answer_ticket(uow, row.id, viewer, response)


@router.post("/{ticket}/complete", summary="Complete a ticket")
async def complete_ticket(
    ticket: str, request: Request, caller: Caller, viewer: ViewerDep, uow: Uow, response: Response
) -> TicketView:
    """The same as changing the status (S1-82); the remote twin is closed as well (S1-81)."""
    row = await lock_visible(uow, viewer, ticket, request)
    await change_ticket(uow, row, {"status": str(Status.COMPLETED)}, by(caller))
    return await answer_ticket(uow, row.id, viewer, response)


@router.post("/{ticket}/cancel", summary="Cancel a ticket")
async def cancel_ticket(
    ticket: str, request: Request, caller: Caller, viewer: ViewerDep, uow: Uow, response: Response
) -> TicketView:
    """The same as changing the status. Canceled tickets are closed (S2-26)."""
    row = await lock_visible(uow, viewer, ticket, request)
    await change_ticket(uow, row, {"status": str(Status.CANCELED)}, by(caller))
    return await answer_ticket(uow, row.id, viewer, response)


@router.post("/{ticket}/reopen", summary="Reopen a closed ticket")
async def post_reopen(
    ticket: str, request: Request, caller: Caller, viewer: ViewerDep, uow: Uow, response: Response
) -> TicketView:
    """Into progress again, without a close date (X-20). An open ticket stays as it is."""
    row = await lock_visible(uow, viewer, ticket, request)
    await reopen_ticket(uow, row, by(caller))
    return await answer_ticket(uow, row.id, viewer, response)
