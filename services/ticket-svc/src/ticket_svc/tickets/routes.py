"""HTTP of tickets. A ticket is named by its id or its number."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from patchbay_kit.http import (
    Caller,
    Page,
    PageParams,
    Reader,
    TransactionalRoute,
    Uow,
    etag,
    require,
)
from ticket_svc.params import QueryId, QueryText
from ticket_svc.tickets import reading
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.creating import open_ticket
from ticket_svc.tickets.editing import (
    change_ticket,
    lock_ticket,
    move_to_inbox,
    remove_from_inbox,
)
from ticket_svc.tickets.notes import add_note
from ticket_svc.tickets.recipients import replace_recipients
from ticket_svc.tickets.repository import TicketFilter
from ticket_svc.tickets.schemas import (
    HistoryItem,
    NewNote,
    NewTicketRequest,
    RecipientLists,
    Recipients,
    TicketChange,
    TicketExplanation,
    TicketSummary,
    TicketView,
)
from ticket_svc.tickets.statuses import Status, class_of

router = APIRouter(
    prefix="/v1/tickets",
    tags=["tickets"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)

View = Annotated[Literal["inbox", "all", "open", "closed"], Query()]


@router.get("", summary="Tickets, newest first")
async def list_tickets(
    session: Reader,
    page: PageParams,
    view: View = "all",
    status: Annotated[Status | None, Query()] = None,
    account_id: QueryId = None,
    manager_id: QueryId = None,
    number: QueryText = None,
    remote_ticket_id: QueryText = None,
    connection_id: QueryText = None,
    q: QueryText = None,
) -> Page[TicketSummary]:
    """`q` is a part of the subject or number. The Inbox is one list for everybody (S2-37)."""
    wanted = TicketFilter(
        view, status, account_id, manager_id, number, connection_id, remote_ticket_id, q
    )
    return await reading.list_tickets(session, wanted, page)


@router.post("", status_code=201, summary="Open a ticket")
async def create_ticket(
    body: NewTicketRequest, caller: Caller, uow: Uow, response: Response
) -> TicketView:
    """Tickets that employees open are not put into the Inbox (S2-49)."""
    ticket_id = await open_ticket(uow, body, by(caller))
    response.headers["Location"] = f"/v1/tickets/{ticket_id}"
    return await _answer(uow, ticket_id, response)


@router.get("/{ticket}", summary="One ticket")
async def read_ticket(ticket: str, session: Reader, response: Response) -> TicketView:
    """With its account, manager, asset, remote twin and recipients. The ETag is its version."""
    view = await reading.read_ticket(session, ticket)
    response.headers["ETag"] = etag(view.version)
    return view


@router.patch("/{ticket}", summary="Change fields of a ticket")
async def patch_ticket(
    ticket: str, body: TicketChange, request: Request, caller: Caller, uow: Uow, response: Response
) -> TicketView:
    """Only what is sent changes. If-Match guards against overwriting (412 `version_mismatch`).

    A status of the class closed closes the ticket, and with it its remote twin (S1-81).
    """
    ticket_id, _ = await reading.resolve(uow.session, ticket)
    row = await lock_ticket(uow, ticket_id, request)
    await change_ticket(uow, row, body.model_dump(exclude_unset=True, mode="json"), by(caller))
    return await _answer(uow, ticket_id, response)


@router.post("/{ticket}/complete", summary="Complete a ticket")
async def complete_ticket(
    ticket: str, request: Request, caller: Caller, uow: Uow, response: Response
) -> TicketView:
    """The same as changing the status (S1-82); the remote twin is closed as well (S1-81)."""
    return await _set_status(ticket, Status.COMPLETED, request, caller, uow, response)


@router.post("/{ticket}/cancel", summary="Cancel a ticket")
async def cancel_ticket(
    ticket: str, request: Request, caller: Caller, uow: Uow, response: Response
) -> TicketView:
    """The same as changing the status. Canceled tickets are closed (S2-26)."""
    return await _set_status(ticket, Status.CANCELED, request, caller, uow, response)


@router.post("/{ticket}/reopen", summary="Reopen a closed ticket")
async def reopen_ticket(
    ticket: str, request: Request, caller: Caller, uow: Uow, response: Response
) -> TicketView:
    """Into progress again, without a close date (X-20). An open ticket stays as it is."""
    return await _set_status(ticket, Status.IN_PROGRESS, request, caller, uow, response)


@router.post("/{ticket}/notes", status_code=201, summary="Write a note on a ticket")
async def create_note(ticket: str, body: NewNote, caller: Caller, uow: Uow) -> HistoryItem:
    """A history entry of its own; it is internal unless said otherwise."""
    ticket_id, _ = await reading.resolve(uow.session, ticket)
    return await add_note(uow, ticket_id, body, by(caller))


@router.get("/{ticket}/history", summary="What happened to a ticket, oldest first")
async def list_history(
    ticket: str, session: Reader, page: PageParams, kind: QueryText = None
) -> Page[HistoryItem]:
    """`kind` is one of audit, note, email, remote_created, remote_closed, remote_note, ..."""
    return await reading.list_history(session, ticket, kind, page)


@router.get("/{ticket}/explain", summary="Why a ticket is as it is")
async def explain_ticket(ticket: str, session: Reader) -> TicketExplanation:
    """Every decision about it with its reasons, what they mean and what to do."""
    return await reading.explain_ticket(session, ticket)


@router.post("/{ticket}/inbox", summary="Move a ticket to the Inbox")
async def put_into_inbox(
    ticket: str, request: Request, caller: Caller, uow: Uow, response: Response
) -> TicketView:
    """For everybody (S2-37, S2-50). Repeating it changes nothing."""
    ticket_id, _ = await reading.resolve(uow.session, ticket)
    await move_to_inbox(uow, await lock_ticket(uow, ticket_id, request), by(caller))
    return await _answer(uow, ticket_id, response)


@router.delete("/{ticket}/inbox", status_code=204, summary="Remove a ticket from the Inbox")
async def take_from_inbox(ticket: str, request: Request, caller: Caller, uow: Uow) -> Response:
    """For everybody (S2-37, S2-51). Repeating it changes nothing."""
    ticket_id, _ = await reading.resolve(uow.session, ticket)
    await remove_from_inbox(uow, await lock_ticket(uow, ticket_id, request), by(caller))
    return Response(status_code=204)


@router.get("/{ticket}/recipients", summary="Who gets the mail of a ticket")
async def read_recipients(ticket: str, session: Reader) -> RecipientLists:
    """Roles are shown with whoever holds them now (S2-126)."""
    return await reading.list_recipients(session, ticket)


@router.put("/{ticket}/recipients", summary="Set who gets the mail of a ticket")
async def put_recipients(
    ticket: str, body: Recipients, request: Request, caller: Caller, uow: Uow
) -> RecipientLists:
    """Replaces both lists; a person is in each of them once (S2-138)."""
    ticket_id, _ = await reading.resolve(uow.session, ticket)
    row = await lock_ticket(uow, ticket_id, request)
    await replace_recipients(uow, row, body, by(caller))
    return await reading.list_recipients(uow.session, ticket_id)


async def _set_status(
    ticket: str, status: Status, request: Request, caller: Caller, uow: Uow, response: Response
) -> TicketView:
    ticket_id, _ = await reading.resolve(uow.session, ticket)
    row = await lock_ticket(uow, ticket_id, request)
    if row.status_class != "open" or class_of(status) != "open":
        await change_ticket(uow, row, {"status": str(status)}, by(caller))
    return await _answer(uow, ticket_id, response)


async def _answer(uow: Uow, ticket_id: str, response: Response) -> TicketView:
    view = await reading.read_ticket(uow.session, ticket_id)
    response.headers["ETag"] = etag(view.version)
    return view
