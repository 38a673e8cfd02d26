"""Appointments as lists and ticket pages show them, and what is planned at the same time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, Table, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patchbay_kit.http import PageRequest, keyset
from ticket_svc.appointments.rules import LONGEST
from ticket_svc.appointments.schemas import AppointmentView, SlotView
from ticket_svc.appointments.tables import Appointment
from ticket_svc.params import matching
from ticket_svc.parts import with_visible_ticket
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.seeing import visible_ids

APPOINTMENT: Table = Appointment.__table__  # type: ignore[attr-defined]  # set by SQLModel
_ON_A_PAGE = 100
# More than a handful of conflicts tell nobody more.
_CONFLICTS = 50


@dataclass(frozen=True, slots=True)
class AppointmentFilter:
    """What a list is narrowed to; None means any. `since` and `until` are overlapped; `q` is a part
    of subject or note.
    """

    ticket_id: str | None = None
    account_id: str | None = None
    employee_id: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None


async def page_of_appointments(
    session: AsyncSession, viewer: Viewer, wanted: AppointmentFilter, page: PageRequest
) -> list[Appointment]:
    """By start, the earliest first; one more than the page holds."""
    statement = select(Appointment)
    for name in ("ticket_id", "account_id", "employee_id", "state"):
        if getattr(wanted, name) is not None:
            statement = statement.where(APPOINTMENT.c[name] == getattr(wanted, name))
    if wanted.since is not None:
        statement = statement.where(
            APPOINTMENT.c.ends_at > wanted.since,
            APPOINTMENT.c.starts_at > wanted.since - LONGEST,
        )
    if wanted.until is not None:
        statement = statement.where(APPOINTMENT.c.starts_at < wanted.until)
    if wanted.q:
        statement = statement.where(matching([APPOINTMENT.c.subject, APPOINTMENT.c.note], wanted.q))
    statement = with_visible_ticket(statement, APPOINTMENT.c.ticket_id, viewer)
    columns = [col(Appointment.starts_at), col(Appointment.id)]
    return list(
        (await session.execute(keyset(statement, columns, page, descending=False))).scalars()
    )


def overlapping(since: datetime, until: datetime) -> Select[Any]:
    """Appointments in a window. None is longer than LONGEST, so the index range is short."""
    return (
        select(APPOINTMENT)
        .where(
            APPOINTMENT.c.starts_at < until,
            APPOINTMENT.c.starts_at > since - LONGEST,
            APPOINTMENT.c.ends_at > since,
        )
        .order_by(APPOINTMENT.c.starts_at, APPOINTMENT.c.id)
    )


async def conflicts(
    session: AsyncSession,
    viewer: Viewer,
    employee_ids: Iterable[str],
    slot: tuple[datetime, datetime],
    *,
    but: Iterable[str] = (),
) -> list[SlotView]:
    """What the technicians have planned in the slot, but for the appointments `but`."""
    statement = overlapping(*slot).where(
        APPOINTMENT.c.employee_id.in_(sorted(set(employee_ids))),
        APPOINTMENT.c.state == "planned",
        APPOINTMENT.c.id.not_in(sorted(but)),
    )
    rows = (await session.execute(statement.limit(_CONFLICTS))).all()
    return await slot_views(session, viewer, rows)


async def slot_views(
    session: AsyncSession, viewer: Viewer, rows: Sequence[Row[Any]]
) -> list[SlotView]:
    """The slots, without what they are for where the viewer does not see the ticket."""
    seen = await visible_ids(session, viewer, {row.ticket_id for row in rows if row.ticket_id})
    return [
        _slot(row, hidden=row.ticket_id is not None and row.ticket_id not in seen) for row in rows
    ]


async def ticket_parts(session: AsyncSession, ticket_id: str) -> dict[str, Any]:
    """`appointments`: those of the ticket that are planned, the earliest first (S2-12)."""
    statement = select(APPOINTMENT).where(
        APPOINTMENT.c.ticket_id == ticket_id, APPOINTMENT.c.state == "planned"
    )
    order = (APPOINTMENT.c.starts_at, APPOINTMENT.c.id)
    rows = await session.execute(statement.order_by(*order).limit(_ON_A_PAGE))
    return {"appointments": [AppointmentView.model_validate(row) for row in rows]}


def _slot(row: Row[Any], *, hidden: bool) -> SlotView:
    return SlotView(
        appointment_id=row.id,
        employee_id=row.employee_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        state=row.state,
        ticket_id=None if hidden else row.ticket_id,
        subject=None if hidden else row.subject,
    )
