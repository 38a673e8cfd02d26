"""Dispatching tickets: the flag that they wait for it, and appointing technicians (X-17).

Promise: appointments, status, flag, history and events of one dispatch are one transaction and one
change of the ticket.
"""

from typing import Any

from sqlalchemy import Row

from patchbay_contracts import PersonRef, TicketDispatched
from patchbay_kit.db import UnitOfWork
from ticket_svc.appointments.planning import Planner, plan
from ticket_svc.appointments.schemas import NewDispatch, SlotView
from ticket_svc.appointments.service import entry_about, planned_for, publish_created
from ticket_svc.appointments.tables import Appointment
from ticket_svc.desk.statuses import Status
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.closing import check_waiting
from ticket_svc.tickets.editing import change_ticket
from ticket_svc.tickets.writing import Change, Telling, write_change


async def set_flag(uow: UnitOfWork, row: Row[Any], waits: bool, who: By) -> None:
    """ "Waiting for Dispatching" on or off (S2-31, S2-32); 409 where the ticket is closed."""
    await change_ticket(uow, row, {"awaits_dispatch": waits}, who)


async def dispatch(
    uow: UnitOfWork, planner: Planner, row: Row[Any], wanted: NewDispatch, who: By
) -> tuple[list[Appointment], list[SlotView]]:
    """Appoint the technicians into the slot; the ticket is scheduled and waits no more (X-17).

    409 `ticket_closed`; 409 and 422 as `plan` says.
    """
    check_waiting(row.status)
    slot = (wanted.starts_at, wanted.ends_at)
    planned = await plan(uow, planner, wanted.technicians, slot, field="/technicians")
    appointments = [
        planned_for(
            uow, who, employee_id=each, slot=slot, subject=None, note=wanted.note, ticket=row
        )
        for each in planned.people
    ]
    uow.session.add_all(appointments)
    await uow.session.flush()
    entries, told = [], []
    for appointment in appointments:
        technician = planned.people[appointment.employee_id]
        publish_created(uow, appointment, technician)
        data = {"change": "dispatched"}
        entries.append(entry_about(uow, appointment, technician, "Dispatched", data))
        told.append(_telling(appointment, technician))
    wants = {"status": str(Status.SCHEDULED), "awaits_dispatch": False}
    if any(getattr(row, name) != value for name, value in wants.items()):
        await change_ticket(uow, row, wants, who, entries=entries, also=told)
    else:
        await write_change(uow, row, Change(["appointments"], entries, also=told), who)
    return appointments, planned.conflicts


def _telling(appointment: Appointment, technician: PersonRef) -> Telling:
    def told(facts: dict[str, Any]) -> TicketDispatched:
        return TicketDispatched(
            **facts,
            appointment_id=appointment.id,
            technician=technician,
            starts_at=appointment.starts_at,
            ends_at=appointment.ends_at,
        )

    return told
