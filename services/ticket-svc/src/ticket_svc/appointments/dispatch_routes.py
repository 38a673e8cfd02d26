"""HTTP of dispatching: the flag, the dispatch itself, and the board (S2-31 .. S2-33, X-17)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from patchbay_kit.http import Caller, Reader, TransactionalRoute, Uow, require
from ticket_svc.appointments import board as boards
from ticket_svc.appointments import dispatching
from ticket_svc.appointments.planning import Planner
from ticket_svc.appointments.schemas import AppointmentView, Board, Dispatched, NewDispatch
from ticket_svc.moments import Moment
from ticket_svc.params import RecordId
from ticket_svc.records import answer
from ticket_svc.rights.dependencies import ViewerDep
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.locking import answer_ticket
from ticket_svc.tickets.named import lock_visible
from ticket_svc.tickets.schemas import TicketView

router = APIRouter(
    prefix="/v1",
    tags=["dispatch"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.get("/dispatcher/board", summary="The dispatcher's board")
async def read_board(
    viewer: ViewerDep,
    session: Reader,
    since: Annotated[Moment, Query(alias="from", examples=["2026-11-23T00:00:00Z"])],
    until: Annotated[Moment, Query(alias="to", examples=["2026-11-30T00:00:00Z"])],
    employee_id: Annotated[list[RecordId] | None, Query(max_length=100)] = None,
) -> Board:
    """Technicians with their slots, and the first page of the tickets that wait (S2-33).

    Slots of tickets that the caller does not see are there without ticket and subject.
    """
    return await boards.board(session, viewer, (since, until), employee_id or [])


@router.post("/tickets/{ticket}/dispatch-flag", summary="Let a ticket wait for dispatching")
async def put_flag(
    ticket: str, request: Request, caller: Caller, viewer: ViewerDep, uow: Uow, response: Response
) -> TicketView:
    """It is in the dispatcher's list then (S2-31). Repeating it changes nothing.

    409 `ticket_closed`.
    """
    row = await lock_visible(uow, viewer, ticket, request)
    await dispatching.set_flag(uow, row, True, by(caller))
    return await answer_ticket(uow, row.id, viewer, response)


@router.delete(
    "/tickets/{ticket}/dispatch-flag", status_code=204, summary="Take a ticket off the board"
)
async def take_flag(
    ticket: str, request: Request, caller: Caller, viewer: ViewerDep, uow: Uow
) -> Response:
    """It waits for dispatching no more (S2-32). Repeating it changes nothing."""
    row = await lock_visible(uow, viewer, ticket, request)
    await dispatching.set_flag(uow, row, False, by(caller))
    return Response(status_code=204)


@router.post("/tickets/{ticket}/dispatch", summary="Dispatch technicians to a ticket")
async def dispatch_ticket(
    ticket: str,
    body: NewDispatch,
    request: Request,
    caller: Caller,
    viewer: ViewerDep,
    uow: Uow,
    response: Response,
    refuse_conflicts: Annotated[
        bool, Query(description="409 where somebody has something else then")
    ] = False,
) -> Dispatched:
    """An appointment for each; the ticket is scheduled and leaves the dispatcher (X-17).

    `conflicts` are shown, not refused. 409 `ticket_closed`. The ETag is the ticket's version.
    """
    row = await lock_visible(uow, viewer, ticket, request)
    planner = Planner(viewer, refuse_conflicts)
    appointments, conflicts = await dispatching.dispatch(uow, planner, row, body, by(caller))
    view = await answer_ticket(uow, row.id, viewer, response)
    made = [AppointmentView.model_validate(each) for each in appointments]
    result = Dispatched(
        ticket_id=view.id,
        number=view.number,
        status=view.status,
        awaits_dispatch=view.awaits_dispatch,
        version=view.version,
        appointments=made,
        conflicts=conflicts,
    )
    return answer(result, response, view.version)
