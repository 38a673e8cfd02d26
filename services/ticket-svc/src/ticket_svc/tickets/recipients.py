"""Replacing a ticket's recipient lists (S2-117, S2-125, S2-128)."""

from typing import Any

from sqlalchemy import Row, Table, delete, select

from patchbay_kit.db import UnitOfWork, insert_many
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.editing import record_change
from ticket_svc.tickets.opening import recipient_row
from ticket_svc.tickets.people import NewRecipient, external
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.references import check_contacts, check_employees
from ticket_svc.tickets.schemas import EmployeeRecipient, Recipients
from ticket_svc.tickets.tables import Recipient

_RECIPIENT: Table = Recipient.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def replace_recipients(uow: UnitOfWork, row: Row[Any], wanted: Recipients, who: By) -> None:
    """Make the lists of the locked ticket what is wanted; one person once a list (S2-138)."""
    contacts = {each.contact_id for each in wanted.external if each.contact_id}
    await check_contacts(uow.session, contacts, "/external")
    employees = {each.employee_id for each in wanted.employees if each.employee_id}
    await check_employees(uow.session, employees)
    new = [
        external(each.email, name=each.name, contact_id=each.contact_id, place=each.place)
        for each in wanted.external
    ]
    new += [_employee(each) for each in wanted.employees]
    unique = {(each.list_name, each.dedupe_key): each for each in reversed(new)}
    rows = [recipient_row(row.id, each) for each in reversed(unique.values())]
    before = await _keys(uow, row.id)
    if before == {(each["list_name"], each["dedupe_key"], each["place"]) for each in rows}:
        return
    await uow.session.execute(delete(_RECIPIENT).where(_RECIPIENT.c.ticket_id == row.id))
    await insert_many(uow.session, _RECIPIENT, rows)
    data = {"external": [each.email for each in unique.values() if each.email]}
    entry = NewEntry("audit", "The recipients were changed.", uow.now, data=data)
    await record_change(uow, row, entry, "recipients", who)


async def _keys(uow: UnitOfWork, ticket_id: str) -> set[tuple[str, str, str]]:
    columns = (_RECIPIENT.c.list_name, _RECIPIENT.c.dedupe_key, _RECIPIENT.c.place)
    rows = await uow.session.execute(select(*columns).where(_RECIPIENT.c.ticket_id == ticket_id))
    return {(each.list_name, each.dedupe_key, each.place) for each in rows}


def _employee(wanted: EmployeeRecipient) -> NewRecipient:
    if wanted.role is not None:
        return NewRecipient("employee", f"role:{wanted.role}", role=wanted.role)
    key = f"employee:{wanted.employee_id}"
    return NewRecipient("employee", key, employee_id=wanted.employee_id)
