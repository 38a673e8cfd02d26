"""Employees subscribe to a ticket's mail and unsubscribe from it, each for themselves (S2-137)."""

from typing import Any

from sqlalchemy import Row, Table, delete

from patchbay_kit.auth import Principal
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import ProblemError
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.editing import record_change
from ticket_svc.tickets.muting import MUTED
from ticket_svc.tickets.opening import recipient_row
from ticket_svc.tickets.people import NewRecipient
from ticket_svc.tickets.recipients import unmute
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.references import check_employees
from ticket_svc.tickets.repository import recipients_of
from ticket_svc.tickets.tables import Recipient

_RECIPIENT: Table = Recipient.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def subscribe(uow: UnitOfWork, row: Row[Any], caller: Principal) -> None:
    """Make the caller a recipient of the locked ticket; nothing where they are one, in a role or
    by name. 403 `employees_only`, 422 `employee_unknown`.
    """
    _only_employees(caller)
    await check_employees(uow.session, {caller.id}, "/")
    wanted_none = await unmute(uow, row.id, {caller.id})
    if not await _receives(uow, row.id, caller.id):
        key = f"employee:{caller.id}"
        entry = recipient_row(row.id, NewRecipient("employee", key, employee_id=caller.id))
        await insert_many(uow.session, _RECIPIENT, [entry])
    elif not wanted_none:
        return
    await _record(uow, row, caller, subscribed=True)


async def unsubscribe(uow: UnitOfWork, row: Row[Any], caller: Principal) -> None:
    """The caller gets no mail of the locked ticket any more, by name or in a role.

    A role stays for whoever holds it next. 403 `employees_only`.
    """
    _only_employees(caller)
    if not await _receives(uow, row.id, caller.id):
        return
    named = delete(_RECIPIENT).where(
        _RECIPIENT.c.ticket_id == row.id,
        _RECIPIENT.c.list_name == "employee",
        _RECIPIENT.c.employee_id == caller.id,
    )
    await uow.session.execute(named)
    if await _receives(uow, row.id, caller.id):
        muted = NewRecipient(MUTED, f"employee:{caller.id}", employee_id=caller.id)
        await insert_many(uow.session, _RECIPIENT, [recipient_row(row.id, muted)])
    await _record(uow, row, caller, subscribed=False)


async def _receives(uow: UnitOfWork, ticket_id: str, employee_id: str) -> bool:
    rows = await recipients_of(uow.session, ticket_id)
    return employee_id in {row.person_id for row in rows}


async def _record(uow: UnitOfWork, row: Row[Any], caller: Principal, *, subscribed: bool) -> None:
    what = "subscribed" if subscribed else "unsubscribed"
    data = {
        "field": "recipients",
        "old": None if subscribed else caller.name,
        "new": caller.name if subscribed else None,
        "employee_id": caller.id,
    }
    entry = NewEntry("audit", f"{caller.name} {what}.", uow.now, data=data)
    await record_change(uow, row, entry, "recipients", by(caller))


def _only_employees(caller: Principal) -> None:
    if caller.kind != "employee":
        raise ProblemError(
            403,
            "employees_only",
            "Only employees subscribe to tickets",
            hint="Customers are added as recipients with their addresses.",
        )
