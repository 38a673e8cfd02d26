"""Planning, moving and ending appointments. Those of a ticket stand in its history (S2-71)."""

from typing import Any

from sqlalchemy import Row

from patchbay_contracts import (
    AppointmentCanceled,
    AppointmentCompleted,
    AppointmentCreated,
    AppointmentUpdated,
    PersonRef,
)
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import conflict
from patchbay_kit.ids import new_id
from ticket_svc import records
from ticket_svc.appointments.planning import Planner, plan
from ticket_svc.appointments.reading import conflicts
from ticket_svc.appointments.rules import slot_text
from ticket_svc.appointments.schemas import NewTicketAppointment, SlotView
from ticket_svc.appointments.tables import Appointment
from ticket_svc.parts import as_told, people
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.editing import record_change
from ticket_svc.tickets.records import NewEntry

_SLOT = frozenset({"employee_id", "starts_at", "ends_at"})


async def create(
    uow: UnitOfWork,
    planner: Planner,
    wanted: NewTicketAppointment,
    who: By,
    *,
    ticket: Row[Any] | None = None,
    account_id: str | None = None,
) -> tuple[Appointment, list[SlotView]]:
    """A planned appointment and its conflicts; AppointmentCreated."""
    slot = (wanted.starts_at, wanted.ends_at)
    planned = await plan(uow, planner, [wanted.employee_id], slot)
    appointment = planned_for(
        uow,
        who,
        employee_id=wanted.employee_id,
        slot=slot,
        subject=wanted.subject,
        note=wanted.note,
        ticket=ticket,
        account_id=account_id,
    )
    uow.session.add(appointment)
    await uow.session.flush()
    technician = planned.people[wanted.employee_id]
    if ticket is not None:
        entry = entry_about(uow, appointment, technician, "Appointment", {"change": "planned"})
        await record_change(uow, ticket, entry, "appointments", who)
    publish_created(uow, appointment, technician)
    return appointment, planned.conflicts


async def change(
    uow: UnitOfWork,
    planner: Planner,
    ticket: Row[Any] | None,
    appointment: Appointment,
    wanted: dict[str, Any],
    who: By,
) -> list[SlotView]:
    """Write what differs from the locked appointment; its conflicts. AppointmentUpdated.

    409 `appointment_not_planned` where it is done or canceled.
    """
    changes = records.differing(appointment, wanted)
    if changes:
        _check_planned(appointment)
        await _change(uow, planner, ticket, appointment, changes, who)
    slot = (appointment.starts_at, appointment.ends_at)
    return await conflicts(
        uow.session, planner.viewer, [appointment.employee_id], slot, but=[appointment.id]
    )


async def complete(
    uow: UnitOfWork, ticket: Row[Any] | None, appointment: Appointment, who: By
) -> None:
    """It took place; repeating it changes nothing. 409 where it was canceled."""
    if appointment.state == "done":
        return
    _check_planned(appointment)
    await records.apply(uow, appointment, {"state": "done", "done_at": uow.now})
    technician = await _note(uow, ticket, appointment, "Appointment done", {"change": "done"}, who)
    completed = AppointmentCompleted(**facts(appointment, technician), done_at=uow.now)
    uow.publish(completed, subject=appointment.id, version=appointment.version)


async def cancel(
    uow: UnitOfWork, ticket: Row[Any] | None, appointment: Appointment, who: By
) -> None:
    """It will not take place; repeating it changes nothing. 409 where it is done."""
    if appointment.state == "canceled":
        return
    _check_planned(appointment)
    await records.apply(uow, appointment, {"state": "canceled"})
    data = {"change": "canceled"}
    technician = await _note(uow, ticket, appointment, "Appointment canceled", data, who)
    canceled = AppointmentCanceled(**facts(appointment, technician))
    uow.publish(canceled, subject=appointment.id, version=appointment.version)


def planned_for(
    uow: UnitOfWork,
    who: By,
    *,
    employee_id: str,
    slot: tuple[Any, Any],
    subject: str | None,
    note: str,
    ticket: Row[Any] | None,
    account_id: str | None = None,
) -> Appointment:
    """A new appointment, not written yet; its subject is the ticket's unless there is another."""
    return Appointment(
        id=new_id(),
        ticket_id=ticket.id if ticket is not None else None,
        account_id=ticket.account_id if ticket is not None else account_id,
        employee_id=employee_id,
        subject=subject or (ticket.subject[:300] if ticket is not None else ""),
        note=note,
        starts_at=slot[0],
        ends_at=slot[1],
        created_by=who.actor,
        created_at=uow.now,
    )


def publish_created(uow: UnitOfWork, appointment: Appointment, technician: PersonRef) -> None:
    """AppointmentCreated."""
    created = AppointmentCreated(**facts(appointment, technician))
    uow.publish(created, subject=appointment.id, version=appointment.version)


def entry_about(
    uow: UnitOfWork,
    appointment: Appointment,
    technician: PersonRef,
    what: str,
    data: dict[str, Any],
) -> NewEntry:
    """The history's line about an appointment: who, and when."""
    slot = slot_text(appointment.starts_at, appointment.ends_at)
    about = as_told(
        {
            "appointment_id": appointment.id,
            "employee_id": technician.id,
            "technician": technician.name,
            "starts_at": appointment.starts_at,
            "ends_at": appointment.ends_at,
        }
    )
    return NewEntry("appointment", f"{what}: {technician.name}, {slot}", uow.now, data=about | data)


def facts(appointment: Appointment, technician: PersonRef) -> dict[str, Any]:
    """The members of `AppointmentFacts`."""
    names = {"ticket_id", "account_id", "subject", "starts_at", "ends_at"}
    own = appointment.model_dump(include=names)
    return {"appointment_id": appointment.id, "technician": technician, **own}


async def _change(
    uow: UnitOfWork,
    planner: Planner,
    ticket: Row[Any] | None,
    appointment: Appointment,
    changes: dict[str, Any],
    who: By,
) -> None:
    wanted = {name: getattr(appointment, name) for name in _SLOT} | changes
    if _SLOT & changes.keys():
        slot = (wanted["starts_at"], wanted["ends_at"])
        await plan(uow, planner, [wanted["employee_id"]], slot, but=[appointment.id])
    old = appointment.model_dump(include=set(changes))
    changed = await records.apply(uow, appointment, changes)
    data = {"change": "changed", "old": as_told(old), "new": as_told(changes)}
    what = "Appointment moved" if _SLOT & changes.keys() else "Appointment changed"
    technician = await _note(uow, ticket, appointment, what, data, who)
    updated = AppointmentUpdated(**facts(appointment, technician), changed=changed)
    uow.publish(updated, subject=appointment.id, version=appointment.version)


async def _note(
    uow: UnitOfWork,
    ticket: Row[Any] | None,
    appointment: Appointment,
    what: str,
    data: dict[str, Any],
    who: By,
) -> PersonRef:
    technician = (await people(uow.session, [appointment.employee_id]))[appointment.employee_id]
    if ticket is not None:
        entry = entry_about(uow, appointment, technician, what, data)
        await record_change(uow, ticket, entry, "appointments", who)
    return technician


def _check_planned(appointment: Appointment) -> None:
    if appointment.state != "planned":
        raise conflict(
            "appointment_not_planned",
            f"The appointment is {appointment.state}",
            hint="Plan another one.",
        )
