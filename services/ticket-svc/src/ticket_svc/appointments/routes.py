"""HTTP of appointments. Those of a ticket are for who sees the ticket."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from patchbay_kit.http import (
    Caller,
    Page,
    PageParams,
    Reader,
    TransactionalRoute,
    Uow,
    require,
)
from ticket_svc.accounts.belonging import active_account
from ticket_svc.appointments import reading, service
from ticket_svc.appointments.planning import Planner
from ticket_svc.appointments.reading import AppointmentFilter
from ticket_svc.appointments.schemas import (
    AppointmentChange,
    AppointmentSaved,
    AppointmentView,
    NewAppointment,
    NewTicketAppointment,
    SlotView,
    State,
)
from ticket_svc.appointments.tables import Appointment
from ticket_svc.moments import QueryMoment
from ticket_svc.params import QueryId, QueryText
from ticket_svc.parts import find_part, lock_part, lock_referred
from ticket_svc.records import answer
from ticket_svc.rights.dependencies import ViewerDep
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.named import lock_visible, visible_ticket

router = APIRouter(
    prefix="/v1/appointments",
    tags=["appointments"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)
tickets_router = APIRouter(
    prefix="/v1/tickets/{ticket}/appointments",
    tags=["appointments"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)

Refuse = Annotated[bool, Query(description="409 where the technician has something else then")]
QueryState = Annotated[State | None, Query()]


@tickets_router.get("", summary="Appointments of a ticket, the earliest first")
async def list_ticket_appointments(
    ticket: str, viewer: ViewerDep, session: Reader, page: PageParams, state: QueryState = None
) -> Page[AppointmentView]:
    """Planned, done and canceled ones (S2-12)."""
    row = await visible_ticket(session, viewer, ticket)
    wanted = AppointmentFilter(ticket_id=row.id, state=state)
    return _page(page, await reading.page_of_appointments(session, viewer, wanted, page))


@tickets_router.post("", status_code=201, summary="Plan an appointment for a ticket")
async def create_ticket_appointment(
    ticket: str,
    body: NewTicketAppointment,
    viewer: ViewerDep,
    caller: Caller,
    uow: Uow,
    response: Response,
    refuse_conflicts: Refuse = False,
) -> AppointmentSaved:
    """The ticket keeps its status and its place: dispatching it is another request."""
    row = await lock_visible(uow, viewer, ticket)
    planner = Planner(viewer, refuse_conflicts)
    made = await service.create(uow, planner, body, by(caller), ticket=row)
    return _saved(*made, response, location=f"/v1/appointments/{made[0].id}")


@router.get("", summary="Appointments, the earliest first")
async def list_appointments(
    viewer: ViewerDep,
    caller: Caller,
    session: Reader,
    page: PageParams,
    mine: Annotated[bool, Query(description="those of the caller")] = False,
    employee_id: QueryId = None,
    ticket_id: QueryId = None,
    account_id: QueryId = None,
    state: QueryState = None,
    since: QueryMoment = None,
    until: QueryMoment = None,
    q: QueryText = None,
) -> Page[AppointmentView]:
    """Of the tickets that the caller sees, and those without a ticket; in the window or partly.

    `q` is a part of subject or note.
    """
    technician = caller.id if mine else employee_id
    wanted = AppointmentFilter(ticket_id, account_id, technician, state, since, until, q)
    return _page(page, await reading.page_of_appointments(session, viewer, wanted, page))


@router.post("", status_code=201, summary="Plan an appointment")
async def create_appointment(
    body: NewAppointment,
    viewer: ViewerDep,
    caller: Caller,
    uow: Uow,
    response: Response,
    refuse_conflicts: Refuse = False,
) -> AppointmentSaved:
    """For a ticket, for an account, or for neither. `conflicts` are shown, not refused."""
    ticket = None
    if body.ticket_id is not None:
        ticket = await lock_referred(uow, viewer, body.ticket_id)
    elif body.account_id is not None:
        await active_account(uow, body.account_id)
    made = await service.create(
        uow,
        Planner(viewer, refuse_conflicts),
        body,
        by(caller),
        ticket=ticket,
        account_id=body.account_id,
    )
    return _saved(*made, response, location=f"/v1/appointments/{made[0].id}")


@router.get("/{appointment_id}", summary="One appointment")
async def read_appointment(
    appointment_id: str, viewer: ViewerDep, session: Reader, response: Response
) -> AppointmentView:
    """The ETag is the version."""
    appointment = await find_part(session, viewer, Appointment, appointment_id, "appointment")
    return _answer(appointment, response)


@router.patch("/{appointment_id}", summary="Change or move an appointment")
async def patch_appointment(
    appointment_id: str,
    body: AppointmentChange,
    request: Request,
    viewer: ViewerDep,
    caller: Caller,
    uow: Uow,
    response: Response,
    refuse_conflicts: Refuse = False,
) -> AppointmentSaved:
    """Only what is sent changes; 409 `appointment_not_planned` where it is done or canceled."""
    found = await lock_part(uow, viewer, Appointment, appointment_id, "appointment", request)
    appointment, row = found
    planner = Planner(viewer, refuse_conflicts)
    wanted = body.model_dump(exclude_unset=True)
    conflicts = await service.change(uow, planner, row, appointment, wanted, by(caller))
    return _saved(appointment, conflicts, response)


@router.post("/{appointment_id}/complete", summary="Complete an appointment")
async def complete_appointment(
    appointment_id: str,
    request: Request,
    viewer: ViewerDep,
    caller: Caller,
    uow: Uow,
    response: Response,
) -> AppointmentView:
    """It took place (S2-71). Repeating it changes nothing."""
    found = await lock_part(uow, viewer, Appointment, appointment_id, "appointment", request)
    await service.complete(uow, found[1], found[0], by(caller))
    return _answer(found[0], response)


@router.post("/{appointment_id}/cancel", summary="Cancel an appointment")
async def cancel_appointment(
    appointment_id: str,
    request: Request,
    viewer: ViewerDep,
    caller: Caller,
    uow: Uow,
    response: Response,
) -> AppointmentView:
    """It will not take place. Repeating it changes nothing."""
    found = await lock_part(uow, viewer, Appointment, appointment_id, "appointment", request)
    await service.cancel(uow, found[1], found[0], by(caller))
    return _answer(found[0], response)


def _page(page: PageParams, rows: list[Appointment]) -> Page[AppointmentView]:
    return page.page(
        rows, key=lambda each: (each.starts_at, each.id), item=AppointmentView.model_validate
    )


def _saved(
    appointment: Appointment,
    conflicts: list[SlotView],
    response: Response,
    *,
    location: str | None = None,
) -> AppointmentSaved:
    view = AppointmentSaved(**appointment.model_dump(), conflicts=conflicts)
    return answer(view, response, appointment.version, location=location)


def _answer(appointment: Appointment, response: Response) -> AppointmentView:
    return answer(AppointmentView.model_validate(appointment), response, appointment.version)
