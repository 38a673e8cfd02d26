"""HTTP of what happened to tickets, and why. Entries are appended, never changed (S2-66)."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request

from patchbay_kit.http import Caller, Page, PageParams, Reader, TransactionalRoute, Uow, require
from ticket_svc.moments import QueryMoment
from ticket_svc.params import QueryText
from ticket_svc.rights.dependencies import ViewerDep
from ticket_svc.tickets import reading
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.explanation import explain_ticket
from ticket_svc.tickets.named import lock_visible
from ticket_svc.tickets.notes import add_note
from ticket_svc.tickets.records import Kind
from ticket_svc.tickets.repository import HistoryFilter
from ticket_svc.tickets.schemas import HistoryItem, NewNote, TicketExplanation

router = APIRouter(
    prefix="/v1/tickets",
    tags=["tickets"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)

Kinds = Annotated[
    list[Kind] | None, Query(max_length=20, description="any of these", examples=[["note"]])
]
Order = Annotated[Literal["oldest", "newest"], Query(description="which come first")]


@router.post("/{ticket}/notes", status_code=201, summary="Write a note on a ticket")
async def create_note(
    ticket: str, body: NewNote, request: Request, caller: Caller, viewer: ViewerDep, uow: Uow
) -> HistoryItem:
    """A history entry of its own; it is internal unless said otherwise."""
    row = await lock_visible(uow, viewer, ticket, request)
    return await add_note(uow, row, body, by(caller))


@router.get("/{ticket}/history", summary="What happened to a ticket")
async def list_history(
    ticket: str,
    session: Reader,
    page: PageParams,
    viewer: ViewerDep,
    kind: Kinds = None,
    public: Annotated[bool | None, Query()] = None,
    actor: QueryText = None,
    since: QueryMoment = None,
    until: QueryMoment = None,
    q: QueryText = None,
    order: Order = "oldest",
) -> Page[HistoryItem]:
    """Mails, notes, changes, appointments, tasks, charges, documents and messages in one list, in
    the order of writing (S2-66 .. S2-73). `since` and `until` are about when things happened; `q`
    is a part of the text; an actor is named as `employee:<id>`.
    """
    wanted = HistoryFilter(tuple(kind or ()), public, actor, since, until, q, order == "newest")
    return await reading.list_history(session, ticket, viewer, wanted, page)


@router.get("/{ticket}/explain", summary="Why a ticket is as it is")
async def explain(ticket: str, session: Reader, viewer: ViewerDep) -> TicketExplanation:
    """Every decision about it with its reasons, what they mean and what to do; also those about
    tickets that were merged into it, as far as the caller sees these.
    """
    return await explain_ticket(session, ticket, viewer)
