"""The dispatcher's board: technicians and their slots in a window, and the tickets that wait."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.errors import invalid
from ticket_svc.accounts.tables import Account
from ticket_svc.appointments.reading import APPOINTMENT, overlapping, slot_views
from ticket_svc.appointments.rules import LONGEST_BOARD, fault_of
from ticket_svc.appointments.schemas import Board, SlotView, TechnicianSlots, WaitingTicket
from ticket_svc.employees.tables import Employee
from ticket_svc.parts import TICKET
from ticket_svc.rights.viewer import Viewer

_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]  # set by SQLModel
_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]
_SLOTS = 2000
_WAITING = 50
_FAULTS = {
    "ends_before_start": "The window would end before it starts",
    "too_long": "A window is 62 days at most",
}


async def board(
    session: AsyncSession,
    viewer: Viewer,
    window: tuple[datetime, datetime],
    employee_ids: Sequence[str],
) -> Board:
    """Planned and done appointments of the technicians, of all active employees where none are
    named. 422 for what is no window.
    """
    fault = fault_of(*window, LONGEST_BOARD)
    if fault is not None:
        raise invalid(f"window_{fault}", _FAULTS[fault], field="to")
    statement = overlapping(*window).where(APPOINTMENT.c.state != "canceled").limit(_SLOTS + 1)
    if employee_ids:
        statement = statement.where(APPOINTMENT.c.employee_id.in_(sorted(set(employee_ids))))
    rows = (await session.execute(statement)).all()
    slots = await slot_views(session, viewer, rows[:_SLOTS])
    waiting = await _waiting(session, viewer)
    return Board(
        technicians=await _technicians(session, employee_ids, slots),
        more_slots=len(rows) > _SLOTS,
        waiting=[WaitingTicket.model_validate(row) for row in waiting[:_WAITING]],
        more_waiting=len(waiting) > _WAITING,
    )


async def _technicians(
    session: AsyncSession, employee_ids: Sequence[str], slots: Sequence[SlotView]
) -> list[TechnicianSlots]:
    wanted = sorted({*employee_ids, *(slot.employee_id for slot in slots)})
    shown = _EMPLOYEE.c.id.in_(wanted)
    condition = shown if employee_ids else shown | _EMPLOYEE.c.active
    statement = select(_EMPLOYEE.c.id, _EMPLOYEE.c.name).where(condition)
    people = await session.execute(statement.order_by(_EMPLOYEE.c.name, _EMPLOYEE.c.id))
    of: dict[str, list[SlotView]] = {}
    for slot in slots:
        of.setdefault(slot.employee_id, []).append(slot)
    return [
        TechnicianSlots(employee_id=row.id, name=row.name, slots=of.get(row.id, []))
        for row in people
    ]


async def _waiting(session: AsyncSession, viewer: Viewer) -> Sequence[Row[Any]]:
    names = ("id", "number", "subject", "status", "priority", "account_id", "manager_id")
    columns = [TICKET.c[name] for name in (*names, "due_at", "created_at", "version")]
    statement = (
        select(*columns, _ACCOUNT.c.name.label("account_name"))
        .join(_ACCOUNT, _ACCOUNT.c.id == TICKET.c.account_id)
        .where(TICKET.c.awaits_dispatch, *viewer.conditions())
        .order_by(TICKET.c.id.desc())
        .limit(_WAITING + 1)
    )
    return (await session.execute(statement)).all()
